"""券面事項確認AP: 照合番号B, the card-face file, its signer's certificate and the presence proof."""

from __future__ import annotations

from reader.card import card_face
from reader.card.card_face import Span
from reader.card.channel import CHUNK, CardChannel, UnexpectedStatus
from reader.card.errors import CardRefusal, MalformedData
from reader.card.profile import CardProfile
from reader.card.tlv import read_header
from reader.session.failures import Failure
from reader.vault import overwrite


class CardFaceApplication:
    """Session with the card-face application of one card."""

    def __init__(self, channel: CardChannel, profile: CardProfile) -> None:
        self._channel = channel
        self._files = profile.face
        self._profile = profile

    def select(self) -> None:
        """Make the application current. Raises CardRefusal(NOT_MY_NUMBER_CARD) when the card has none."""
        word = self._channel.select_application(self._files.aid)
        if not word.ok:
            raise CardRefusal(Failure.NOT_MY_NUMBER_CARD, f"SELECT of the card-face application answered {word}")

    def number_b_tries(self) -> int | None:
        """Tries left on 照合番号B at no cost; None when the card would not say."""
        return self._channel.tries_left(self._files.number_b)

    def open(self, number_b: bytearray) -> None:
        """Present 照合番号B once and overwrite it.

        Raises CardRefusal: FRONT_TRIES_LOW below the floor or when the card does not tell its tries (nothing is
        sent), FRONT_NUMBER_REFUSED when the card refuses it.
        """
        try:
            left = self.number_b_tries()
            if left is None or left < self._profile.number_b_floor:
                raise CardRefusal(Failure.FRONT_TRIES_LOW, f"{left} tries left")
            word = self._channel.verify(self._files.number_b, number_b)
        finally:
            overwrite(number_b)
        if word.ok:
            return
        if word.tries_left is not None:
            raise CardRefusal(Failure.FRONT_NUMBER_REFUSED, f"{word.tries_left} tries left")
        raise UnexpectedStatus("VERIFY of the number on the front", word)

    def read_card_face(self) -> CardFaceReading:
        """Begin to read the card-face file: one command, which tells how long it is."""
        head = self._channel.read_start(self._files.card_face)
        return CardFaceReading(self._channel, self._files.card_face, head)

    def cv_certificate(self) -> bytearray:
        """The signer's certificate, raw. Raises UnexpectedStatus, MalformedData."""
        return self._channel.read_object(self._files.cv_certificate)

    def prove_presence(self, challenge: bytes) -> bytes:
        """The card's own signature over ``challenge``; needs no PIN. Raises UnexpectedStatus."""
        return self._channel.sign(0, self._profile.scheme.to_be_signed(challenge))


class CardFaceReading:
    """A card-face file being read: photo first where the file's own table tells where it is, no byte twice."""

    def __init__(self, channel: CardChannel, number: int, head: bytearray) -> None:
        self._channel = channel
        self._number = number
        self._span: Span = card_face.find_file(head)
        self._data = bytearray(self._span.end)
        self._have: list[tuple[int, int]] = []
        self._keep(0, head[: self._span.end])
        overwrite(head)
        self.photo_at: int | None = None  # where ``photo`` found it: to be compared with the parsed field, see visit

    def photo(self) -> bytearray | None:
        """The photo's JPEG 2000 bytes by the file's own table; None when the table leads nowhere (use ``finish``)."""
        at = card_face.photo_hint(self._data, self._span)
        if at is None:
            return None
        header_end = min(at + 6, self._span.end)
        if not self._covered(at, header_end):
            # One whole chunk from here on: it is photo data anyway when the table is right.
            self._fetch(at, min(at + CHUNK, self._span.end))
        try:
            tag, value_start, length = read_header(self._data, at, header_end)
        except MalformedData:
            return None
        if tag != card_face.PHOTO or value_start + length > self._span.end:
            return None
        self._fetch(value_start, value_start + length)
        self.photo_at = at
        return self._data[value_start : value_start + length]

    def finish(self) -> bytearray:
        """Read what is missing and hand over the whole file. Raises MalformedData when it ends early."""
        self._fetch(0, self._span.end)
        return self._data

    def wipe(self) -> None:
        """Overwrite what was read."""
        overwrite(self._data)

    def _keep(self, at: int, part: bytearray) -> None:
        self._data[at : at + len(part)] = part
        self._have.append((at, at + len(part)))
        self._have.sort()

    def _covered(self, start: int, end: int) -> bool:
        return self._first_gap(start, end) is None

    def _first_gap(self, start: int, end: int) -> tuple[int, int] | None:
        for have_start, have_end in self._have:
            if have_start > start:
                return (start, min(have_start, end)) if start < end else None
            start = max(start, have_end)
            if start >= end:
                return None
        return (start, end)

    def _fetch(self, start: int, end: int) -> None:
        while (gap := self._first_gap(start, end)) is not None:
            part = self._channel.read_at(self._number, gap[0], min(CHUNK, gap[1] - gap[0]))
            if not part:
                raise MalformedData(f"the card face ends at {gap[0]} of {self._span.end} bytes")
            self._keep(gap[0], part[: gap[1] - gap[0]])
            overwrite(part)
