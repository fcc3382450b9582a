"""公的個人認証AP: what kind of card this is, the authentication certificate, its PIN and its key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reader.card import status
from reader.card.channel import CardChannel, UnexpectedStatus
from reader.card.errors import CardRefusal, MalformedData, PinRefused
from reader.card.profile import CardProfile
from reader.session.failures import Failure
from reader.vault import overwrite

TOKEN_LENGTH: Final = 32
AVAILABLE: Final = 0x8F


@dataclass(frozen=True, slots=True)
class Availability:
    """Which certificates the card was issued with (EF 0008). None: the card does not say."""

    signature: bool | None
    authentication: bool | None


class JpkiApplication:
    """Session with the JPKI application of one card."""

    def __init__(self, channel: CardChannel, profile: CardProfile) -> None:
        self._channel = channel
        self._files = profile.jpki
        self._profile = profile
        self._kind_checked = False

    def select(self) -> None:
        """Make the application current; raise CardRefusal when this is no My Number Card (once)."""
        word = self._channel.select_application(self._files.aid)
        if not word.ok:
            raise CardRefusal(Failure.NOT_MY_NUMBER_CARD, f"SELECT of the JPKI application answered {word}")
        if not self._kind_checked:
            self._check_kind(self.token())
            self._kind_checked = True

    def token(self) -> str:
        """The token's name, e.g. JPKIAPICCTOKEN2, blanks stripped; empty when it is unreadable."""
        try:
            label = self._channel.read_start(self._files.token, TOKEN_LENGTH)
        except UnexpectedStatus:
            return ""
        return bytes(label[:TOKEN_LENGTH]).decode("ascii", "replace").rstrip(" \0")

    def _check_kind(self, token: str) -> None:
        if token == self._profile.own_token:
            return
        if token in self._profile.old_tokens:
            raise CardRefusal(Failure.OLD_RESIDENT_CARD)
        if token in self._profile.phone_tokens:
            raise CardRefusal(Failure.PHONE_NOT_SUPPORTED)
        raise CardRefusal(Failure.NOT_MY_NUMBER_CARD, "the token is of no known kind")

    def availability(self) -> Availability:
        """Which certificates there are; costs one command."""
        try:
            data = self._channel.read_start(self._files.availability, 3)
        except UnexpectedStatus:
            return Availability(None, None)
        if len(data) < 2:
            return Availability(None, None)
        return Availability(data[0] == AVAILABLE, data[1] == AVAILABLE)

    def certificate(self) -> bytearray | None:
        """DER of the authentication certificate, None when the card has none. Raises MalformedData."""
        try:
            head = self._channel.read_object(self._files.certificate)
        except UnexpectedStatus as refused:
            if refused.word.value in (status.NOT_FOUND, status.NOT_VERIFIED, status.OFFSET, status.CONDITIONS):
                return None
            raise
        except MalformedData:
            if self.availability().authentication is False:
                return None
            raise
        return head if head[:1] == b"\x30" else None

    def pin_tries(self) -> int | None:
        """Tries left on the 4-digit PIN at no cost; None when the card would not say."""
        return self._channel.tries_left(self._files.pin)

    def verify_pin(self, pin: bytearray) -> None:
        """Present the PIN and overwrite it. Raises PinRefused, CardRefusal(PIN_LOCKED); nothing is sent at 0 tries."""
        try:
            if self.pin_tries() == 0:
                raise CardRefusal(Failure.PIN_LOCKED)
            word = self._channel.verify(self._files.pin, pin)
        finally:
            overwrite(pin)
        if word.ok:
            return
        if word.value in (status.BLOCKED_ISO, status.BLOCKED_JICSAP):
            raise CardRefusal(Failure.PIN_LOCKED)
        left = word.tries_left
        if left is None:
            raise UnexpectedStatus("VERIFY of the PIN", word)
        raise PinRefused(left)

    def sign(self, message: bytes) -> bytes:
        """Signature over ``message`` with the authentication key, after ``verify_pin``. Raises UnexpectedStatus."""
        return self._channel.sign(self._files.key, self._profile.scheme.to_be_signed(message))
