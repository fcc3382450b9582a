"""Every message between kiosk and desk, as frozen pydantic models; JSON on the wire, camelCase, ``version`` 1.

Unknown fields are tolerated, unknown versions refused. Nothing here can carry a 12-digit number, a PIN, a
verification number, a photo, an embedding or a name. Consent names are the official ones (``Consent``).
This is an in-house copy of the reader's own outcome; it is not an official 資格確認 result.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from reader.session.effects import Record
from reader.session.failures import Failure
from reader.session.state import Session
from reader.session.vocabulary import (
    CertificateState,
    Consent,
    Method,
    Outcome,
    Part,
    Prescription,
    Registration,
    Step,
    VisualReason,
)
from reader.uplink.ids import uuid7

VERSION: Final = 1
MAX_BYTES: Final = 32_768
JST: Final = timezone(timedelta(hours=9), "JST")
_AVAILABLE: Final = timedelta(hours=24)  # AvailableTime = ConsTime + 24 h


class MessageError(ValueError):
    """A message cannot be used; the text says what, where and what to do next, and repeats none of its content."""


class UnknownVersionError(MessageError):
    """The message is of a version this software does not know."""


Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Operator = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[^\x00-\x1f]+$")]
Flag = Literal["0", "1"]
Stamp = Annotated[str, StringConstraints(pattern=r"^\d{14}$")]
PatientKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Base64 = Annotated[str, StringConstraints(max_length=8192, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]
IsoDate = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Seconds = Annotated[float, Field(ge=0, le=86_400)]


class Wire(BaseModel):
    """What every model on the wire has in common."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,  # a refused message may hold anything; its content stays out of logs
    )


class Message(Wire):
    """The head of every message."""

    version: Literal[1] = Field(default=VERSION, description="Version of this format; others are refused.")
    site: Name = Field(description="Clinic, as in the topic.")
    kiosk: Name = Field(description="Kiosk, as in the topic and as CN of its certificate.")

    def encode(self) -> bytes:
        """Return the JSON bytes. Raises MessageError over MAX_BYTES."""
        data = self.model_dump_json().encode()
        if len(data) > MAX_BYTES:
            raise MessageError(f"{type(self).__name__} has {len(data)} bytes, over the limit of {MAX_BYTES}")
        return data


M = TypeVar("M", bound=Message)


def decode(kind: type[M], payload: bytes) -> M:
    """Parse and validate one message.

    Raises UnknownVersionError for another version, MessageError for anything else that is wrong with it.
    """
    if len(payload) > MAX_BYTES:
        raise MessageError(f"{kind.__name__}: {len(payload)} bytes, over the limit of {MAX_BYTES}; not read")
    try:
        head = json.loads(payload)
    except (ValueError, RecursionError):
        raise MessageError(f"{kind.__name__}: not JSON; the sender is no kaopi or the message was cut") from None
    if not isinstance(head, dict):
        raise MessageError(f"{kind.__name__}: a JSON object is expected")
    version = head.get("version")
    if version != VERSION or isinstance(version, bool):
        shown = version if isinstance(version, int) else "none"
        raise UnknownVersionError(
            f"{kind.__name__}: version {shown} is not understood here (this software speaks {VERSION}); "
            "update kiosk and desk to the same release"
        )
    try:
        return kind.model_validate(head)
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'message'}: {e['msg']}" for e in error.errors()[:5])
        raise MessageError(f"{kind.__name__}: {where}") from None


def result_id_of(payload: bytes) -> uuid.UUID | None:
    """Return the ``resultId`` of a result that cannot be read otherwise, so that it can be refused by name."""
    if len(payload) > MAX_BYTES:
        return None
    try:
        head = json.loads(payload)
        return uuid.UUID(head["resultId"]) if isinstance(head, dict) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


# -- result ----------------------------------------------------------------------------------------------------


class Verification(Wire):
    """How identity was established and what that rests on (facts of devices, none assumed)."""

    method: Method | None = Field(default=None, description="None when nothing was decided.")
    liveness: Literal["pass", "fail", "notApplicable"] = "notApplicable"
    match: Literal["pass", "fail", "notApplicable"] = "notApplicable"
    pin_accepted: bool = Field(default=False, description="The card accepted the PIN.")
    signature_valid: bool = Field(default=False, description="The card's signature over the nonce verified locally.")
    card_face_signature_valid: bool = Field(default=False, description="The issuer's signature over the card face.")
    presence_proof: bool = Field(default=False, description="The card-face key signed a fresh challenge.")
    attempts: int = Field(default=0, ge=0, le=100, description="Face tries used.")
    official_auth: Literal[False] = Field(default=False, description="kaopi is no certified verifier: always false.")
    operator: Operator | None = Field(default=None, description="Who decided a visual check.")
    reason: Annotated[str, StringConstraints(max_length=64)] | None = Field(default=None, description="Why visual.")

    @model_validator(mode="after")
    def _staff_only_for_visual(self) -> Self:
        if self.method is not Method.VISUAL and (self.operator or self.reason):
            raise ValueError("operator and reason belong to a visual check only")
        return self


class Certificate(Wire):
    """State of the user-authentication certificate by its date; checked locally only, no revocation."""

    state: CertificateState
    not_after: IsoDate | None = None


class Consents(Wire):
    """Consents by their official field names: "1" given, "0" not given, null not asked. ConsTime is local (JST)."""

    medication: Flag | None = Field(
        default=None, validation_alias=Consent.MEDICATION.value, serialization_alias=Consent.MEDICATION.value
    )
    diagnosis: Flag | None = Field(
        default=None, validation_alias=Consent.DIAGNOSIS.value, serialization_alias=Consent.DIAGNOSIS.value
    )
    operation: Flag | None = Field(
        default=None, validation_alias=Consent.OPERATION.value, serialization_alias=Consent.OPERATION.value
    )
    health_checkup: Flag | None = Field(
        default=None, validation_alias=Consent.HEALTH_CHECKUP.value, serialization_alias=Consent.HEALTH_CHECKUP.value
    )
    specific_disease: Flag | None = Field(
        default=None,
        validation_alias=Consent.SPECIFIC_DISEASE.value,
        serialization_alias=Consent.SPECIFIC_DISEASE.value,
    )
    cons_time: Stamp | None = Field(
        default=None, validation_alias="ConsTime", serialization_alias="ConsTime", description="yyyyMMddHHmmss, JST."
    )
    available_time: Stamp | None = Field(
        default=None,
        validation_alias="AvailableTime",
        serialization_alias="AvailableTime",
        description="ConsTime + 24 h.",
    )

    def answers(self) -> dict[Consent, bool]:
        """Return the consents that were asked."""
        flags = {
            Consent.MEDICATION: self.medication,
            Consent.DIAGNOSIS: self.diagnosis,
            Consent.OPERATION: self.operation,
            Consent.HEALTH_CHECKUP: self.health_checkup,
            Consent.SPECIFIC_DISEASE: self.specific_disease,
        }
        return {consent: flag == "1" for consent, flag in flags.items() if flag is not None}


class Proof(Wire):
    """The card's signature over the nonce; only on a PIN result. The desk drops the certificate after its check."""

    nonce: Base64
    nonce_local: bool = Field(description="True: the desk was away and the kiosk made the nonce itself.")
    signature: Base64 = Field(description="RSASSA-PKCS1-v1_5 with SHA-256 over the nonce bytes.")
    certificate: Base64 = Field(description="DER of the user-authentication certificate.")


class TimelineEntry(Wire):
    """A step and when it began, in seconds since the card was put in."""

    step: Step
    seconds: Seconds


class ResultMessage(Message):
    """What one visit came to. QoS 1, not retained, repeated until the desk acknowledges ``resultId``."""

    result_id: uuid.UUID = Field(description="UUIDv7; makes redelivery harmless.")
    started_at: AwareDatetime = Field(description="When the card was put in.")
    finished_at: AwareDatetime
    clock_synced: bool = Field(description="False: the kiosk's clock was not set by NTP; times may be wrong.")
    reference_classification: Literal["1"] = Field(
        default="1",
        validation_alias="ReferenceClassification",
        serialization_alias="ReferenceClassification",
        description="1 = マイナンバーカード.",
    )
    outcome: Outcome
    failure: Failure | None = Field(default=None, description="Failure id, see docs/failures.md.")
    verification: Verification
    certificate: Certificate | None = None
    consents: Consents | None = Field(default=None, description="Only on an accepted result.")
    limit_basis: Literal["notAsked"] = Field(default="notAsked", description="限度額 is never asked.")
    prescription_issue_select: Prescription | None = Field(
        default=None, validation_alias="PrescriptionIssueSelect", serialization_alias="PrescriptionIssueSelect"
    )
    registration_requested: bool = Field(default=False, description="The patient asked for 健康保険証利用登録.")
    patient_key: PatientKey | None = Field(
        default=None, description="HMAC under the clinic's own key; lets the desk offer 前回と同じ. Revocable."
    )
    proof: Proof | None = None
    timeline: tuple[TimelineEntry, ...] = Field(default=(), max_length=200)
    taps: int = Field(default=0, ge=0, le=10_000)
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "ja"

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if self.outcome is not Outcome.ACCEPTED and (self.consents or self.prescription_issue_select):
            raise ValueError("consents and prescription choice belong to an accepted result only")
        if self.outcome is Outcome.ACCEPTED:
            self._accepted_rests_on_evidence()
        if self.proof is not None and self.verification.method is not Method.PIN:
            raise ValueError("signature and certificate travel with a PIN result only")
        return self

    def _accepted_rests_on_evidence(self) -> None:
        seen = self.verification
        good = {
            None: False,
            Method.FACE: seen.match == "pass" and seen.liveness == "pass",
            Method.PIN: seen.pin_accepted and seen.signature_valid,
            Method.VISUAL: bool(seen.operator and seen.reason),
        }[seen.method]
        if not good:
            raise ValueError("accepted without (match and live), (PIN and signature) or a staff decision")
        if self.consents is None:
            raise ValueError("an accepted result carries its consents, all null when none was asked")


def stamp(moment: datetime) -> str:
    """Return an aware ``moment`` as the official yyyyMMddHHmmss in Japanese time."""
    return moment.astimezone(JST).strftime("%Y%m%d%H%M%S")


def _flag(value: bool | None) -> Flag | None:
    return None if value is None else "1" if value else "0"


def _consents(record: Record, given_at: datetime | None) -> Consents:
    flags: Mapping[Consent, bool | None] = record.consents
    asked = any(value is not None for value in flags.values())
    return Consents(
        medication=_flag(flags.get(Consent.MEDICATION)),
        diagnosis=_flag(flags.get(Consent.DIAGNOSIS)),
        operation=_flag(flags.get(Consent.OPERATION)),
        health_checkup=_flag(flags.get(Consent.HEALTH_CHECKUP)),
        specific_disease=_flag(flags.get(Consent.SPECIFIC_DISEASE)),
        cons_time=stamp(given_at) if asked and given_at else None,
        available_time=stamp(given_at + _AVAILABLE) if asked and given_at else None,
    )


def _verification(record: Record) -> Verification:
    seen = record.evidence
    face = seen.method is Method.FACE or seen.attempts > 0
    visual = seen.method is Method.VISUAL
    return Verification(
        method=seen.method,
        liveness=("pass" if seen.live else "fail") if face else "notApplicable",
        match=("pass" if seen.matched else "fail") if face else "notApplicable",
        pin_accepted=seen.pin_accepted,
        signature_valid=seen.signature_valid,
        card_face_signature_valid=seen.card_signature_valid,
        presence_proof=seen.presence_proved,
        attempts=seen.attempts,
        operator=seen.operator if visual else None,
        reason=seen.reason if visual else None,
    )


def result_from(
    record: Record,
    *,
    result_id: uuid.UUID,
    site: str,
    kiosk: str,
    started_at: datetime,
    now: datetime,
    now_monotonic: float,
    clock_synced: bool,
    nonce: bytes | None = None,
    signature: bytes | None = None,
    certificate: bytes | None = None,
    patient_key: str | None = None,
) -> ResultMessage:
    """Turn the session's record into the message, pure.

    started_at, now: aware wall times; now_monotonic: the same instant as ``now`` on the clock of ``consented_at``.
    nonce, signature, certificate (DER): sent only when the method is PIN and all three are there.
    patient_key: HMAC in hex, None when consents are not remembered.
    Raises MessageError when the record contradicts itself (accepted without evidence, consents on a refusal …).
    """
    accepted = record.outcome is Outcome.ACCEPTED
    consented_at = None
    if record.consented_at is not None:
        consented_at = now - timedelta(seconds=now_monotonic - record.consented_at)
    proof = None
    if record.evidence.method is Method.PIN and nonce and signature and certificate:
        proof = Proof(
            nonce=base64.b64encode(nonce).decode(),
            nonce_local=record.evidence.nonce_local,
            signature=base64.b64encode(signature).decode(),
            certificate=base64.b64encode(certificate).decode(),
        )
    seen_certificate = None
    if record.certificate_state is not None:
        seen_certificate = Certificate(state=record.certificate_state, not_after=record.not_after)
    try:
        return ResultMessage(
            site=site,
            kiosk=kiosk,
            result_id=result_id,
            started_at=started_at,
            finished_at=now,
            clock_synced=clock_synced,
            outcome=record.outcome,
            failure=record.failure,
            verification=_verification(record),
            certificate=seen_certificate,
            consents=_consents(record, consented_at) if accepted else None,
            prescription_issue_select=record.prescription if accepted else None,
            registration_requested=record.registration_requested,
            patient_key=patient_key,
            proof=proof,
            timeline=tuple(TimelineEntry(step=Step(step), seconds=max(0.0, s)) for step, s in record.timeline),
            taps=record.taps,
            language=record.language,
        )
    except ValidationError as error:
        raise MessageError("; ".join(e["msg"] for e in error.errors())) from None


# -- state, health, alert --------------------------------------------------------------------------------------


class Service(StrEnum):
    """What a kiosk can do for a patient now."""

    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    STAFF_CALLED = "staffCalled"
    OUT_OF_SERVICE = "outOfService"


class VisualCheckState(Wire):
    """目視確認 as the kiosk has it: armed for one patient, unlocked by a staff code, or waiting for the decision."""

    stage: Literal["armed", "comparing"]
    operator: Operator
    seconds_left: Seconds


class State(Message):
    """What a kiosk is doing, without anything about the patient. Retained; the will says ``online`` false."""

    online: bool
    at: AwareDatetime | None = Field(default=None, description="None in the will: the broker does not know when.")
    service: Service = Service.STARTING
    step: Step | None = None
    visual_check: VisualCheckState | None = None
    missing: dict[Part, Failure] = Field(default_factory=dict)
    card_left: bool = Field(default=False, description="A card was forgotten in the slot.")


_BUSY_NOT = {Step.IDLE: Service.READY, Step.STARTING: Service.STARTING, Step.OUT_OF_SERVICE: Service.OUT_OF_SERVICE}
_BUSY_NOT[Step.STAFF_CALLED] = Service.STAFF_CALLED


def state_from(session: Session, *, site: str, kiosk: str, now: datetime) -> State:
    """Return what the desk may know of ``session``, pure. ``now`` is the aware wall time."""
    visual = None
    if session.visual is not None:
        visual = VisualCheckState(
            stage="comparing" if session.step is Step.VISUAL_CHECK else "armed",
            operator=session.visual.operator,
            seconds_left=max(0.0, session.visual.expires_at - session.now),
        )
    return State(
        site=site,
        kiosk=kiosk,
        online=True,
        at=now,
        service=_BUSY_NOT.get(session.step, Service.BUSY),
        step=session.step,
        visual_check=visual,
        missing=dict(session.missing),
        card_left=session.card_left_stage > 0,
    )


def will(site: str, kiosk: str) -> State:
    """Return the last will: the kiosk is gone."""
    return State(site=site, kiosk=kiosk, online=False, at=None, service=Service.OUT_OF_SERVICE)


class HealthFinding(Wire):
    """One thing about the kiosk itself that staff or a technician should put right."""

    code: Annotated[str, StringConstraints(max_length=40)] = Field(description="The doctor's name of the check.")
    title: Annotated[str, StringConstraints(max_length=60)] = Field(description="What was looked at, in Japanese.")
    condition: Literal["attention", "fault"]
    remedy: Annotated[str, StringConstraints(max_length=200)] = Field(description="What to do, in one sentence.")


class Health(Message):
    """How the kiosk itself is doing; figures and counts only. Retained."""

    at: AwareDatetime
    software: Annotated[str, StringConstraints(max_length=40)]
    uptime_s: float = Field(ge=0)
    temperature_c: float | None = Field(default=None, ge=-40, le=150)
    throttled: bool | None = None
    disk_free_bytes: int | None = Field(default=None, ge=0)
    memory_free_bytes: int | None = Field(default=None, ge=0)
    outbox_depth: int = Field(default=0, ge=0)
    clock_synced: bool | None = None
    reader_name: Annotated[str, StringConstraints(max_length=120)] | None = None
    models: dict[str, str] = Field(default_factory=dict, max_length=20, description="Model name to sha256.")
    heartbeats_s: dict[str, float] = Field(default_factory=dict, max_length=20, description="Thread to age of beat.")
    failures: dict[Failure, int] = Field(default_factory=dict, description="Failure id to count since start.")
    findings: tuple[HealthFinding, ...] | None = Field(
        default=None, max_length=60, description="What the kiosk's own doctor found; null until it has looked."
    )


class Alert(Message):
    """Something staff should look at now. QoS 1, not retained."""

    alert_id: uuid.UUID
    at: AwareDatetime
    failure: Failure


def alert_from(failure: Failure, *, site: str, kiosk: str, now: datetime) -> Alert:
    """Return a fresh alert about ``failure``."""
    return Alert(site=site, kiosk=kiosk, alert_id=uuid7(now), at=now, failure=failure)


# -- desk to kiosk ---------------------------------------------------------------------------------------------


class Ack(Message):
    """The desk's own acknowledgement of a result. ``stored``: it is on the desk's disk. Nothing else frees a row."""

    result_id: uuid.UUID
    status: Literal["stored", "refused"]
    reason: Annotated[str, StringConstraints(max_length=300)] | None = None


class StaffCode(Wire):
    """One operator's staff code as a scrypt hash (RFC 7914), set on the desk."""

    operator: Operator
    salt: Base64
    hash: Base64
    n: int = Field(default=16_384, ge=16_384, le=1_048_576)
    r: int = Field(default=8, ge=8, le=32)
    p: int = Field(default=1, ge=1, le=16)


class Command(Message):
    """An order of staff to one kiosk. QoS 1, not retained, void after ``lifetimeS`` from ``issuedAt``.

    startVisualCheck (operator, reason): the next or present patient only. decide (operator, samePerson).
    setStaffCodes (staffCodes): replaces all codes.
    """

    command_id: uuid.UUID
    issued_at: AwareDatetime
    lifetime_s: float = Field(default=60.0, gt=0, le=3600)
    action: Literal["startVisualCheck", "stopVisualCheck", "decide", "setStaffCodes"]
    operator: Operator | None = None
    reason: VisualReason | None = None
    same_person: bool | None = None
    visual_check_s: float = Field(default=180.0, ge=10, le=900, description="How long 目視確認 stays armed.")
    staff_codes: tuple[StaffCode, ...] | None = Field(default=None, max_length=100)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needs: dict[str, tuple[str, ...]] = {
            "startVisualCheck": ("operator", "reason"),
            "stopVisualCheck": ("operator",),
            "decide": ("operator", "same_person"),
            "setStaffCodes": ("staff_codes",),
        }
        missing = [name for name in needs[self.action] if getattr(self, name) is None]
        if missing:
            raise ValueError(f"{self.action} needs {', '.join(missing)}")
        return self


# -- requests --------------------------------------------------------------------------------------------------


class Request(Message):
    """A question to the desk. presence: are you there. visit: nonce, last consents and registration at once.

    patientKey: HMAC under the clinic's key; without it the desk can only give a nonce.
    """

    request_id: uuid.UUID
    asks: Literal["presence", "visit"]
    patient_key: PatientKey | None = None


class LastConsents(Wire):
    """What this patient consented to last time here."""

    consents: Consents


class Response(Message):
    """The desk's answer to the request of the same id."""

    request_id: uuid.UUID
    nonce: Base64 | None = Field(default=None, description="32 random bytes, good for one PIN result.")
    last_consents: LastConsents | None = None
    registration: Registration = Registration.UNKNOWN


def last_consents_of(response: Response) -> dict[Consent, bool] | None:
    """Return the remembered answers as the session wants them, or None."""
    if response.last_consents is None:
        return None
    return response.last_consents.consents.answers() or None


def schema_of(kind: type[Message]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one message as it travels."""
    schema = kind.model_json_schema(mode="serialization", by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
