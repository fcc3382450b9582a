"""One sample record and message for each outcome: the examples in docs/api, and what load tests send."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reader.session.effects import Evidence, Record
from reader.session.failures import Failure
from reader.session.vocabulary import CertificateState, Consent, Method, Outcome, Prescription, Step, VisualReason
from reader.uplink.ids import uuid7
from reader.uplink.messages import ResultMessage, result_from

SITE: Final = "clinic"
KIOSK: Final = "kiosk-1"

_TIMELINE: Final = (
    (Step.READING_CARD.value, 0.0),
    (Step.FACE.value, 2.4),
    (Step.CONSENT.value, 4.1),
    (Step.STORING.value, 9.8),
)


def _consents(agreed: bool | None) -> dict[Consent, bool | None]:
    return {
        Consent.MEDICATION: agreed,
        Consent.DIAGNOSIS: agreed,
        Consent.OPERATION: agreed,
        Consent.HEALTH_CHECKUP: None,
        Consent.SPECIFIC_DISEASE: None,
    }


def face_record() -> Record:
    """An accepted visit by face."""
    return Record(
        visit=1,
        outcome=Outcome.ACCEPTED,
        failure=None,
        evidence=Evidence(
            method=Method.FACE,
            matched=True,
            live=True,
            card_signature_valid=True,
            presence_proved=True,
            attempts=1,
        ),
        certificate_state=CertificateState.VALID,
        certificate=None,
        not_after="2031-02-17",
        consents=_consents(True),
        consented_at=9.5,
        prescription=Prescription.ELECTRONIC,
        timeline=_TIMELINE,
        taps=3,
    )


def pin_record() -> Record:
    """An accepted visit by PIN, consents declined."""
    return replace(
        face_record(),
        evidence=Evidence(
            method=Method.PIN, pin_accepted=True, signature_valid=True, card_signature_valid=True, presence_proved=True
        ),
        certificate_state=CertificateState.EXPIRING_SOON,
        not_after="2026-04-30",
        consents=_consents(False),
        prescription=Prescription.PAPER,
    )


def visual_record() -> Record:
    """An accepted visit by 目視確認 in the grace period: nothing was asked."""
    return replace(
        face_record(),
        evidence=Evidence(
            method=Method.VISUAL,
            card_signature_valid=True,
            presence_proved=True,
            attempts=3,
            operator="uketsuke-1",
            reason=VisualReason.FACE_AND_PIN_FAILED.value,
        ),
        certificate_state=CertificateState.GRACE,
        not_after="2026-01-31",
        consents=_consents(None),
        consented_at=None,
        prescription=None,
    )


def _without_consents(outcome: Outcome, failure: Failure, evidence: Evidence) -> Record:
    return replace(
        face_record(),
        outcome=outcome,
        failure=failure,
        evidence=evidence,
        consents={},
        consented_at=None,
        prescription=None,
    )


def refused_record() -> Record:
    """Refused: three face tries did not match."""
    seen = Evidence(method=Method.FACE, live=True, card_signature_valid=True, presence_proved=True, attempts=3)
    return _without_consents(Outcome.REFUSED, Failure.FACE_NOT_MATCHED, seen)


def aborted_record() -> Record:
    """Aborted: the card was pulled."""
    return _without_consents(Outcome.ABORTED, Failure.CARD_PULLED, Evidence())


def referred_record() -> Record:
    """Referred to the desk: the PIN is locked."""
    return _without_consents(Outcome.REFERRED, Failure.PIN_LOCKED, Evidence(method=Method.PIN))


RECORDS: Final[dict[str, Callable[[], Record]]] = {
    "accepted-face": face_record,
    "accepted-pin": pin_record,
    "accepted-visual": visual_record,
    "refused": refused_record,
    "aborted": aborted_record,
    "referred": referred_record,
}


def message_of(
    record: Record,
    now: datetime,
    *,
    site: str = SITE,
    kiosk: str = KIOSK,
    result_id: uuid.UUID | None = None,
    nonce: bytes | None = None,
    signature: bytes | None = None,
    certificate: bytes | None = None,
    patient_key: str | None = None,
) -> ResultMessage:
    """Turn a sample record into a message as the kiosk would; ``now`` is 10 s after the card was put in."""
    return result_from(
        record,
        result_id=result_id or uuid7(now),
        site=site,
        kiosk=kiosk,
        started_at=now - timedelta(seconds=10),
        now=now,
        now_monotonic=10.0,
        clock_synced=True,
        nonce=nonce,
        signature=signature,
        certificate=certificate,
        patient_key=patient_key,
    )


def accepted_by_face(now: datetime, *, site: str = SITE, kiosk: str = KIOSK) -> ResultMessage:
    """A fresh accepted result by face."""
    return message_of(face_record(), now, site=site, kiosk=kiosk)
