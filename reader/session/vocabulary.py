"""The words the session shares with everything around it: steps, buttons, guidance, consents, states.

Only enumerations and small frozen records live here, so that any package may import them.
Sources: ministry flow S000-S004 (see docs/flow.md) for consents and certificate states, ISO/IEC 30107-3 for liveness.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """Where a session stands. ``reader.session.table.STEPS`` says what each one means."""

    STARTING = "starting"
    IDLE = "idle"
    OUT_OF_SERVICE = "out_of_service"
    READING_CARD = "reading_card"
    RESEAT_CARD = "reseat_card"
    FACE = "face"
    FACE_AGAIN = "face_again"
    FACE_GIVEN_UP = "face_given_up"
    PIN_LAST_TRY = "pin_last_try"
    PIN_ENTRY = "pin_entry"
    PIN_CHECKING = "pin_checking"
    STAFF_CODE = "staff_code"
    STAFF_CORNER = "staff_corner"
    FACTORY_RESET = "factory_reset"
    VISUAL_CHECK = "visual_check"
    REGISTRATION = "registration"
    EXPIRY_NOTICE = "expiry_notice"
    CONSENT = "consent"
    CONSENT_AGAIN = "consent_again"
    PRESCRIPTION = "prescription"
    STORING = "storing"
    DONE = "done"
    REFERRED = "referred"
    STAFF_CALLED = "staff_called"
    CARD_PULLED = "card_pulled"
    THANKS = "thanks"


class Button(StrEnum):
    """Everything a finger or a key can mean. Digits are not here: they never enter the session."""

    USE_FACE = "use_face"
    USE_PIN = "use_pin"
    TRY_AGAIN = "try_again"
    STAY = "stay"
    STAFF = "staff"
    STOP = "stop"
    NEXT = "next"
    YES = "yes"
    NO = "no"
    AGREE = "agree"
    DECLINE = "decline"
    AGREE_ALL = "agree_all"
    DECLINE_ALL = "decline_all"
    SAME_AS_BEFORE = "same_as_before"
    CHANGE = "change"
    SPECIFIC_DISEASE = "specific_disease"
    ELECTRONIC = "electronic"
    PAPER = "paper"
    SAME_PERSON = "same_person"
    OTHER_PERSON = "other_person"
    VISUAL_CHECK = "visual_check"
    RESET = "reset"
    LOSE_RESULTS = "lose_results"
    ERASE = "erase"
    LANGUAGE = "language"
    EASY_JAPANESE = "easy_japanese"
    LARGE_TEXT = "large_text"
    HIGH_CONTRAST = "high_contrast"
    MORE_TIME = "more_time"
    LOWER = "lower"


class Guidance(StrEnum):
    """The one most useful thing to tell a patient before the camera; ``reader.text`` holds the sentence."""

    FIND_FACE = "find_face"
    ONE_PERSON = "one_person"
    COME_CLOSER = "come_closer"
    STEP_BACK = "step_back"
    MOVE_LEFT = "move_left"
    MOVE_RIGHT = "move_right"
    MOVE_UP = "move_up"
    MOVE_DOWN = "move_down"
    LOOK_STRAIGHT = "look_straight"
    HOLD_STILL = "hold_still"
    TOO_DARK = "too_dark"
    BACKLIGHT = "backlight"
    DIRECT_LIGHT = "direct_light"
    SIDE_LIGHT = "side_light"
    BLURRED = "blurred"
    OPEN_EYES = "open_eyes"
    UNCOVER_FACE = "uncover_face"
    BLINK = "blink"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    FOLLOW_DOT = "follow_dot"
    KEEP_LOOKING = "keep_looking"


class CardFrontProblem(StrEnum):
    """Why the digits printed on the card front could not be read."""

    BACK_SIDE = "back_side"
    SLEEVE = "sleeve"
    BLUR = "blur"
    NO_CARD_SEEN = "no_card_seen"
    UNREADABLE = "unreadable"
    CAMERA_MISSING = "camera_missing"


class CertificateState(StrEnum):
    """State of the user-authentication certificate by its notAfter date (local check only, no revocation)."""

    VALID = "valid"
    EXPIRING_SOON = "expiringSoon"
    GRACE = "grace"
    EXPIRED = "expired"
    NONE = "none"


class Method(StrEnum):
    """How the patient's identity was established."""

    FACE = "face"
    PIN = "pin"
    VISUAL = "visual"


class VisualReason(StrEnum):
    """Why staff compare the card's photo with the person themselves."""

    FACE_AND_PIN_FAILED = "faceAndPinFailed"
    CANNOT_REACH = "cannotReach"
    UNWELL = "unwell"
    COGNITIVE = "cognitive"
    DEVICE_FAULT = "deviceFault"
    OTHER = "other"


class Outcome(StrEnum):
    """How a session ended, as the desk is told."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    ABORTED = "aborted"
    REFERRED = "referred"


class Consent(StrEnum):
    """Information consents, valued by their official field names. 限度額 is not among them: it is never asked."""

    MEDICATION = "PharmacistsInfoConsFlg"
    DIAGNOSIS = "DiagnosisInfoConsFlg"
    OPERATION = "OperationInfoConsFlg"
    HEALTH_CHECKUP = "SpecificHealthCheckupsInfoConsFlg"
    SPECIFIC_DISEASE = "SpecificDiseasesCertificateRelatedConsFlg"


class ConsentItem(StrEnum):
    """One question to the patient; each covers one or two official consents."""

    MEDICAL = "medical"
    OPERATION = "operation"
    HEALTH_CHECKUP = "health_checkup"
    SPECIFIC_DISEASE = "specific_disease"


class Prescription(StrEnum):
    """電子処方箋 choice, valued as the official ``PrescriptionIssueSelect``."""

    ELECTRONIC = "1"
    PAPER = "2"


class Lamp(StrEnum):
    """What the lamps around the card slot and the camera say."""

    OFF = "off"
    INVITE = "invite"
    WORKING = "working"
    LOOK_HERE = "look_here"
    GOOD = "good"
    TAKE_CARD = "take_card"
    ATTENTION = "attention"
    FAULT = "fault"


class Earcon(StrEnum):
    """Short sounds, JIS S 0013: one short = accepted, two = attention, long = fault."""

    ACCEPT = "accept"
    ATTENTION = "attention"
    FAULT = "fault"


class Part(StrEnum):
    """Parts whose absence changes what the kiosk can do."""

    CAMERA = "camera"
    CARD_READER = "card_reader"
    CARD_CAMERA = "card_camera"
    DESK = "desk"
    OUTBOX = "outbox"
    CLOCK = "clock"
    MODELS = "models"
    TEMPERATURE = "temperature"


class Registration(StrEnum):
    """What the desk says about the patient's 健康保険証利用登録."""

    REGISTERED = "registered"
    NOT_REGISTERED = "notRegistered"
    UNKNOWN = "unknown"


class Condition(StrEnum):
    """How a part of the machine was found: well, to be looked at, not working, or not asked."""

    OK = "ok"
    ATTENTION = "attention"
    FAULT = "fault"
    SKIPPED = "skipped"


class ResetStage(StrEnum):
    """How far a member of staff has come on the way to a blank kiosk."""

    TOLD = "told"  # what will be lost, and how many results have not reached the desk
    SURE = "sure"  # asked to press twice
    ARMED = "armed"  # pressed once
    ERASING = "erasing"  # asked for; this process will be ended
    DONE = "done"
    NOT_BEGUN = "not_begun"  # asked for, and nobody did it


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """One line of the inspection that staff read at the kiosk. code: the doctor's name of the check."""

    code: str
    title: str
    condition: Condition
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Ref:
    """An opaque handle to something sensitive that lives in the vault, never in the session."""

    kind: str
    number: int
