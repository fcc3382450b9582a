"""Every branch of the official flow, by name and in a sentence; each is played by at least one scenario file.

A file says by ``shows`` which it plays; hw-sim/scenarios/README.md is made from both, and a test finds what is missing.
"""

from __future__ import annotations

from enum import StrEnum


class Branch(StrEnum):
    """A branch. The value is what scenario files write."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Branch:
        """Give the member its sentence."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    # -- the way through -------------------------------------------------------------------------------------------
    FACE = "face", "Card in, face, consents, card out."
    PIN = "pin", "暗証番号 instead of 顔認証, chosen by the patient."
    GUIDANCE = "guidance", "The camera says what to change, one thing at a time."
    SECOND_TRY = "second-try", "A try ends with its reason, and the next begins by itself."
    THREE_TRIES = "three-tries", "After three tries PIN or staff are offered, without blame."
    STAFF = "staff", "The patient calls staff; the desk is told."
    REGISTRATION = "registration", "利用登録 is offered where the desk knows it is missing; the wish is recorded."
    EXPIRING = "expiring", "The certificate ends within three months: a notice without a tap."
    GRACE = "grace", "The certificate has ended, within the months of grace: a notice, no consent, accepted."
    EXPIRED = "expired", "The certificate ended long ago: to the desk."
    NO_CERTIFICATE = "no-certificate", "The card has no certificate: to the desk."
    PRESCRIPTION = "prescription", "電子処方箋 or paper, where the site has it."
    CARD_LEFT = "card-left", "A forgotten card: three stages, the last one to the desk."
    CARD_TAKEN_EARLY = "card-taken-early", "The card is taken before the consents: they may still be given."
    NO_ANSWER = "no-answer", "Nobody answers: asked whether they are there, then the visit ends."
    # -- consents --------------------------------------------------------------------------------------------------
    ALL_AT_ONCE = "all-at-once", "包括同意: everything on one screen, with one tap."
    ONE_BY_ONE = "one-by-one", "診療・薬剤, 手術 and 特定健診 one by one; 限度額 is never asked."
    UNDER_FORTY = "under-forty", "特定健診 is not asked below forty."
    DISEASE_BY_SITE = "disease-by-site", "特定疾病 is asked because the site requires it."
    DISEASE_BY_PATIENT = "disease-by-patient", "特定疾病 is asked because the patient says they use it."
    SAME_AS_LAST = "same-as-last", "A returning patient answers as last time with one tap."
    CHANGED = "changed", "A returning patient changes the answers."
    REVOKED = "revoked", "Staff forget the answers at the desk: asked as for a new patient."
    DESK_SLOW = "desk-slow", "The desk does not reply within a second: asked as for a new patient."
    # -- PIN -------------------------------------------------------------------------------------------------------
    PIN_WRONG = "pin-wrong", "A wrong PIN is said, with the tries left; the last try needs a second yes."
    PIN_DECLINED = "pin-declined", "One try left: the patient rather goes to the desk."
    PIN_GIVEN_UP = "pin-given-up", "The patient leaves after a wrong PIN; staff see why."
    PIN_LOCKS = "pin-locks", "The last try is wrong: the PIN is locked, said plainly."
    PIN_LOCKED = "pin-locked", "A locked PIN: no PIN is offered, and the reason is said."
    PIN_SHUFFLED = "pin-shuffled", "The keys of the pad are shuffled."
    NONCE_DESK = "nonce-desk", "The card signs the desk's nonce; the desk checks the signature itself."
    NONCE_LOCAL = "nonce-local", "With the desk away the kiosk makes the nonce, and the result says so."
    # -- 目視確認 ---------------------------------------------------------------------------------------------------
    VISUAL_DESK = "visual-desk", "目視確認 is started and decided at the desk."
    VISUAL_KIOSK = "visual-kiosk", "目視確認 is started and decided at the kiosk, behind a staff code."
    VISUAL_ONE = "visual-one", "目視確認 is for one patient; the next one is looked at by the camera again."
    VISUAL_LAPSES = "visual-lapses", "目視確認 not used comes back by itself after its time."
    VISUAL_OTHER = "visual-other", "Staff see another person: refused."
    # -- people and cards ------------------------------------------------------------------------------------------
    FACE_CARD = "face-card", "顔認証カード: there is no PIN, the face works."
    CHILD = "child", "A child."
    WHEELCHAIR = "wheelchair", "A face at wheelchair height: an arrow says where to."
    GLASSES = "glasses", "Glasses stay on; dark ones are asked to be taken off."
    MASK = "mask", "A mask is asked to be taken off."
    SECOND_PERSON = "second-person", "A second person is in view."
    WALKS_AWAY = "walks-away", "The patient walks away."
    SWAPPED = "swapped", "Another card takes the place of the one that was proved."
    TWO_CARDS = "two-cards", "Two cards at once: one only, please; the one left is then read."
    SLEEVE = "sleeve", "The card is in its sleeve."
    BACK_SIDE = "back-side", "The card lies back side up."
    PHONE = "phone", "A phone instead of a card: one sentence to the desk."
    OTHER_CARD = "other-card", "A card of another kind."
    NO_CARD = "no-card", "Somebody without a card."
    PULLED = "pulled", "The card is pulled half way through."
    FORGED = "forged", "A forged or copied card: refused."
    # -- system faults ---------------------------------------------------------------------------------------------
    BROKER_AWAY = "broker-away", "The broker goes away in the middle: the visit ends well, the result is kept."
    DESK_AWAY = "desk-away", "Face without the desk: served, sent to the desk, the result kept."
    CLOCK_UNSET = "clock-unset", "The clock is not set: nobody is told that their certificate ended."
    CAMERA_AWAY = "camera-away", "The camera is missing or goes away: PIN without an error."
    SLOT_CAMERA_AWAY = "slot-camera-away", "No camera over the slot: no face path, the PIN works."
    READER_AWAY = "reader-away", "The card reader goes away: out of service with a code, back by itself."
    DISK_AWAY = "disk-away", "The result cannot be stored: the patient is sent to the desk."
