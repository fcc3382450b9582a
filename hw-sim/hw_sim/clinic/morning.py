"""A morning at reception: results, kiosks and alerts for looking at the desk's page."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from hw_sim.clinic.results import RECORDS, SITE, message_of
from reader.desk.service import DeskService
from reader.session.effects import Evidence, Record
from reader.session.failures import Failure
from reader.session.vocabulary import Consent, Method, Outcome, Part, Step
from reader.uplink.ids import uuid7
from reader.uplink.messages import Alert, Service, State
from reader.uplink.topics import Channel, Topic

_KINDS = ("accepted-face",) * 14 + ("accepted-pin",) * 3 + ("accepted-visual", "refused", "aborted", "referred")


def fill(service: DeskService, now: datetime, patients: int = 24, seed: int = 3) -> None:
    """Let ``patients`` visits, two kiosks and one alert arrive, the last one a minute before ``now``."""
    dice = random.Random(seed)
    for number in range(patients):
        at = now - timedelta(minutes=1 + 7 * (patients - 1 - number))
        kiosk = f"kiosk-{1 + number % 2}"
        record = _varied(RECORDS[dice.choice(_KINDS)](), dice)
        took = timedelta(seconds=dice.lognormvariate(2.9, 0.5))
        message = message_of(record, at, kiosk=kiosk, patient_key=f"{number:064x}").model_copy(
            update={"started_at": at - took}
        )
        service.handle(str(Topic(SITE, kiosk, Channel.RESULT)), message.encode(), at)
    say(service, ready("kiosk-1", now), now)
    service_two = ready("kiosk-2", now).model_copy(update={"missing": {Part.CARD_CAMERA: Failure.CARD_CAMERA_MISSING}})
    say(service, service_two, now)
    raise_alert(service, "kiosk-2", Failure.CARD_LEFT, now)


def ready(kiosk: str, now: datetime) -> State:
    """A kiosk that waits for a patient."""
    return State(site=SITE, kiosk=kiosk, online=True, at=now, service=Service.READY, step=Step.IDLE)


def say(service: DeskService, state: State, now: datetime) -> None:
    """Let a state arrive."""
    service.handle(str(Topic(SITE, state.kiosk, Channel.STATE)), state.encode(), now)


def raise_alert(service: DeskService, kiosk: str, failure: Failure, now: datetime) -> None:
    """Let an alert arrive."""
    alert = Alert(site=SITE, kiosk=kiosk, alert_id=uuid7(now), at=now, failure=failure)
    service.handle(str(Topic(SITE, kiosk, Channel.ALERT)), alert.encode(), now)


def _varied(record: Record, dice: random.Random) -> Record:
    if record.outcome is Outcome.REFUSED:
        failure = dice.choice([Failure.FACE_NOT_MATCHED, Failure.FACE_NOT_MATCHED, Failure.FACE_LIGHT])
        return replace(record, failure=failure)
    if record.outcome is Outcome.ACCEPTED and record.evidence.method is Method.FACE:
        answers: dict[Consent, bool | None] = {
            consent: None if answer is None else dice.random() < 0.8 for consent, answer in record.consents.items()
        }
        answers[Consent.MEDICATION] = answers[Consent.DIAGNOSIS]  # one question covers both
        if dice.random() < 0.4:
            answers[Consent.HEALTH_CHECKUP] = True
        evidence: Evidence = replace(record.evidence, attempts=1 if dice.random() < 0.85 else 2)
        return replace(record, consents=answers, evidence=evidence)
    return record
