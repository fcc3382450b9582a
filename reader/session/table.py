"""The whole flow on one page: for each step its lamp, voice, limits, and where it may lead.

Limits are seconds without a sign of life from the patient (ux.md numbers: 45 s, then a 30 s calm countdown with 続ける;
20 s a face try; alarms of a forgotten card at 5, 15 and 30 s). ``core`` enforces this table, tests prove it.
"""

from __future__ import annotations

from dataclasses import dataclass

from reader.session.vocabulary import Lamp, Step

COUNTDOWN_S = 30.0
MORE_TIME_FACTOR = 3.0
FACE_TRY_S = 20.0
PHOTO_WAIT_S = 25.0
GUIDANCE_GAP_S = 4.0
CARD_LEFT_S = (5.0, 15.0, 30.0)
CARD_OUT_LIMIT_S = 20.0  # a verified patient who has taken the card already gets this long per question
MAX_RESEATS = 2


@dataclass(frozen=True, slots=True)
class StepSpec:
    """What holds in a step, whatever happens in it.

    limit_s: seconds until TimeUp (after the countdown, where ``warns``). None: the step may last.
    says: id of the sentence spoken on entry.  tells: id of the one spoken only to whoever touches a screen that waits
    in silence.  camera: live view on.  face: a face try runs.
    pad: whose digits the pad takes ("pin", "staff" or "").  patient: staff button and aids are on the screen.
    verified: may only be entered with a verified identity.
    """

    lamp: Lamp
    says: str
    limit_s: float | None
    warns: bool = False
    dies_with_card: bool = False
    camera: bool = False
    face: bool = False
    pad: str = ""
    patient: bool = True
    verified: bool = False
    tells: str = ""
    leads_to: tuple[Step, ...] = ()


S = Step
# How any step may end that needs the card: a fault, another card, the card pulled, staff called, the reader gone.
_CARD = (S.REFERRED, S.CARD_PULLED, S.STAFF_CALLED, S.OUT_OF_SERVICE)
# How any question after verification may end: stopped or timed out (with or without the card), staff, another card.
_QUESTION = (S.REFERRED, S.STAFF_CALLED, S.READING_CARD, S.IDLE, S.OUT_OF_SERVICE)
_PIN = (S.PIN_ENTRY, S.PIN_LAST_TRY)
# What may follow a verified identity; a late answer of the desk may still bring the registration question.
_ASK = (S.REGISTRATION, S.EXPIRY_NOTICE, S.CONSENT, S.CONSENT_AGAIN, S.PRESCRIPTION, S.STORING)
_RENEW = (S.IDLE, S.READING_CARD, S.OUT_OF_SERVICE)

STEPS: dict[Step, StepSpec] = {
    S.STARTING: StepSpec(
        Lamp.OFF, "", 60, tells="starting", patient=False, leads_to=(S.IDLE, S.OUT_OF_SERVICE, S.READING_CARD)
    ),
    S.IDLE: StepSpec(
        Lamp.INVITE, "", None, tells="idle", leads_to=(S.READING_CARD, S.OUT_OF_SERVICE, S.STAFF_CALLED, S.STAFF_CODE)
    ),
    S.OUT_OF_SERVICE: StepSpec(
        Lamp.FAULT, "out_of_service", None, leads_to=(S.IDLE, S.READING_CARD, S.STAFF_CALLED, S.STAFF_CODE)
    ),
    S.READING_CARD: StepSpec(
        Lamp.WORKING,
        "reading_card",
        25,
        dies_with_card=True,
        camera=True,
        face=True,
        leads_to=(*_CARD, S.FACE, S.RESEAT_CARD, S.VISUAL_CHECK, S.FACE_GIVEN_UP),
    ),
    S.RESEAT_CARD: StepSpec(
        Lamp.ATTENTION,
        "reseat_card",
        45,
        warns=True,
        leads_to=(*_PIN, S.REFERRED, S.STAFF_CALLED, S.READING_CARD, S.VISUAL_CHECK, S.IDLE, S.OUT_OF_SERVICE),
    ),
    S.FACE: StepSpec(
        Lamp.LOOK_HERE,
        "face",
        20,
        dies_with_card=True,
        camera=True,
        face=True,
        leads_to=(*_CARD, *_PIN, *_ASK, S.FACE_AGAIN, S.FACE_GIVEN_UP, S.RESEAT_CARD, S.VISUAL_CHECK),
    ),
    S.FACE_AGAIN: StepSpec(
        Lamp.LOOK_HERE,
        "face_again",
        6,
        dies_with_card=True,
        camera=True,
        leads_to=(*_CARD, *_PIN, S.FACE, S.FACE_GIVEN_UP, S.RESEAT_CARD, S.VISUAL_CHECK),
    ),
    S.FACE_GIVEN_UP: StepSpec(
        Lamp.ATTENTION,
        "face_given_up",
        45,
        warns=True,
        dies_with_card=True,
        leads_to=(*_CARD, *_PIN, S.STAFF_CODE, S.VISUAL_CHECK),
    ),
    S.PIN_LAST_TRY: StepSpec(
        Lamp.ATTENTION,
        "pin_last_try",
        45,
        warns=True,
        dies_with_card=True,
        leads_to=(*_CARD, S.PIN_ENTRY, S.FACE, S.VISUAL_CHECK),
    ),
    S.PIN_ENTRY: StepSpec(
        Lamp.WORKING,
        "pin_entry",
        45,
        warns=True,
        dies_with_card=True,
        pad="pin",
        leads_to=(*_CARD, S.PIN_CHECKING, S.FACE, S.VISUAL_CHECK),
    ),
    S.PIN_CHECKING: StepSpec(
        Lamp.WORKING, "", 15, tells="pin_checking", dies_with_card=True, leads_to=(*_CARD, *_PIN, *_ASK)
    ),
    S.STAFF_CODE: StepSpec(
        Lamp.WORKING,
        "",
        60,
        pad="staff",
        patient=False,
        leads_to=(S.REFERRED, *_RENEW, S.VISUAL_CHECK, S.FACE_GIVEN_UP, S.STAFF_CORNER),
    ),
    S.STAFF_CORNER: StepSpec(Lamp.WORKING, "", 180, patient=False, leads_to=(*_RENEW, S.FACTORY_RESET)),
    S.FACTORY_RESET: StepSpec(Lamp.ATTENTION, "", 60, patient=False, leads_to=_RENEW),
    S.VISUAL_CHECK: StepSpec(
        Lamp.WORKING,
        "visual_check",
        120,
        dies_with_card=True,
        camera=True,
        leads_to=(*_CARD, *_ASK, S.STAFF_CODE, S.FACE_GIVEN_UP),
    ),
    S.REGISTRATION: StepSpec(
        Lamp.GOOD,
        "registration",
        45,
        warns=True,
        verified=True,
        leads_to=(*_QUESTION, S.EXPIRY_NOTICE, S.CONSENT, S.CONSENT_AGAIN, S.PRESCRIPTION, S.STORING),
    ),
    S.EXPIRY_NOTICE: StepSpec(
        Lamp.ATTENTION,
        "expiry_notice",
        8,
        verified=True,
        leads_to=(*_QUESTION, S.REGISTRATION, S.CONSENT, S.CONSENT_AGAIN, S.PRESCRIPTION, S.STORING),
    ),
    S.CONSENT: StepSpec(
        Lamp.GOOD,
        "consent",
        45,
        warns=True,
        verified=True,
        leads_to=(*_QUESTION, S.REGISTRATION, S.PRESCRIPTION, S.STORING),
    ),
    S.CONSENT_AGAIN: StepSpec(
        Lamp.GOOD,
        "consent_again",
        45,
        warns=True,
        verified=True,
        leads_to=(*_QUESTION, S.REGISTRATION, S.CONSENT, S.PRESCRIPTION, S.STORING),
    ),
    S.PRESCRIPTION: StepSpec(
        Lamp.GOOD, "prescription", 45, warns=True, verified=True, leads_to=(*_QUESTION, S.REGISTRATION, S.STORING)
    ),
    S.STORING: StepSpec(
        Lamp.WORKING, "", 5, tells="storing", patient=False, verified=True, leads_to=(S.DONE, S.REFERRED)
    ),
    S.DONE: StepSpec(Lamp.TAKE_CARD, "done", 8, patient=False, leads_to=(S.THANKS, *_RENEW)),
    S.REFERRED: StepSpec(Lamp.TAKE_CARD, "referred", 8, patient=False, leads_to=_RENEW),
    S.STAFF_CALLED: StepSpec(
        Lamp.ATTENTION,
        "staff_called",
        120,
        warns=True,
        leads_to=(
            *_RENEW,
            *_PIN,
            *_ASK,
            S.FACE,
            S.FACE_GIVEN_UP,
            S.RESEAT_CARD,
            S.VISUAL_CHECK,
            S.STAFF_CODE,
            S.REFERRED,
        ),
    ),
    S.CARD_PULLED: StepSpec(Lamp.ATTENTION, "card_pulled", 6, leads_to=(*_RENEW, S.STAFF_CALLED)),
    S.THANKS: StepSpec(Lamp.GOOD, "thanks", 4, patient=False, leads_to=_RENEW),
}
