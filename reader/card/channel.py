"""APDU processing between a connection and the card applications: guard, 61xx and 6Cxx, chunked reads, tries.

Source: ISO/IEC 7816-4 §5.3 (commands), §11.2 (SELECT, READ BINARY), §11.5 (VERIFY), §12 (response chaining).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from reader.card import status, tlv
from reader.card.connection import CardConnection, CardConnectionError, CardGone
from reader.card.deny import Guard
from reader.card.errors import CardRefusal, MalformedData
from reader.card.profile import CardProfile
from reader.card.status import StatusWord
from reader.session.failures import Failure
from reader.vault import overwrite

CHUNK: Final = 256  # Le 00, the largest short answer
MAX_OFFSET: Final = 0x7FFF  # READ BINARY with P1 bit 8 clear
MAX_FILE: Final = MAX_OFFSET + 1
_MAX_CONTINUATIONS: Final = 256
_WITH_LE: Final = frozenset({0xB0, 0xC0, 0x84, 0x2A})

# What a card says that does not know short identifiers, or does not make the file it just read current.
_SHORT_ID_UNKNOWN: Final = frozenset(
    {status.WRONG_P1P2, status.REFERENCE_NOT_FOUND, status.NO_CURRENT_FILE, status.WRONG_FILE_KIND, status.OFFSET}
)


class VisitCancelled(CardGone):
    """The kiosk no longer wants this card: nothing more is sent to it."""


class UnexpectedStatus(CardConnectionError):
    """The card answered with a status word nobody asked for."""

    def __init__(self, command: str, word: StatusWord) -> None:
        super().__init__(f"{command} answered {word}")
        self.command = command
        self.word = word


@dataclass(slots=True)
class Traffic:
    """What went over the link. seconds: time spent inside ``transmit``."""

    apdus: int = 0
    sent: int = 0
    received: int = 0
    seconds: float = 0.0


class CardChannel:
    """Sends permitted commands to one card and follows its selection.

    One thread at a time uses a channel; ``cancel`` may come from any thread.
    """

    def __init__(
        self,
        connection: CardConnection,
        profile: CardProfile,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._profile = profile
        self._clock = clock
        self._guard = Guard(profile)
        self._cancelled = False
        self._short_ids = True
        self._limit_s = profile.read_budget_s
        self.traffic = Traffic()

    def cancel(self) -> None:
        """Let the next command raise VisitCancelled instead of being sent."""
        self._cancelled = True

    def renew_budget(self) -> None:
        """Grant the profile's reading time anew, from now on: for a stage the patient asked for."""
        self._limit_s = self.traffic.seconds + self._profile.read_budget_s

    def transmit(self, command: bytes | bytearray) -> tuple[bytes, StatusWord]:
        """Send one short command APDU; join 61xx continuations, repeat once with the Le of 6Cxx.

        Raises ForbiddenCommand (nothing was sent), VisitCancelled, CardGone, CardConnectionError, and
        CardRefusal(CARD_TOO_SLOW) when the card has used up the profile's reading time.
        """
        data, word = self._exchange(command)
        if word.value >> 8 == 0x6C and command[1] in _WITH_LE:  # a secret is never sent twice
            # These commands all end in Le.
            shorter = bytearray(command)
            shorter[-1] = word.value & 0xFF
            data, word = self._exchange(shorter)
        joined = bytearray(data)
        for _ in range(_MAX_CONTINUATIONS):
            if word.value >> 8 != 0x61:
                return bytes(joined), word
            data, word = self._exchange(bytes([0x00, 0xC0, 0x00, 0x00, word.value & 0xFF]))
            joined += data
            if len(joined) > MAX_FILE:
                break
        raise CardConnectionError("the card's answer has no end")

    def _exchange(self, command: bytes | bytearray) -> tuple[bytes, StatusWord]:
        if self._cancelled:
            raise VisitCancelled("the visit is over")
        if self.traffic.seconds > self._limit_s:
            raise CardRefusal(Failure.CARD_TOO_SLOW, f"{self.traffic.seconds:.1f} s for {self.traffic.apdus} commands")
        apdu = bytes(command)
        self._guard.check(apdu)
        started = self._clock()
        answer = self._connection.transmit(apdu)
        self.traffic.seconds += self._clock() - started
        self.traffic.apdus += 1
        self.traffic.sent += len(apdu)
        self.traffic.received += len(answer)
        if not 2 <= len(answer) <= CHUNK + 2:
            raise CardConnectionError(f"an answer of {len(answer)} bytes is no response APDU")
        word = StatusWord(int.from_bytes(answer[-2:], "big"))
        self._guard.note(apdu, word.value)
        return answer[:-2], word

    # -- commands -------------------------------------------------------------------------------------------------

    def select_application(self, aid: bytes) -> StatusWord:
        """SELECT by full DF name, no answer data wanted. Not sent when the application is current already."""
        if self._guard.application == aid:
            return StatusWord(status.OK)
        return self.transmit(bytes([0x00, 0xA4, 0x04, 0x0C, len(aid)]) + aid)[1]

    def select_file(self, number: int) -> StatusWord:
        """SELECT an EF of the current application. Not sent when the file is current already."""
        if self._guard.file == number:
            return StatusWord(status.OK)
        return self.transmit(bytes([0x00, 0xA4, 0x02, 0x0C, 0x02]) + number.to_bytes(2, "big"))[1]

    def read_start(self, number: int, length: int = CHUNK) -> bytearray:
        """Read the first ``length`` bytes of an EF, at most 256; the EF is current afterwards.

        By short identifier, which saves a SELECT, until a card shows that it does not know them.
        Raises UnexpectedStatus when the EF cannot be read.
        """
        if self._short_ids and self._guard.file != number:
            data, word = self.transmit(bytes([0x00, 0xB0, 0x80 | number, 0x00, length & 0xFF]))
            if word.value in (status.OK, status.END_OF_FILE):
                return bytearray(data)
            if word.value not in _SHORT_ID_UNKNOWN:
                raise UnexpectedStatus(f"READ BINARY of EF {number:04X}", word)
            self._short_ids = False
        return self._read_selected(number, 0, length)

    def read_at(self, number: int, offset: int, length: int) -> bytearray:
        """Read up to ``length`` (≤ 256) bytes at ``offset`` of an EF whose start was read before; empty at its end.

        Raises UnexpectedStatus, MalformedData for an offset no short READ BINARY can reach.
        """
        if not 0 <= offset <= MAX_OFFSET:
            raise MalformedData(f"offset {offset} lies beyond what READ BINARY reaches")
        return self._read_selected(number, offset, length)

    def _read_selected(self, number: int, offset: int, length: int) -> bytearray:
        word = self.select_file(number)
        if not word.ok:
            raise UnexpectedStatus(f"SELECT of EF {number:04X}", word)
        command = bytes([0x00, 0xB0, offset >> 8, offset & 0xFF, length & 0xFF])
        data, word = self.transmit(command)
        if word.value == status.NO_CURRENT_FILE:
            # The card did not keep the file it read by short identifier: name it in full from now on.
            self._short_ids = False
            self._guard.file = None
            if self.select_file(number).ok:
                data, word = self.transmit(command)
        if word.value == status.OFFSET:
            return bytearray()
        if word.value not in (status.OK, status.END_OF_FILE):
            raise UnexpectedStatus(f"READ BINARY of EF {number:04X} at {offset}", word)
        return bytearray(data)

    def read_object(self, number: int) -> bytearray:
        """Read the one BER-TLV object an EF holds (certificates, key files), header included, filler not.

        Raises UnexpectedStatus, MalformedData when the object is cut off or longer than a file can be.
        """
        data = self.read_start(number)
        _, value_start, length = tlv.read_header(data, 0)
        whole = value_start + length
        if whole > MAX_FILE:
            raise MalformedData(f"an object of {whole} bytes is longer than a file can be")
        while len(data) < whole:
            more = self.read_at(number, len(data), min(CHUNK, whole - len(data)))
            if not more:
                raise MalformedData(f"EF {number:04X} ends after {len(data)} of {whole} bytes")
            data += more
        del data[whole:]
        return data

    def tries_left(self, number: int) -> int | None:
        """Tries left on a secret, at no cost. None when the card would not say (no counter, or verified already).

        Raises UnexpectedStatus.
        """
        word = self._verify(number, None)
        if word.tries_left is None and word.value not in (status.OK, status.NO_COUNTER):
            raise UnexpectedStatus(f"VERIFY of key {number:04X} without data", word)
        return word.tries_left

    def verify(self, number: int, secret: bytearray) -> StatusWord:
        """Present a secret (ASCII digits); ``secret`` and the command built from it are overwritten.

        ``tries_left`` must have been asked first, so that naming the key is known to work: a secret is sent once.
        """
        try:
            return self._verify(number, secret)
        finally:
            overwrite(secret)

    def _verify(self, number: int, secret: bytearray | None) -> StatusWord:
        if self._short_ids:
            word = self._send_verify(0x80 | number, secret)
            if secret is not None or word.value not in _SHORT_ID_UNKNOWN:
                return word
            self._short_ids = False
        word = self.select_file(number)
        return self._send_verify(0x80, secret) if word.ok else word

    def _send_verify(self, reference: int, secret: bytearray | None) -> StatusWord:
        command = bytearray([0x00, 0x20, 0x00, reference])
        if secret is not None:
            command.append(len(secret))
            command += secret
        try:
            return self.transmit(command)[1]
        finally:
            overwrite(command)

    def sign(self, number: int, to_be_signed: bytes) -> bytes:
        """COMPUTE DIGITAL SIGNATURE with key EF ``number``, or with the application's own key for 0.

        Raises UnexpectedStatus.
        """
        reference = 0x00
        if number:
            reference = 0x80 | number
            if not self._short_ids:
                reference = 0x80
                word = self.select_file(number)
                if not word.ok:
                    raise UnexpectedStatus(f"SELECT of key {number:04X}", word)
        head = bytes([0x80, 0x2A, 0x00, reference, len(to_be_signed)])
        data, word = self.transmit(head + to_be_signed + b"\0")
        if number and self._short_ids and word.value in _SHORT_ID_UNKNOWN:
            self._short_ids = False
            return self.sign(number, to_be_signed)
        if not word.ok:
            raise UnexpectedStatus(f"COMPUTE DIGITAL SIGNATURE with key {number:04X}", word)
        return data
