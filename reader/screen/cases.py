"""One example of everything a screen can show: what the gallery renders and the tests measure.

Invented data only: the preview is a drawn shape, never a picture of anyone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reader.screen.model import DIGITS_IN_ORDER, ScreenModel
from reader.screen.view import LiveView, present
from reader.session.failures import Failure
from reader.session.state import Aids, CardFacts, Reset, Rules, Session, VisualOrder
from reader.session.vocabulary import (
    CardFrontProblem,
    CertificateState,
    CheckedPart,
    Condition,
    Consent,
    ConsentItem,
    Guidance,
    Part,
    Ref,
    ResetStage,
    Step,
)
from reader.text import LANGUAGES

CLINIC: Final = "みほん内科クリニック"
CLOCK: Final = "9:41"
VARIANTS: Final = ("", "large", "contrast", "large-contrast")


@dataclass(frozen=True, slots=True)
class Case:
    """A named moment. basic: shown in every language; the others differ only in words of their own."""

    name: str
    session: Session
    live: LiveView
    basic: bool = True

    def model(self, language: str = "ja", easy: bool = False, variant: str = "") -> ScreenModel:
        """Present the moment as this patient would see it."""
        aids = replace(
            self.session.aids,
            language=language,
            easy_japanese=easy,
            large_text="large" in variant,
            high_contrast="contrast" in variant,
        )
        return present(replace(self.session, aids=aids), self.live)


@cache
def placeholder() -> NDArray[np.uint8]:
    """Return a drawn stand-in for a camera frame: uint8 RGB (480, 640, 3), a smooth shape before a wall."""
    y, x = np.mgrid[0:480, 0:640].astype(np.float64)
    frame = np.empty((480, 640, 3))
    frame[...] = np.array((214.0, 220.0, 226.0)) - (y[..., None] / 480) * 18
    shoulders = (((x - 320) / 210) ** 2 + ((y - 500) / 150) ** 2) < 1
    frame[shoulders] = (96, 118, 150)
    neck = (np.abs(x - 320) < 42) & (y > 300) & (y < 400)
    frame[neck] = (206, 176, 152)
    hair = (((x - 320) / 108) ** 2 + ((y - 205) / 138) ** 2) < 1
    frame[hair] = (84, 78, 76)
    face = (((x - 320) / 88) ** 2 + ((y - 232) / 118) ** 2) < 1
    frame[face] = (226, 196, 172)
    return frame.astype(np.uint8)


@cache
def placeholder_photo() -> NDArray[np.uint8]:
    """Return a drawn stand-in for an IC photo: uint8 grey (240, 192)."""
    grey = placeholder()[40:440, 160:480].mean(axis=2)
    rows = np.linspace(0, grey.shape[0] - 1, 240).astype(int)
    columns = np.linspace(0, grey.shape[1] - 1, 192).astype(int)
    photo: NDArray[np.uint8] = grey[rows][:, columns].astype(np.uint8)
    return photo


def _card(**changes: object) -> CardFacts:
    facts = CardFacts(
        certificate_state=CertificateState.VALID,
        certificate=Ref("certificate", 1),
        not_after="2028-10-09",
        pin_tries=3,
        photo=Ref("photo", 2),
        age=68,
        signature_valid=True,
        presence_proved=True,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


_RULES: Final = Rules(languages=LANGUAGES, ask_specific_disease=True, prescription_choice=True)
_LAST: Final = {consent: consent is not Consent.OPERATION for consent in Consent}


def _session(step: Step, **changes: object) -> Session:
    base = Session(rules=_RULES, step=step, visit=1, slot_visit=1, card=_card(), verified=True, progress=0.4)
    return replace(base, **changes)  # type: ignore[arg-type]


def _live(**changes: object) -> LiveView:
    base = LiveView(preview=placeholder(), clinic=CLINIC, clock=CLOCK)
    return replace(base, **changes)  # type: ignore[arg-type]


def cases() -> tuple[Case, ...]:
    """Return every case; names are unique and begin with the step's."""
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    for step in Step:
        yield Case(step.value, _BASIC.get(step, _session(step)), _LIVE.get(step, _live()))
    for problem in CardFrontProblem:
        session = _session(Step.RESEAT_CARD, card=_card(front_problem=problem))
        yield Case(f"reseat_card.{problem.value}", session, _live())
    for guidance in Guidance:
        yield Case(f"face.{guidance.value}", _session(Step.FACE, guidance=guidance), _live())
    for failure in (Failure.FACE_LIGHT, Failure.FACE_NOT_SEEN, Failure.FACE_NOT_LIVE):
        yield Case(f"face_again.{failure.name.lower()}", _session(Step.FACE_AGAIN, failure=failure), _live())
    for failure in Failure:
        session = _session(Step.REFERRED, failure=failure, verified=False)
        yield Case(f"referred.{failure.name.lower()}", session, _live(), basic=False)
    yield from _odd_cases()


def _odd_cases() -> Iterator[Case]:
    locked = _card(pin_tries=0)
    yield Case("face.no_pin", _session(Step.FACE, card=locked, progress=0.0), _live(preview=None))
    yield Case("face.nearly", _session(Step.FACE, progress=1.0), _live())
    yield Case("face_given_up.no_pin", _session(Step.FACE_GIVEN_UP, card=locked), _live())
    wrong = _session(Step.PIN_ENTRY, pin_wrong=True, card=_card(pin_tries=2))
    yield Case("pin_entry.wrong", wrong, _live())
    shuffled = tuple(DIGITS_IN_ORDER[(3 * index + 1) % 10] for index in range(10))
    no_camera = {Part.CAMERA: Failure.CAMERA_MISSING}
    full = _session(Step.PIN_ENTRY, missing=no_camera)
    yield Case("pin_entry.full_shuffled", full, _live(digits=4, pad_order=shuffled))
    order = VisualOrder("受付1", "顔のけが", 100.0)
    unlocked = _session(Step.VISUAL_CHECK, visual=order, visual_unlocked=True, verified=False)
    yield Case("visual_check.unlocked", unlocked, _live(photo=placeholder_photo()))
    armed = _session(Step.IDLE, visit=0, slot_visit=0, visual=order)
    yield Case("idle.visual_armed", armed, _live())
    grace = _card(certificate_state=CertificateState.GRACE, not_after="2026-09-30")
    soon = _card(certificate_state=CertificateState.EXPIRING_SOON, not_after="2026-12-31")
    yield Case("expiry_notice.grace", _session(Step.EXPIRY_NOTICE, card=grace), _live())
    yield from _inspections()
    yield from _resets()
    for stage in (1, 2, 3):
        yield Case(f"done.left_{stage}", _session(Step.DONE, card_left_stage=stage), _live())
    yield Case("done.expiring", _session(Step.DONE, card=soon), _live())
    yield Case("done.grace", _session(Step.DONE, card=grace), _live())
    yield Case("done.card_taken", _session(Step.DONE, slot_visit=0), _live())
    yield Case("referred.reminded", _session(Step.REFERRED, failure=Failure.PIN_LOCKED, card_left_stage=3), _live())
    away = {Part.DESK: Failure.DESK_AWAY}
    yield Case("idle.desk_away", _session(Step.IDLE, visit=0, slot_visit=0, missing=away), _live())
    yield Case("done.desk_away", _session(Step.DONE, missing=away), _live())
    yield Case("thanks.desk_away", _session(Step.THANKS, missing=away), _live())
    two = replace(_RULES, ask_specific_disease=False)
    yield Case("consent.two", _session(Step.CONSENT, rules=two, card=_card(age=30)), _live())
    answered = {ConsentItem.MEDICAL: True, ConsentItem.OPERATION: False}
    yield Case("consent.answering", _session(Step.CONSENT, answers=answered), _live())
    yield Case("consent.still_there", _session(Step.CONSENT), _live(countdown=23.0))
    yield Case("pin_entry.still_there", _session(Step.PIN_ENTRY), _live(countdown=9.0))
    yield Case("idle.languages", _session(Step.IDLE, visit=0, slot_visit=0), _live(choosing_language=True))
    few = replace(_RULES, languages=("ja", "en"))
    aided = _session(Step.IDLE, visit=0, slot_visit=0, rules=few)
    yield Case("idle.few_languages", aided, _live(choosing_language=True), basic=False)
    patient = _session(Step.FACE, aids=Aids(more_time=True, lower=True))
    yield Case("face.aided_focus", patient, _live(focus=1))


def _inspections() -> Iterator[Case]:
    """What staff see in their corner: under way, all well, something wrong on two pages, and nothing asked."""
    well = tuple(CheckedPart(f"part_{number}", f"部品{number}", Condition.OK) for number in range(1, 8))
    wrong = (
        *well,
        CheckedPart(
            "clock",
            "時計",
            Condition.FAULT,
            "時刻が合っていません。LANケーブルと時刻サーバー（ntp）の設定を確認してください。",
        ),
        CheckedPart(
            "disk", "空き容量", Condition.ATTENTION, "空きが少なくなっています。保守の担当者に連絡してください。"
        ),
        CheckedPart("swap", "スワップの停止", Condition.SKIPPED),
    )
    for name, parts, page in (("ok", well, 0), ("wrong", wrong, 0), ("second_page", wrong, 1), ("nothing", (), 0)):
        yield Case(f"staff_corner.{name}", _session(Step.STAFF_CORNER, inspection=parts, inspection_page=page), _live())


def _resets() -> Iterator[Case]:
    """The way to a blank kiosk: what waits for the desk, or that nobody knows; asked twice; under way; done."""
    for name, reset in (
        ("none_waiting", Reset(counted=True, waiting=0)),
        ("waiting", Reset(counted=True, waiting=1234)),
        ("uncounted", Reset(counted=True)),
        ("sure", Reset(ResetStage.SURE, counted=True, waiting=0)),
        ("armed", Reset(ResetStage.ARMED, counted=True, waiting=0)),
        ("erasing", Reset(ResetStage.ERASING, percent=42)),
        ("done", Reset(ResetStage.DONE)),
        ("not_begun", Reset(ResetStage.NOT_BEGUN)),
    ):
        session = _session(Step.FACTORY_RESET, visit=0, slot_visit=0, reset=reset)
        yield Case(f"factory_reset.{name}", session, _live(), basic=False)


_BASIC: Final = {
    Step.IDLE: _session(Step.IDLE, visit=0, slot_visit=0),
    Step.OUT_OF_SERVICE: _session(Step.OUT_OF_SERVICE, failure=Failure.READER_MISSING, slot_visit=0),
    Step.EXPIRY_NOTICE: _session(
        Step.EXPIRY_NOTICE, card=_card(certificate_state=CertificateState.EXPIRING_SOON, not_after="2026-12-31")
    ),
    Step.CONSENT_AGAIN: _session(Step.CONSENT_AGAIN, last_consents=_LAST),
    Step.REFERRED: _session(Step.REFERRED, failure=Failure.FACE_NOT_MATCHED),
    Step.VISUAL_CHECK: _session(Step.VISUAL_CHECK, visual=VisualOrder("受付1", "受付で開始", 100.0), verified=False),
    Step.PIN_LAST_TRY: _session(Step.PIN_LAST_TRY, card=_card(pin_tries=1)),
}
_LIVE: Final = {
    Step.VISUAL_CHECK: _live(photo=placeholder_photo()),
    Step.PIN_ENTRY: _live(digits=2),
    Step.STAFF_CODE: _live(digits=3),
}
