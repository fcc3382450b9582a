"""The desk stores once, acknowledges only what is on its disk, and checks what a card has signed."""

from __future__ import annotations

import base64
import json
import sqlite3
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hw_sim.clinic.results import KIOSK, RECORDS, SITE, accepted_by_face, face_record, message_of, pin_record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reader.desk.service import DeskService
from reader.desk.store import Store
from reader.session.failures import Failure
from reader.session.vocabulary import Registration, VisualReason
from reader.uplink.ids import uuid7
from reader.uplink.messages import (
    Ack,
    Command,
    Request,
    Response,
    ResultMessage,
    Service,
    StaffCode,
    State,
    alert_from,
    decode,
    will,
)
from reader.uplink.topics import Channel, Topic

NOW = datetime(2026, 2, 21, 3, 0, tzinfo=UTC)
KEY = "ab" * 32


def topic(channel: Channel, kiosk: str = KIOSK) -> str:
    return str(Topic(SITE, kiosk, channel))


def send(service: DeskService, message: ResultMessage, now: datetime = NOW) -> Ack:
    ((where, payload),) = service.handle(topic(Channel.RESULT), message.encode(), now)
    assert where == topic(Channel.ACK)
    return decode(Ack, payload)


def ask(service: DeskService, key: str | None = KEY) -> Response:
    request = Request(site=SITE, kiosk=KIOSK, request_id=uuid7(NOW), asks="visit", patient_key=key)
    ((where, payload),) = service.handle(topic(Channel.REQUEST), request.encode(), NOW)
    assert where == topic(Channel.RESPONSE)
    answer = decode(Response, payload)
    assert answer.request_id == request.request_id
    return answer


@pytest.mark.parametrize("name", RECORDS)
def test_every_outcome_is_stored_and_acknowledged(name: str, service: DeskService, store: Store) -> None:
    message = message_of(RECORDS[name](), NOW)
    assert send(service, message) == Ack(site=SITE, kiosk=KIOSK, result_id=message.result_id, status="stored")
    assert [row.message for row in store.results_after(0)] == [message]


def test_a_repeat_is_acknowledged_again_and_stored_once(service: DeskService, store: Store) -> None:
    message = accepted_by_face(NOW)
    for _ in range(3):
        assert send(service, message).status == "stored"
    assert store.count_results() == 1


def test_nothing_is_acknowledged_that_is_not_committed(
    service: DeskService, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    message = message_of(face_record(), NOW, patient_key=KEY)
    monkeypatch.setattr(store, "remember_consents", full)
    with pytest.raises(sqlite3.OperationalError):
        service.handle(topic(Channel.RESULT), message.encode(), NOW)
    assert store.count_results() == 0
    monkeypatch.undo()
    assert send(service, message).status == "stored"


def test_what_is_acknowledged_is_there_after_reopening(tmp_path: Path) -> None:
    store = Store(tmp_path / "d.db")
    message = accepted_by_face(NOW)
    send(DeskService(store, site=SITE), message)
    other = Store(tmp_path / "d.db")  # another process would see it too
    assert other.has_result(message.result_id)
    other.close()
    store.close()


def test_an_unknown_version_is_refused_by_name_and_not_stored(service: DeskService, store: Store) -> None:
    message = accepted_by_face(NOW)
    wire = json.loads(message.encode()) | {"version": 9}
    ((_, payload),) = service.handle(topic(Channel.RESULT), json.dumps(wire).encode(), NOW)
    ack = decode(Ack, payload)
    assert (ack.result_id, ack.status) == (message.result_id, "refused")
    assert ack.reason is not None
    assert "version 9" in ack.reason
    assert store.count_results() == 0


def test_a_result_on_another_kiosks_topic_is_refused(service: DeskService, store: Store) -> None:
    ((_, payload),) = service.handle(topic(Channel.RESULT, "kiosk-2"), accepted_by_face(NOW).encode(), NOW)
    assert decode(Ack, payload).status == "refused"
    assert store.count_results() == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(channel=st.sampled_from(Channel), payload=st.binary(max_size=200))
def test_any_bytes_on_any_topic_leave_the_desk_standing(
    channel: Channel, payload: bytes, service: DeskService, store: Store
) -> None:
    assert service.handle(topic(channel), payload, NOW) == []
    assert store.count_results() == 0


@pytest.mark.parametrize("where", ["", "x", "kaopi/v1/clinic/+/result", "kaopi/v2/clinic/k/result", "kaopi/v1/a/b/c/d"])
def test_foreign_topics_are_noted_and_nothing_else(where: str, service: DeskService, store: Store) -> None:
    assert service.handle(where, b"{}", NOW) == []
    assert len(store.refused()) == 1


# -- the card's signature --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def card() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test card")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def pin_result(key: rsa.RSAPrivateKey, nonce: bytes, signed: bytes | None = None) -> ResultMessage:
    signature = key.sign(signed if signed is not None else nonce, padding.PKCS1v15(), hashes.SHA256())
    return message_of(pin_record(), NOW, nonce=nonce, signature=signature, certificate=certificate(key))


def checked(store: Store, service: DeskService, message: ResultMessage) -> str:
    assert send(service, message).status == "stored"
    return store.results_after(0)[-1].signature_check


def test_a_signature_over_the_desks_own_nonce_holds(
    card: rsa.RSAPrivateKey, service: DeskService, store: Store
) -> None:
    nonce = base64.b64decode(ask(service).nonce or "")
    assert len(nonce) == 32
    assert checked(store, service, pin_result(card, nonce)) == "ok"


def test_a_nonce_is_good_once(card: rsa.RSAPrivateKey, service: DeskService, store: Store) -> None:
    nonce = base64.b64decode(ask(service).nonce or "")
    assert checked(store, service, pin_result(card, nonce)) == "ok"
    assert checked(store, service, pin_result(card, nonce)) == "unknownNonce"


def test_a_nonce_of_nobody_or_of_another_kiosk_is_told(
    card: rsa.RSAPrivateKey, service: DeskService, store: Store
) -> None:
    assert checked(store, service, pin_result(card, b"x" * 32)) == "unknownNonce"
    store.issue_nonce(b"y" * 32, "kiosk-2", NOW)
    assert checked(store, service, pin_result(card, b"y" * 32)) == "unknownNonce"


def test_a_bad_signature_is_stored_and_told(card: rsa.RSAPrivateKey, service: DeskService, store: Store) -> None:
    nonce = base64.b64decode(ask(service).nonce or "")
    assert checked(store, service, pin_result(card, nonce, signed=b"something else")) == "bad"
    assert checked(store, service, pin_result(card, nonce)) == "ok"  # the bad one has not used the nonce up


def test_a_certificate_of_another_key_type_or_unreadable_is_bad(
    card: rsa.RSAPrivateKey, service: DeskService, store: Store
) -> None:
    good = pin_result(card, b"n" * 32)
    assert good.proof is not None
    for der in (certificate(ec.generate_private_key(ec.SECP256R1())), b"no certificate"):
        proof = good.proof.model_copy(update={"certificate": base64.b64encode(der).decode()})
        assert checked(store, service, good.model_copy(update={"proof": proof, "result_id": uuid.uuid4()})) == "bad"


def test_certificate_and_signature_are_nowhere_on_the_desks_disk(card: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    store = Store(tmp_path / "d.db")
    message = pin_result(card, b"n" * 32)
    assert message.proof is not None
    send(DeskService(store, site=SITE), message)
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in (message.proof.certificate, message.proof.signature):
        assert secret.encode() not in content
        assert base64.b64decode(secret) not in content
    assert str(message.result_id).encode() in content
    store.close()


# -- what is remembered ----------------------------------------------------------------------------------------


def test_consents_are_remembered_for_the_same_patient_only(service: DeskService) -> None:
    assert ask(service).last_consents is None
    send(service, message_of(face_record(), NOW, patient_key=KEY))
    last = ask(service).last_consents
    assert last is not None
    assert last.consents.medication == "1"
    assert ask(service, "cd" * 32).last_consents is None
    assert ask(service, None).last_consents is None


def test_remembered_consents_can_be_revoked(service: DeskService, store: Store) -> None:
    send(service, message_of(face_record(), NOW, patient_key=KEY))
    assert store.revoke_consents(KEY)
    assert not store.revoke_consents(KEY), "it is gone already"
    assert ask(service).last_consents is None


def test_remembered_consents_grow_old(service: DeskService, store: Store) -> None:
    send(service, message_of(face_record(), NOW, patient_key=KEY), NOW - timedelta(days=366))
    assert ask(service).last_consents is None
    assert store.forget_consents(NOW) == 1


def test_a_clinic_may_remember_nothing(store: Store) -> None:
    service = DeskService(store, site=SITE, remember=None)
    send(service, message_of(face_record(), NOW, patient_key=KEY))
    assert ask(service).last_consents is None
    assert not store.with_consents([KEY])


def test_a_refused_visit_changes_nothing_remembered(service: DeskService) -> None:
    send(service, message_of(RECORDS["refused"](), NOW, patient_key=KEY))
    assert ask(service).last_consents is None


def test_registration_is_what_the_clinic_noted(service: DeskService, store: Store) -> None:
    assert ask(service).registration is Registration.UNKNOWN
    store.set_registration(KEY, Registration.NOT_REGISTERED, NOW)
    assert ask(service).registration is Registration.NOT_REGISTERED


# -- kiosks and orders -----------------------------------------------------------------------------------------


def state(online: bool = True) -> State:
    return State(site=SITE, kiosk=KIOSK, online=online, at=NOW, service=Service.READY)


def test_a_kiosk_that_comes_back_is_sent_the_staff_codes(store: Store) -> None:
    code = StaffCode(operator="uketsuke-1", salt="c2FsdA==", hash="aGFzaA==")
    service = DeskService(store, site=SITE, staff_codes=lambda: (code,))
    ((where, payload),) = service.handle(topic(Channel.STATE), state().encode(), NOW)
    assert where == topic(Channel.COMMAND)
    assert decode(Command, payload).staff_codes == (code,)
    assert service.handle(topic(Channel.STATE), state().encode(), NOW) == []
    assert service.handle(topic(Channel.STATE), will(SITE, KIOSK).encode(), NOW) == []
    assert len(service.handle(topic(Channel.STATE), state().encode(), NOW)) == 1


def test_the_newest_state_and_the_alerts_are_kept(service: DeskService, store: Store) -> None:
    service.handle(topic(Channel.STATE), state().encode(), NOW)
    service.handle(topic(Channel.STATE), will(SITE, KIOSK).encode(), NOW)
    assert [row.state.online for row in store.kiosks() if row.state] == [False]
    alert = alert_from(Failure.CARD_LEFT, site=SITE, kiosk=KIOSK, now=NOW)
    for _ in range(2):
        service.handle(topic(Channel.ALERT), alert.encode(), NOW)
    assert [one.failure for one in store.open_alerts()] == ["K706"]
    assert store.close_alert(alert.alert_id, "uketsuke-1", NOW)
    assert not store.close_alert(alert.alert_id, "uketsuke-1", NOW)
    assert store.open_alerts() == []


Order = Callable[[DeskService], tuple[str, bytes]]


@pytest.mark.parametrize(
    ("order", "action"),
    [
        (lambda s: s.start_visual_check(KIOSK, "uketsuke-1", VisualReason.UNWELL, NOW), "startVisualCheck"),
        (lambda s: s.stop_visual_check(KIOSK, "uketsuke-1", NOW), "stopVisualCheck"),
        (lambda s: s.decide(KIOSK, "uketsuke-1", True, NOW), "decide"),
    ],
)
def test_every_order_names_its_operator_and_is_on_the_audit_log(
    order: Order, action: str, service: DeskService, store: Store
) -> None:
    where, payload = order(service)
    assert where == topic(Channel.COMMAND)
    command = decode(Command, payload)
    assert (command.action, command.operator) == (action, "uketsuke-1")
    assert [(row.operator, row.action, row.kiosk) for row in store.audit_rows()] == [("uketsuke-1", action, KIOSK)]
