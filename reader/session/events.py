"""Facts that happened. Every event carries ``at``: seconds of a monotonic clock, injected by whoever saw it.

No event carries a digit, a pixel, a card byte or a name: sensitive things are named by an opaque ``Ref``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reader.session.failures import Failure
from reader.session.vocabulary import (
    Button,
    CardFrontProblem,
    CertificateState,
    CheckedPart,
    Consent,
    ConsentItem,
    Guidance,
    Part,
    Ref,
    Registration,
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at monotonic second ``at``."""

    at: float


@dataclass(frozen=True, slots=True)
class Tick(Event):
    """Time passed; nothing else did."""


@dataclass(frozen=True, slots=True)
class TimeUp(Event):
    """The step's limit passed. Made by ``core`` from any event's time, never sent from outside."""


# -- card ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CardInserted(Event):
    """A card touched the slot. ``visit`` numbers insertions; facts of an older visit are ignored."""

    visit: int


@dataclass(frozen=True, slots=True)
class CardRemoved(Event):
    """The slot is empty again."""


@dataclass(frozen=True, slots=True)
class CardFailed(Event):
    """The card cannot be served further; ``failure`` says why."""

    visit: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class CertificateRead(Event):
    """Token and authentication certificate are read and checked locally.

    pin_tries: tries left on the 4-digit PIN, None when the card would not say. certificate: None if it has none.
    """

    visit: int
    state: CertificateState
    pin_tries: int | None
    certificate: Ref | None
    not_after: str | None = None  # ISO date, shown to the patient and sent to the desk


@dataclass(frozen=True, slots=True)
class CardFrontUnreadable(Event):
    """The printed digits could not be read; the patient is asked to re-seat the card."""

    visit: int
    problem: CardFrontProblem


@dataclass(frozen=True, slots=True)
class CardFaceRead(Event):
    """Card-face file read: issuer signature and presence proof checked, photo in the vault, age in whole years."""

    visit: int
    photo: Ref
    age: int
    signature_valid: bool
    presence_proved: bool


@dataclass(frozen=True, slots=True)
class PinAccepted(Event):
    """The card accepted the PIN; ``signature_valid``: its signature over the nonce verifies under its certificate."""

    visit: int
    signature_valid: bool
    signature: Ref | None
    nonce_local: bool


@dataclass(frozen=True, slots=True)
class PinRefused(Event):
    """The card refused the PIN; ``tries_left`` 0 means it is locked now."""

    visit: int
    tries_left: int


# -- face ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FaceProgress(Event):
    """What the camera sees now. progress in 0..1; guidance None means all is well, keep still."""

    visit: int
    guidance: Guidance | None
    progress: float


@dataclass(frozen=True, slots=True)
class FaceDecided(Event):
    """A face try came to a decision. ``failure`` None means matched and live on one and the same track."""

    visit: int
    matched: bool
    live: bool
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class FaceLost(Event):
    """Whoever was matched left, or could not be seen any more, before the card was checked: that match is void."""

    visit: int


# -- fingers and staff -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pressed(Event):
    """A button was pressed. ``item`` for AGREE/DECLINE, ``language`` (BCP 47) for LANGUAGE."""

    button: Button
    item: ConsentItem | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class PadChanged(Event):
    """The pad's buffer now holds ``count`` digits (the digits themselves stay outside)."""

    count: int


@dataclass(frozen=True, slots=True)
class StaffCodeChecked(Event):
    """A staff code was compared with its hash. ``operator`` None means refused; ``tries_left`` in this window."""

    operator: str | None
    tries_left: int


@dataclass(frozen=True, slots=True)
class Inspected(Event):
    """What the inspection found, in the order of the doctor's list."""

    parts: tuple[CheckedPart, ...]


@dataclass(frozen=True, slots=True)
class ResultsCounted(Event):
    """How many results have not reached the desk; None where the outbox would not say."""

    waiting: int | None


@dataclass(frozen=True, slots=True)
class ResetNotAsked(Event):
    """The request for a factory reset could not be left where the system would find it."""


@dataclass(frozen=True, slots=True)
class VisualCheckOrdered(Event):
    """The desk (or staff at the kiosk) armed 目視確認 for ONE patient, until ``expires_at`` (monotonic seconds)."""

    operator: str
    reason: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class VisualCheckCancelled(Event):
    """The desk switched 目視確認 off before it was used."""


@dataclass(frozen=True, slots=True)
class StaffDecided(Event):
    """The operator compared face and photo, at the desk's page."""

    operator: str
    same_person: bool


# -- desk and parts --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeskReplied(Event):
    """The desk's answer about this patient: consents given last time (None = none known), registration."""

    visit: int
    last_consents: Mapping[Consent, bool] | None
    registration: Registration


@dataclass(frozen=True, slots=True)
class PartChanged(Event):
    """A part came or went. ``failure`` says in which way it is missing; None means it is there."""

    part: Part
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class ResultStored(Event):
    """The outbox has the result on disk (fsynced)."""

    visit: int


@dataclass(frozen=True, slots=True)
class ResultNotStored(Event):
    """The outbox could not take the result."""

    visit: int
    failure: Failure
