"""``Session``: everything known about the visit now, frozen. ``Rules``: what the site decided beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reader.session.effects import Evidence
from reader.session.failures import Failure
from reader.session.vocabulary import (
    CardFrontProblem,
    CertificateState,
    CheckedPart,
    Consent,
    ConsentItem,
    Guidance,
    Part,
    Prescription,
    Ref,
    Registration,
    ResetStage,
    Step,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """Decisions of the site, fixed while the kiosk runs. Times in seconds."""

    prescription_choice: bool = False
    ask_specific_disease: bool = False
    remember_consents: bool = True
    face_tries: int = 3
    checkup_age: int = 40  # 特定健診 consent is asked from this age on (S004)
    desk_reply_s: float = 1.0
    languages: tuple[str, ...] = ("ja",)
    language: str = "ja"
    slow_machine: float = 1.0  # stretches every limit under emulation; the configuration refuses it in production


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What is known about the card in the slot. All unknown until read."""

    certificate_state: CertificateState | None = None
    certificate: Ref | None = None
    not_after: str | None = None
    pin_tries: int | None = None
    photo: Ref | None = None
    age: int | None = None
    signature_valid: bool = False
    presence_proved: bool = False
    front_problem: CardFrontProblem | None = None


@dataclass(frozen=True, slots=True)
class VisualOrder:
    """An armed 目視確認: one patient, by one operator, until a time."""

    operator: str
    reason: str
    expires_at: float
    for_next: bool = False  # ordered while no visit was open: the next patient's


@dataclass(frozen=True, slots=True)
class Reset:
    """A factory reset on its way. waiting: results that have not reached the desk, None where that is not known."""

    stage: ResetStage = ResetStage.TOLD
    counted: bool = False
    waiting: int | None = None
    counted_at: float = 0.0
    percent: int = 0


@dataclass(frozen=True, slots=True)
class Aids:
    """What this patient asked for; forgotten with the visit."""

    language: str = "ja"
    easy_japanese: bool = False
    large_text: bool = False
    high_contrast: bool = False
    more_time: bool = False
    lower: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """One patient's visit, or the wait for one. Holds no pixel, digit or card byte."""

    rules: Rules = field(default_factory=Rules)
    now: float = 0.0
    step: Step = Step.STARTING
    entered_at: float = 0.0
    active_at: float = 0.0  # last sign of life from the patient, for the "still there?" question
    warned: bool = False  # "still there?" has been spoken
    said_at: float = -100.0  # when guidance was last spoken
    said: Guidance | None = None  # and which it was
    visit: int = 0
    slot_visit: int = 0  # number of the insertion now in the slot, 0 when the slot is empty
    card_since: float = 0.0
    card_left_stage: int = 0  # 0 none, 1 reminded, 2 louder, 3 desk told
    card: CardFacts = field(default_factory=CardFacts)
    aids: Aids = field(default_factory=Aids)
    # face
    face_attempt: int = 0
    face_since: float = 0.0  # from when this try counts: its start, or the arrival of the photo if later
    matched_early: bool = False  # matched and live before the card's signatures were checked; nothing decided yet
    guidance: Guidance | None = None
    progress: float = 0.0
    reseats: int = 0  # how often this patient was asked to re-seat the card
    # pad
    pad_count: int = 0
    pin_wrong: bool = False  # the PIN just typed was refused, tries left are in ``card``
    staff_tries: int = 5
    # decision
    evidence: Evidence = field(default_factory=Evidence)
    signature: Ref | None = None
    failure: Failure | None = None  # why the visit cannot go on, or why a try failed
    verified: bool = False
    # desk's answer
    desk_asked_at: float | None = None
    desk_replied: bool = False
    last_consents: Mapping[Consent, bool] | None = None
    registration: Registration = Registration.UNKNOWN
    registration_asked: bool = False
    registration_requested: bool = False
    notice_shown: bool = False
    uses_specific_disease: bool = False  # the patient said so, today or last time
    # answers
    answers: Mapping[ConsentItem, bool] = field(default_factory=dict)
    consented_at: float | None = None
    prescription: Prescription | None = None
    # staff
    visual: VisualOrder | None = None
    visual_unlocked: bool = False  # a staff code was entered at this kiosk for this visit
    before_staff: Step | None = None
    staff_operator: str = ""  # whose code opened the staff corner
    inspection: tuple[CheckedPart, ...] | None = None  # None until it is answered
    inspection_page: int = 0
    reset: Reset | None = None  # while staff are at it
    # bookkeeping
    published: bool = False
    stored: bool = False
    taps: int = 0
    timeline: tuple[tuple[str, float], ...] = ()
    missing: Mapping[Part, Failure] = field(default_factory=dict)

    @property
    def card_in(self) -> bool:
        """Whether a card is in the slot."""
        return self.slot_visit != 0

    @property
    def in_step(self) -> float:
        """Seconds since this step began."""
        return self.now - self.entered_at
