"""Things to be done, as data. The kiosk carries them out; the session never does anything itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reader.session.failures import Failure
from reader.session.vocabulary import (
    CertificateState,
    Consent,
    Earcon,
    Lamp,
    Method,
    Outcome,
    Prescription,
    Ref,
)


@dataclass(frozen=True, slots=True)
class Effect:
    """A thing to be done."""


@dataclass(frozen=True, slots=True)
class StartReading(Effect):
    """Read token, certificate, tries, card front and card face of the card now in the slot."""

    visit: int


@dataclass(frozen=True, slots=True)
class ReleaseCard(Effect):
    """Reset the card and let go of it (volatile verify state ends here)."""


@dataclass(frozen=True, slots=True)
class StartFace(Effect):
    """Begin a face try; the camera runs from card insertion."""

    visit: int
    attempt: int


@dataclass(frozen=True, slots=True)
class StopFace(Effect):
    """End the current face try and let the camera rest."""


@dataclass(frozen=True, slots=True)
class OpenPad(Effect):
    """Take digits into the wiped buffer. purpose: "pin" or "staff"."""

    purpose: str


@dataclass(frozen=True, slots=True)
class ClosePad(Effect):
    """Wipe the digit buffer."""


@dataclass(frozen=True, slots=True)
class VerifyPin(Effect):
    """Hand the four digits to the card, then have it sign the nonce. Never sent without ``tries_left`` > 0 known."""

    visit: int


@dataclass(frozen=True, slots=True)
class CheckStaffCode(Effect):
    """Compare the pad's digits with the staff-code hashes."""


@dataclass(frozen=True, slots=True)
class Inspect(Effect):
    """Look at every part that can be asked while patients are served; answered by ``Inspected``."""


@dataclass(frozen=True, slots=True)
class CountResults(Effect):
    """Count the results that have not reached the desk; answered by ``ResultsCounted``."""


@dataclass(frozen=True, slots=True)
class AskReset(Effect):
    """Ask the system for a factory reset on this operator's word; it ends this process. Else ``ResetNotAsked``."""

    operator: str


@dataclass(frozen=True, slots=True)
class WithdrawReset(Effect):
    """Take the request back: nobody heard it in time, and nothing may happen later unasked."""


@dataclass(frozen=True, slots=True)
class AskDesk(Effect):
    """Ask the desk for a nonce, last consents and registration of this certificate (named by ref)."""

    visit: int
    certificate: Ref | None


@dataclass(frozen=True, slots=True)
class Say(Effect):
    """Speak the sentence of this id."""

    text_id: str


@dataclass(frozen=True, slots=True)
class Sound(Effect):
    """Play an earcon."""

    earcon: Earcon


@dataclass(frozen=True, slots=True)
class ShowLamp(Effect):
    """Show a lamp state."""

    lamp: Lamp


@dataclass(frozen=True, slots=True)
class Wipe(Effect):
    """Overwrite everything in the vault: the visit is over."""


@dataclass(frozen=True, slots=True)
class Alert(Effect):
    """Tell the desk about something staff should look at now."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the decision rests on. Each flag is a fact reported by a device, never assumed."""

    method: Method | None = None
    matched: bool = False
    live: bool = False
    pin_accepted: bool = False
    signature_valid: bool = False
    nonce_local: bool = False
    card_signature_valid: bool = False
    presence_proved: bool = False
    attempts: int = 0
    operator: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What the visit came to: the content of the result message, without identity.

    seconds: (step, seconds since card insertion) in order. Consents are empty unless outcome is ACCEPTED.
    consented_at: monotonic seconds; the kiosk turns it into ConsTime.
    """

    visit: int
    outcome: Outcome
    failure: Failure | None
    evidence: Evidence
    certificate_state: CertificateState | None
    certificate: Ref | None
    not_after: str | None
    consents: Mapping[Consent, bool | None] = field(default_factory=dict)
    consented_at: float | None = None
    prescription: Prescription | None = None
    registration_requested: bool = False
    signature: Ref | None = None
    timeline: tuple[tuple[str, float], ...] = ()
    taps: int = 0
    language: str = "ja"


@dataclass(frozen=True, slots=True)
class Publish(Effect):
    """Put the record into the outbox; answer with ResultStored or ResultNotStored."""

    record: Record
