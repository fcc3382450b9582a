"""What no command may ever touch, whatever the profile says, and the guard that every command passes.

Two nets. ``FORBIDDEN`` names what the law keeps from a clinic's device (番号法 19/20条: the 12-digit number; the
signature key and its password). ``Guard`` then allows only what the card profile lists, by every way of naming it:
full DF name, EF identifier, short EF identifier in P1, key reference in P2, and the current EF.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from reader.card.errors import ForbiddenCommand

AID_JPKI: Final = bytes.fromhex("D392F000260100000001")
AID_CARD_FACE: Final = bytes.fromhex("D3921000310001010402")
AID_TEXT: Final = bytes.fromhex("D3921000310001010408")
AID_RESIDENT: Final = bytes.fromhex("D3921000310001010401")
AID_COMMON: Final = bytes.fromhex("D3921000310001010100")

WHOLE_APPLICATION: Final = frozenset(range(0x20))

FORBIDDEN: Final[Mapping[bytes, frozenset[int]]] = {
    # signature certificate, its CA, signature key and password
    AID_JPKI: frozenset({0x01, 0x02, 0x1A, 0x1B}),
    # birth-date key and age record, picture of the 12-digit number, 照合番号A
    AID_CARD_FACE: frozenset({0x01, 0x05, 0x11, 0x13}),
    # the 12-digit number and its key, and everything else: kaopi has no use for the text application
    AID_TEXT: WHOLE_APPLICATION,
    AID_RESIDENT: WHOLE_APPLICATION,
    AID_COMMON: WHOLE_APPLICATION,
}

# 照合番号A (0013, 0014), sign key and password (001A, 001B) are refused in every application, known or not.
FORBIDDEN_EVERYWHERE: Final = frozenset({0x13, 0x14, 0x1A, 0x1B})

_SELECT, _READ_BINARY, _VERIFY, _SIGN, _GET_RESPONSE, _GET_CHALLENGE = 0xA4, 0xB0, 0x20, 0x2A, 0xC0, 0x84


def assert_permitted(aid: bytes, number: int) -> None:
    """Raise ForbiddenCommand when EF or key ``number`` of application ``aid`` is on the deny-list."""
    if number in FORBIDDEN_EVERYWHERE or number in FORBIDDEN.get(aid, frozenset()):
        raise ForbiddenCommand(f"file or key {number:04X} of application {aid.hex().upper()} is never touched")


class Permissions(Protocol):
    """What a card profile allows, per DF name; ``CardProfile`` is one."""

    @property
    def readable(self) -> Mapping[bytes, frozenset[int]]:
        """EFs that may be read."""

    @property
    def secrets(self) -> Mapping[bytes, frozenset[int]]:
        """Secrets that may be verified."""

    @property
    def signing(self) -> Mapping[bytes, frozenset[int]]:
        """Private keys that may sign; 0 stands for the application's own key."""


class Guard:
    """Follows what is selected on the card and lets pass only commands the profile needs.

    ``check`` before a command is sent, ``note`` with its status word afterwards.
    """

    def __init__(self, permissions: Permissions) -> None:
        self._readable = permissions.readable
        self._secrets = permissions.secrets
        self._signing = permissions.signing
        self.application: bytes | None = None
        self.file: int | None = None

    def check(self, apdu: bytes) -> None:
        """Raise ForbiddenCommand unless ``apdu`` (a short command APDU) is one kaopi may send now."""
        if not 4 <= len(apdu) <= 261:
            raise ForbiddenCommand(f"a command of {len(apdu)} bytes is no short APDU")
        if len(apdu) > 5 and len(apdu) not in (5 + apdu[4], 6 + apdu[4]):
            raise ForbiddenCommand("Lc does not fit the length of the command")
        cla, ins = apdu[0], apdu[1]
        if cla != (0x80 if ins == _SIGN else 0x00):
            raise ForbiddenCommand(f"class {cla:02X} with instruction {ins:02X} is never sent")
        match ins:
            case 0xA4:
                self._check_select(apdu)
            case 0xB0:
                self._check_read(apdu)
            case 0x20:
                self._check_verify(apdu)
            case 0x2A:
                self._check_sign(apdu)
            case 0xC0 | 0x84:
                if apdu[2:4] != b"\0\0" or len(apdu) != 5:
                    raise ForbiddenCommand(f"instruction {ins:02X} takes P1-P2 0000 and Le only")
            case _:
                raise ForbiddenCommand(f"instruction {ins:02X} is never sent")

    def note(self, apdu: bytes, status: int) -> None:
        """Follow the selection after the card answered ``status`` to a checked ``apdu``."""
        # After a refusal it is not certain what is current: nothing, then. 61xx is success with more to fetch.
        done = status in (0x9000, 0x6282) or status >> 8 == 0x61
        if apdu[1] == _SELECT:
            data = apdu[5 : 5 + apdu[4]]
            if apdu[2] == 0x04:
                self.application, self.file = (data if done else None), None
            else:
                self.file = int.from_bytes(data, "big") if done else None
        elif apdu[1] == _READ_BINARY and apdu[2] & 0x80:
            self.file = apdu[2] & 0x1F if done else None
        elif apdu[1] in (_VERIFY, _SIGN) and apdu[3] & 0x1F:
            self.file = None

    def forget(self) -> None:
        """The card was reset: nothing is selected."""
        self.application = self.file = None

    def _current(self) -> bytes:
        if self.application is None:
            raise ForbiddenCommand("no application is selected: a file or key number would mean nothing certain")
        return self.application

    def _check_select(self, apdu: bytes) -> None:
        if len(apdu) < 6:
            raise ForbiddenCommand("SELECT without a name")
        p1, p2, data = apdu[2], apdu[3], apdu[5 : 5 + apdu[4]]
        if p2 != 0x0C or len(apdu) != 5 + len(data):
            raise ForbiddenCommand("SELECT asks for no answer data")
        if p1 == 0x04:
            # Cards accept a prefix of a DF name: only whole names of the profile are certain.
            if data not in self._readable:
                raise ForbiddenCommand(f"application {data.hex().upper()} is never selected")
        elif p1 == 0x02 and len(data) == 2:
            self._check_number(int.from_bytes(data, "big"), self._readable, self._secrets, self._signing)
        else:
            raise ForbiddenCommand(f"SELECT with P1 {p1:02X} is never sent")

    def _check_read(self, apdu: bytes) -> None:
        if len(apdu) != 5:
            raise ForbiddenCommand("READ BINARY takes Le only")
        if apdu[2] & 0x80:
            if apdu[2] & 0x60:
                raise ForbiddenCommand("READ BINARY with an undefined P1")
            self._check_number(apdu[2] & 0x1F, self._readable)
        else:
            self._check_current_file(self._readable)

    def _check_verify(self, apdu: bytes) -> None:
        if apdu[2] != 0x00 or not apdu[3] & 0x80 or apdu[3] & 0x60:
            raise ForbiddenCommand("VERIFY with a reference outside the current application")
        if apdu[3] & 0x1F:
            self._check_number(apdu[3] & 0x1F, self._secrets)
        else:
            self._check_current_file(self._secrets)

    def _check_sign(self, apdu: bytes) -> None:
        p1, p2 = apdu[2], apdu[3]
        if p1 != 0x00 or len(apdu) < 6:
            raise ForbiddenCommand("only plain COMPUTE DIGITAL SIGNATURE is sent")
        if p2 == 0x00:
            self._check_number(0, self._signing)
        elif p2 == 0x80:
            self._check_current_file(self._signing)
        elif p2 & 0xE0 == 0x80:
            self._check_number(p2 & 0x1F, self._signing)
        else:
            raise ForbiddenCommand("a key reference outside the current application")

    def _check_current_file(self, allowed: Mapping[bytes, frozenset[int]]) -> None:
        if self.file is None:
            raise ForbiddenCommand("no file is selected: the command would touch one by chance")
        self._check_number(self.file, allowed)

    def _check_number(self, number: int, *allowed: Mapping[bytes, frozenset[int]]) -> None:
        aid = self._current()
        assert_permitted(aid, number)
        if not any(number in table.get(aid, frozenset()) for table in allowed):
            raise ForbiddenCommand(f"file or key {number:04X} of application {aid.hex().upper()} is not used that way")
