"""Messages carry what they must, refuse what they must not, and survive the wire unchanged."""

from __future__ import annotations

import contextlib
import json
import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hw_sim.clinic.results import KIOSK, RECORDS, SITE, face_record, message_of, pin_record, refused_record
from hypothesis import given
from hypothesis import strategies as st

from reader.session.effects import Evidence, Record
from reader.session.failures import Failure
from reader.session.state import Session, VisualOrder
from reader.session.vocabulary import CertificateState, Consent, Method, Outcome, Part, Prescription, Step
from reader.uplink.ids import uuid7
from reader.uplink.messages import (
    MAX_BYTES,
    Command,
    Consents,
    LastConsents,
    Message,
    MessageError,
    Response,
    ResultMessage,
    UnknownVersionError,
    decode,
    last_consents_of,
    result_from,
    result_id_of,
    state_from,
    will,
)

NOW = datetime(2023, 2, 21, 8, 48, 35, tzinfo=UTC)


@pytest.mark.parametrize("name", RECORDS)
def test_every_outcome_survives_the_wire(name: str) -> None:
    message = message_of(RECORDS[name](), NOW)
    assert decode(ResultMessage, message.encode()) == message


def test_consents_have_their_official_names_and_japanese_times() -> None:
    wire = json.loads(message_of(replace(face_record(), consented_at=10.0), NOW).encode())
    assert wire["consents"] == {
        "PharmacistsInfoConsFlg": "1",
        "DiagnosisInfoConsFlg": "1",
        "OperationInfoConsFlg": "1",
        "SpecificHealthCheckupsInfoConsFlg": None,
        "SpecificDiseasesCertificateRelatedConsFlg": None,
        "ConsTime": "20230221174835",
        "AvailableTime": "20230222174835",
    }
    assert wire["limitBasis"] == "notAsked"
    assert not [key for key in wire["consents"] if "LimitApplication" in key]
    assert wire["PrescriptionIssueSelect"] == "1"
    assert wire["ReferenceClassification"] == "1"
    assert wire["verification"]["officialAuth"] is False


@given(given_s=st.floats(0, 3600), until_now=st.floats(0, 3600))
def test_consent_time_is_the_wall_time_of_the_monotonic_moment(given_s: float, until_now: float) -> None:
    record = replace(face_record(), consented_at=given_s)
    message = result_from(
        record,
        result_id=uuid7(NOW),
        site=SITE,
        kiosk=KIOSK,
        started_at=NOW,
        now=NOW,
        now_monotonic=given_s + until_now,
        clock_synced=True,
    )
    assert message.consents is not None
    assert message.consents.cons_time is not None
    local = datetime.strptime(message.consents.cons_time + "+0900", "%Y%m%d%H%M%S%z")
    assert abs((NOW - timedelta(seconds=until_now) - local).total_seconds()) <= 1.0


def test_nothing_asked_means_no_consent_time() -> None:
    consents = message_of(RECORDS["accepted-visual"](), NOW).consents
    assert consents is not None
    assert (consents.cons_time, consents.available_time) == (None, None)
    assert consents.answers() == {}


@pytest.mark.parametrize("name", ["refused", "aborted", "referred"])
def test_other_outcomes_carry_no_consents(name: str) -> None:
    record = replace(RECORDS[name](), consents={Consent.DIAGNOSIS: True}, prescription=Prescription.PAPER)
    message = message_of(record, NOW)
    assert message.consents is None
    assert message.prescription_issue_select is None


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(),
        Evidence(method=Method.FACE, matched=True, live=False, attempts=1),
        Evidence(method=Method.FACE, matched=False, live=True, attempts=1),
        Evidence(method=Method.PIN, pin_accepted=True, signature_valid=False),
        Evidence(method=Method.PIN, pin_accepted=False, signature_valid=True),
        Evidence(method=Method.VISUAL, operator="uketsuke-1"),
        Evidence(method=Method.VISUAL, reason="unwell"),
    ],
)
def test_accepted_without_evidence_cannot_be_said(evidence: Evidence) -> None:
    with pytest.raises(MessageError, match="accepted without"):
        message_of(replace(face_record(), evidence=evidence), NOW)


def test_signature_and_certificate_travel_with_a_pin_result_only() -> None:
    secret = {"nonce": b"n" * 32, "signature": b"s" * 256, "certificate": b"c" * 900}
    assert message_of(pin_record(), NOW, **secret).proof is not None  # type: ignore[arg-type]
    assert message_of(face_record(), NOW, **secret).proof is None  # type: ignore[arg-type]
    assert message_of(refused_record(), NOW, **secret).proof is None  # type: ignore[arg-type]


def test_operator_and_reason_stay_out_of_a_face_result() -> None:
    evidence = replace(face_record().evidence, operator="uketsuke-1", reason="unwell")
    seen = message_of(replace(face_record(), evidence=evidence), NOW).verification
    assert (seen.operator, seen.reason) == (None, None)


def test_unknown_fields_are_tolerated() -> None:
    wire = json.loads(message_of(face_record(), NOW).encode())
    wire["fromTheFuture"] = {"a": 1}
    wire["verification"]["alsoNew"] = True
    assert decode(ResultMessage, json.dumps(wire).encode()) == message_of(
        face_record(), NOW, result_id=uuid.UUID(wire["resultId"])
    )


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5, True])
def test_unknown_versions_are_refused_with_a_message(version: object) -> None:
    wire = json.loads(message_of(face_record(), NOW).encode()) | {"version": version}
    with pytest.raises(UnknownVersionError, match="update kiosk and desk"):
        decode(ResultMessage, json.dumps(wire).encode())


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_refused_in_words_and_never_repeated(payload: bytes) -> None:
    with pytest.raises(MessageError):
        decode(ResultMessage, payload)
    result_id_of(payload)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(field=st.sampled_from(sorted(ResultMessage.model_fields)), value=_json)
def test_any_value_in_any_field_is_read_or_refused(field: str, value: object) -> None:
    wire = json.loads(message_of(face_record(), NOW).encode())
    alias = ResultMessage.model_fields[field].serialization_alias or field
    wire[alias] = value
    with contextlib.suppress(MessageError):
        assert decode(ResultMessage, json.dumps(wire).encode()).version == 1


def test_a_refusal_does_not_repeat_the_content() -> None:
    wire = json.loads(message_of(face_record(), NOW).encode())
    wire["language"] = "123456789012"
    with pytest.raises(MessageError) as caught:
        decode(ResultMessage, json.dumps(wire).encode())
    assert "123456789012" not in str(caught.value)


def test_an_oversized_message_is_not_even_parsed() -> None:
    with pytest.raises(MessageError, match="limit"):
        decode(ResultMessage, b"[" * (MAX_BYTES + 1))
    assert result_id_of(b"[" * (MAX_BYTES + 1)) is None


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(MessageError):
        decode(ResultMessage, b"[" * 20_000)


_FORBIDDEN = re.compile(r"name|photo|image|embedding|vector|score|pin$|password|number|address|birth|serial", re.I)


def _field_names(schema: object) -> set[str]:
    names: set[str] = set()
    if isinstance(schema, dict):
        properties = schema.get("properties")
        names |= set(properties) if isinstance(properties, dict) else set()
        for value in schema.values():
            names |= _field_names(value)
    elif isinstance(schema, list):
        for value in schema:
            names |= _field_names(value)
    return names


def test_no_field_of_a_result_could_hold_identity() -> None:
    assert {name for name in _field_names(ResultMessage.model_json_schema()) if _FORBIDDEN.search(name)} == set()


def test_a_state_says_nothing_about_the_patient() -> None:
    session = Session(
        step=Step.VISUAL_CHECK,
        now=10.0,
        visual=VisualOrder("uketsuke-1", "unwell", 100.0),
        missing={Part.DESK: Failure.DESK_AWAY},
        card_left_stage=2,
    )
    state = state_from(session, site=SITE, kiosk=KIOSK, now=NOW)
    wire = json.loads(state.encode())
    assert wire["visualCheck"] == {"stage": "comparing", "operator": "uketsuke-1", "secondsLeft": 90.0}
    assert wire["missing"] == {"desk": "K501"}
    assert wire["cardLeft"] is True
    assert set(wire) == {
        *("version", "site", "kiosk", "online", "at", "service", "step", "visualCheck", "missing", "cardLeft")
    }


def test_the_will_says_offline_and_nothing_else() -> None:
    gone = will(SITE, KIOSK)
    assert (gone.online, gone.step, gone.at) == (False, None, None)


@pytest.mark.parametrize("action", ["startVisualCheck", "stopVisualCheck", "decide", "setStaffCodes"])
def test_a_command_without_what_it_needs_is_refused(action: str) -> None:
    head = {"version": 1, "site": SITE, "kiosk": KIOSK, "commandId": str(uuid7(NOW)), "issuedAt": NOW.isoformat()}
    with pytest.raises(MessageError, match="needs"):
        decode(Command, json.dumps(head | {"action": action}).encode())


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.binary(min_size=10, max_size=10))  # noqa: DTZ001
def test_ids_are_uuid_version_7_and_sort_by_time(naive: datetime, randomness: bytes) -> None:
    now = naive.replace(tzinfo=UTC)
    made = uuid7(now, randomness)
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert uuid7(now + timedelta(milliseconds=2), bytes(10)) > uuid7(now, b"\xff" * 10)


def test_remembered_consents_come_back_as_answers() -> None:
    answer = Response(
        site=SITE,
        kiosk=KIOSK,
        request_id=uuid7(NOW),
        last_consents=LastConsents(consents=Consents(medication="1", diagnosis="1", operation="0")),
    )
    assert last_consents_of(decode(Response, answer.encode())) == {
        Consent.MEDICATION: True,
        Consent.DIAGNOSIS: True,
        Consent.OPERATION: False,
    }


@given(
    outcome=st.sampled_from(Outcome),
    method=st.none() | st.sampled_from(Method),
    flags=st.tuples(*[st.booleans()] * 5),
    attempts=st.integers(0, 3),
    state=st.none() | st.sampled_from(CertificateState),
)
def test_a_record_becomes_a_message_exactly_when_it_holds_together(
    outcome: Outcome, method: Method | None, flags: tuple[bool, ...], attempts: int, state: CertificateState | None
) -> None:
    matched, live, pin, signature, staffed = flags
    evidence = Evidence(
        method=method,
        matched=matched,
        live=live,
        pin_accepted=pin,
        signature_valid=signature,
        attempts=attempts,
        operator="uketsuke-1" if staffed else None,
        reason="unwell" if staffed else None,
    )
    record: Record = replace(face_record(), outcome=outcome, evidence=evidence, certificate_state=state)
    rests = {
        None: False,
        Method.FACE: matched and live,
        Method.PIN: pin and signature,
        Method.VISUAL: staffed,
    }[method]
    if outcome is Outcome.ACCEPTED and not rests:
        with pytest.raises(MessageError):
            message_of(record, NOW)
    else:
        message: Message = message_of(record, NOW)
        assert decode(ResultMessage, message.encode()) == message
