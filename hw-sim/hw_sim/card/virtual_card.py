"""A smart card as a pure state machine: command APDU in, response APDU out. No clock, no thread, no I/O.

Models what the reader relies on: DF and EF tree, access conditions, volatile verify flags, try counters that survive
removal, status words of ISO/IEC 7816-4 and JICSAP 2.0 (63Cx, then 6984). Measured behaviour after myna-card (MIT).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum


def answer_to_reset(historical: bytes = b"KAOPISIM", protocols: bytes = b"\x80\x01") -> bytes:
    """An ATR as PC/SC readers make it for a contactless card (PC/SC part 3 §3.1.3.2.3.1), with its check byte."""
    body = bytes([0x80 | len(historical)]) + protocols + historical
    check = 0
    for byte in body:
        check ^= byte
    return b"\x3b" + body + bytes([check])


ATR_CONTACTLESS = answer_to_reset()


class CardMute(Exception):
    """The card gives no answer."""


class Access(Enum):
    """Access conditions that need no secret, or that nothing opens."""

    FREE = "free"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A transparent EF. read: FREE, NEVER, or the secrets any one of which opens it."""

    data: bytes
    read: Access | frozenset[int] = Access.FREE


@dataclass(frozen=True, slots=True)
class SecretSpec:
    """A reference secret; initial: tries left when the card is first inserted, None for no counter."""

    value: bytes
    tries: int | None
    initial: int | None = None


@dataclass(frozen=True, slots=True)
class KeySpec:
    """A private key. sign takes the data field and returns the signature, or raises ValueError.

    use: FREE, NEVER, or secrets any one of which must be verified.
    """

    sign: Callable[[bytes], bytes]
    use: Access | frozenset[int] = Access.FREE


@dataclass(frozen=True, slots=True)
class ApplicationSpec:
    """A DF. own_key signs for P2 = 00."""

    files: Mapping[int, FileSpec] = field(default_factory=dict)
    secrets: Mapping[int, SecretSpec] = field(default_factory=dict)
    keys: Mapping[int, KeySpec] = field(default_factory=dict)
    own_key: KeySpec | None = None


class PullMoment(Enum):
    """When, within one command, a card is pulled: before it hears it, before it answers, right after the answer."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class EndStyle(Enum):
    """What a READ BINARY beyond the end is answered with; cards differ."""

    SHORT = "short"
    WARNING = "6282"
    WRONG_LE = "6Cxx"


@dataclass(frozen=True, slots=True)
class Habits:
    """In what cards differ without being wrong.

    short_ids: short EF identifiers and key references are known. sfi_selects: a READ BINARY by short id makes the EF
    current. chunk: most bytes one READ BINARY returns. verified_says_9000: VERIFY without data, once verified.
    chained: long answers come by 61xx and GET RESPONSE.
    """

    end: EndStyle = EndStyle.SHORT
    short_ids: bool = True
    sfi_selects: bool = True
    chunk: int = 256
    verified_says_9000: bool = True
    chained: bool = False
    blocked_word: int = 0x6984


def word(value: int) -> bytes:
    """SW1 SW2."""
    return value.to_bytes(2, "big")


class VirtualCard:
    """One card. Try counters live as long as the object; ``power_off`` and ``reset`` end what was verified."""

    def __init__(
        self,
        applications: Mapping[bytes, ApplicationSpec],
        *,
        atr: bytes = ATR_CONTACTLESS,
        habits: Habits | None = None,
        random_bytes: Callable[[int], bytes] | None = None,
        number_b: bytes | None = None,
        name: str = "",
    ) -> None:
        self.applications = applications
        self.atr = atr
        self.name = name
        self.number_b = number_b
        self._habits = habits or Habits()
        self._random = random_bytes or (lambda count: bytes(index * 7 + 1 & 0xFF for index in range(count)))
        self.tries: dict[tuple[bytes, int], int] = {
            (aid, number): secret.tries if secret.initial is None else secret.initial
            for aid, application in applications.items()
            for number, secret in application.secrets.items()
            if secret.tries is not None
        }
        self.touched: set[tuple[bytes, int]] = set()  # every file, secret and key a command named, for ever
        self._powered = True
        self._forget()

    def _forget(self) -> None:
        self._aid: bytes | None = None
        self._file: int | None = None
        self._verified: set[int] = set()
        self._pending = b""

    def power_off(self) -> None:
        """The card leaves the field."""
        self._powered = False
        self._forget()

    def reset(self) -> None:
        """Power on, or warm reset: nothing is selected, nothing verified."""
        self._powered = True
        self._forget()

    def transmit(self, apdu: bytes) -> bytes:
        """Answer one command APDU. Raises CardMute when the card says nothing (or is not powered)."""
        if not self._powered:
            raise CardMute("the card has no power")
        if len(apdu) < 4:
            return word(0x6700)
        cla, ins = apdu[0], apdu[1]
        if cla & 0x03 and not cla & 0x80:
            return word(0x6881)
        if cla != (0x80 if ins == 0x2A else 0x00):
            return word(0x6E00)
        body = _parse(apdu)
        if body is None:
            return word(0x6700)
        data, expected = body
        if ins != 0xC0:
            self._pending = b""
        p1, p2 = apdu[2], apdu[3]
        match ins:
            case 0xA4:
                return self._select(p1, p2, data)
            case 0xB0:
                return self._answer(self._read(p1, p2, expected))
            case 0x20:
                return self._verify(p1, p2, data)
            case 0x2A:
                return self._answer(self._sign(p1, p2, data))
            case 0x84:
                return self._random(expected or 256) + word(0x9000) if p1 == p2 == 0 else word(0x6A86)
            case 0xC0:
                return self._get_response(expected)
            case _:
                return word(0x6D00)

    # -- selection ------------------------------------------------------------------------------------------------

    def _application(self) -> ApplicationSpec | None:
        return None if self._aid is None else self.applications[self._aid]

    def _touch(self, number: int) -> None:
        if self._aid is not None:
            self.touched.add((self._aid, number))

    def _select(self, p1: int, p2: int, data: bytes) -> bytes:
        if p1 == 0x04:
            return self._select_application(data)
        if p1 == 0x00:
            return word(0x9000) if self._aid is not None else word(0x6A86)
        if p1 != 0x02 or p2 != 0x0C:
            return word(0x6A86)
        if len(data) != 2:
            return word(0x6700)
        application = self._application()
        if application is None:
            return word(0x6986)
        number = int.from_bytes(data, "big")
        self._touch(number)
        if number not in application.files and number not in application.secrets and number not in application.keys:
            return word(0x6A82)
        self._file = number
        return word(0x9000)

    def _select_application(self, name: bytes) -> bytes:
        if not name:
            return word(0x6A86)
        for aid in self.applications:
            if aid.startswith(name):  # JICSAP 2.0 part 1, 4.2: a prefix of the name will do
                if aid != self._aid:
                    self._verified.clear()
                self._aid, self._file = aid, None
                return word(0x9000)
        return word(0x6A82)

    # -- files ----------------------------------------------------------------------------------------------------

    def _read(self, p1: int, p2: int, expected: int | None) -> bytes:
        application = self._application()
        if application is None:
            return word(0x6986)
        if p1 & 0x80:
            if not self._habits.short_ids:
                return word(0x6A86)
            if p1 & 0x60:
                return word(0x6A86)
            number, offset = p1 & 0x1F, p2
            self._touch(number)
            if number not in application.files:
                return word(0x6A82)
            if self._habits.sfi_selects:
                self._file = number
        elif self._file is None:
            return word(0x6986)
        else:
            number, offset = self._file, p1 << 8 | p2
        spec = application.files.get(number)
        if spec is None:
            return word(0x6981)
        if not self._allowed(spec.read):
            return word(0x6982)
        if expected is None:
            return word(0x6700)
        return self._slice(spec.data, offset, expected)

    def _slice(self, data: bytes, offset: int, expected: int) -> bytes:
        if offset >= len(data):
            return word(0x6B00)
        wanted = min(expected, self._habits.chunk)
        left = len(data) - offset
        if wanted > left and expected != 256:
            match self._habits.end:
                case EndStyle.WARNING:
                    return data[offset:] + word(0x6282)
                case EndStyle.WRONG_LE:
                    return word(0x6C00 | left)
                case EndStyle.SHORT:
                    pass
        return data[offset : offset + wanted] + word(0x9000)

    def _answer(self, response: bytes) -> bytes:
        if self._habits.chained and len(response) > 130 and response[-2:] == b"\x90\x00":
            self._pending = response[:-2]
            return word(0x6100 | min(len(self._pending), 255))
        return response

    def _get_response(self, expected: int | None) -> bytes:
        if not self._pending:
            return word(0x6985)
        part, self._pending = self._pending[: expected or 256], self._pending[expected or 256 :]
        return part + word(0x6100 | min(len(self._pending), 255) if self._pending else 0x9000)

    def _allowed(self, condition: Access | frozenset[int]) -> bool:
        if isinstance(condition, Access):
            return condition is Access.FREE
        return bool(condition & self._verified)

    # -- secrets and keys -----------------------------------------------------------------------------------------

    def _verify(self, p1: int, p2: int, data: bytes) -> bytes:
        application = self._application()
        if p1 != 0 or not p2 & 0x80 or p2 & 0x60:
            return word(0x6A86)
        if application is None or self._aid is None:
            return word(0x6986)
        number = p2 & 0x1F or self._file
        if p2 & 0x1F and not self._habits.short_ids:
            return word(0x6A86)
        if number is None:
            return word(0x6986)
        self._touch(number)
        secret = application.secrets.get(number)
        if secret is None:
            return word(0x6A88) if p2 & 0x1F else word(0x6981)
        counter = (self._aid, number)
        left = self.tries.get(counter)
        if not data:
            if number in self._verified and self._habits.verified_says_9000:
                return word(0x9000)
            if left is None:
                return word(0x6300)
            return word(0x63C0 | left) if left else word(self._habits.blocked_word)
        if left == 0:
            return word(self._habits.blocked_word)
        if data == secret.value:
            if secret.tries is not None:
                self.tries[counter] = secret.tries
            self._verified.add(number)
            return word(0x9000)
        self._verified.discard(number)
        if left is None:
            return word(0x6300)
        self.tries[counter] = left - 1
        return word(0x63C0 | left - 1)

    def _sign(self, p1: int, p2: int, data: bytes) -> bytes:
        application = self._application()
        if application is None:
            return word(0x6986)
        if p1 != 0:
            return word(0x6A86)
        if p2 == 0x00:
            key = application.own_key
        elif p2 & 0xE0 == 0x80:
            if p2 & 0x1F and not self._habits.short_ids:
                return word(0x6A86)
            number = p2 & 0x1F or self._file
            if number is None:
                return word(0x6986)
            self._touch(number)
            key = application.keys.get(number)
        else:
            return word(0x6A86)
        if key is None:
            return word(0x6A88)
        if not self._allowed(key.use):
            return word(0x6982)
        try:
            return key.sign(data) + word(0x9000)
        except ValueError:
            return word(0x6985)


def _parse(apdu: bytes) -> tuple[bytes, int | None] | None:
    """Data field and Le of a short APDU (ISO/IEC 7816-4 §5.1 cases 1 to 4), None when the lengths do not fit."""
    if len(apdu) == 4:
        return b"", None
    if len(apdu) == 5:
        return b"", apdu[4] or 256
    length = apdu[4]
    if not length:
        return None
    data = apdu[5 : 5 + length]
    rest = apdu[5 + length :]
    if len(data) < length or len(rest) > 1:
        return None
    return data, (rest[0] or 256) if rest else None
