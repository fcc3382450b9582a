"""Every way a visit can go wrong, as stable ids. The sentences are in ``reader/text``; the page is docs/failures.md.

Numbers are kaopi's own (K1xx card, K2xx face, K3xx PIN, K4xx front of card, K5xx link and storage, K6xx parts,
K7xx session). ``official`` names the maker-independent number printed by certified readers where one matches.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Failure(StrEnum):
    """A stable failure id; its value is what staff read out to a technician."""

    CARD_UNREADABLE = "K101"
    NOT_MY_NUMBER_CARD = "K102"
    CARD_MUTE = "K103"
    CARD_PULLED = "K104"
    PHONE_NOT_SUPPORTED = "K105"
    CERTIFICATE_EXPIRED = "K106"
    CERTIFICATE_MISSING = "K107"
    CERTIFICATE_UNTRUSTED = "K108"
    CARD_DATA_ALTERED = "K109"
    CARD_NOT_GENUINE = "K110"
    PHOTO_UNREADABLE = "K111"
    TWO_CARDS = "K112"
    CARD_SWAPPED = "K113"
    OLD_RESIDENT_CARD = "K114"
    CARD_TOO_SLOW = "K115"
    FACE_NOT_MATCHED = "K201"
    FACE_NOT_LIVE = "K202"
    FACE_NOT_SEEN = "K203"
    FACE_LIGHT = "K204"
    PATIENT_LEFT = "K205"
    PIN_WRONG = "K301"
    PIN_LOCKED = "K302"
    PIN_SIGNATURE_BAD = "K303"
    FRONT_BACK_SIDE = "K401"
    FRONT_SLEEVE = "K402"
    FRONT_UNREADABLE = "K403"
    FRONT_NUMBER_REFUSED = "K404"
    FRONT_TRIES_LOW = "K405"
    DESK_AWAY = "K501"
    OUTBOX_FULL = "K502"
    OUTBOX_WRITE = "K503"
    CLOCK_UNSYNCED = "K504"
    CAMERA_MISSING = "K601"
    READER_MISSING = "K602"
    PCSC_STOPPED = "K603"
    CARD_CAMERA_MISSING = "K604"
    MODELS_MISSING = "K605"
    TOO_HOT = "K606"
    TIMED_OUT = "K701"
    STOPPED_BY_PATIENT = "K702"
    STAFF_REQUESTED = "K703"
    VISUAL_REFUSED = "K704"
    STAFF_CODE_LOCKED = "K705"
    CARD_LEFT = "K706"
    INTERNAL = "K901"


@dataclass(frozen=True, slots=True)
class FailureTraits:
    """What the session needs to know about a failure; the words are elsewhere.

    retry: the patient may simply try again.  staff: a member of staff is needed.
    official: the number certified readers print for the same thing, if any.
    """

    retry: bool
    staff: bool
    official: str | None = None


_AGAIN = FailureTraits(retry=True, staff=False)
_DESK = FailureTraits(retry=False, staff=True)
_BOTH = FailureTraits(retry=True, staff=True)

TRAITS: dict[Failure, FailureTraits] = {
    Failure.CARD_UNREADABLE: FailureTraits(retry=True, staff=True, official="001"),
    Failure.NOT_MY_NUMBER_CARD: FailureTraits(retry=True, staff=False, official="002"),
    Failure.CARD_MUTE: FailureTraits(retry=True, staff=True, official="001"),
    Failure.CARD_PULLED: _AGAIN,
    Failure.PHONE_NOT_SUPPORTED: _DESK,
    Failure.CERTIFICATE_EXPIRED: FailureTraits(retry=False, staff=True, official="006"),
    Failure.CERTIFICATE_MISSING: FailureTraits(retry=False, staff=True, official="006"),
    Failure.CERTIFICATE_UNTRUSTED: _DESK,
    Failure.CARD_DATA_ALTERED: _DESK,
    Failure.CARD_NOT_GENUINE: _DESK,
    Failure.PHOTO_UNREADABLE: _DESK,
    Failure.TWO_CARDS: _AGAIN,
    Failure.CARD_SWAPPED: _AGAIN,
    Failure.OLD_RESIDENT_CARD: _DESK,
    Failure.CARD_TOO_SLOW: _BOTH,
    Failure.FACE_NOT_MATCHED: _BOTH,
    Failure.FACE_NOT_LIVE: _BOTH,
    Failure.FACE_NOT_SEEN: _AGAIN,
    Failure.FACE_LIGHT: _BOTH,
    Failure.PATIENT_LEFT: _AGAIN,
    Failure.PIN_WRONG: _AGAIN,
    Failure.PIN_LOCKED: _DESK,
    Failure.PIN_SIGNATURE_BAD: _DESK,
    Failure.FRONT_BACK_SIDE: _AGAIN,
    Failure.FRONT_SLEEVE: _AGAIN,
    Failure.FRONT_UNREADABLE: _BOTH,
    Failure.FRONT_NUMBER_REFUSED: _DESK,
    Failure.FRONT_TRIES_LOW: _DESK,
    Failure.DESK_AWAY: _DESK,
    Failure.OUTBOX_FULL: _DESK,
    Failure.OUTBOX_WRITE: _DESK,
    Failure.CLOCK_UNSYNCED: _DESK,
    Failure.CAMERA_MISSING: _DESK,
    Failure.READER_MISSING: _DESK,
    Failure.PCSC_STOPPED: _DESK,
    Failure.CARD_CAMERA_MISSING: _DESK,
    Failure.MODELS_MISSING: _DESK,
    Failure.TOO_HOT: _DESK,
    Failure.TIMED_OUT: _AGAIN,
    Failure.STOPPED_BY_PATIENT: _AGAIN,
    Failure.STAFF_REQUESTED: _DESK,
    Failure.VISUAL_REFUSED: _DESK,
    Failure.STAFF_CODE_LOCKED: _DESK,
    Failure.CARD_LEFT: _DESK,
    Failure.INTERNAL: _DESK,
}
