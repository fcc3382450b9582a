"""Status words SW1 SW2 of ISO/IEC 7816-4 §5.6, with the JICSAP 2.0 meanings that My Number Cards use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OK: Final = 0x9000
END_OF_FILE: Final = 0x6282
CORRUPT: Final = 0x6281
NO_COUNTER: Final = 0x6300
MEMORY_FAILURE: Final = 0x6581
WRONG_LENGTH: Final = 0x6700
NO_LOGICAL_CHANNEL: Final = 0x6881
WRONG_FILE_KIND: Final = 0x6981
NOT_VERIFIED: Final = 0x6982
BLOCKED_ISO: Final = 0x6983
BLOCKED_JICSAP: Final = 0x6984
CONDITIONS: Final = 0x6985
NO_CURRENT_FILE: Final = 0x6986
NOT_FOUND: Final = 0x6A82
WRONG_P1P2: Final = 0x6A86
REFERENCE_NOT_FOUND: Final = 0x6A88
OFFSET: Final = 0x6B00
WRONG_INSTRUCTION: Final = 0x6D00
WRONG_CLASS: Final = 0x6E00


@dataclass(frozen=True, slots=True)
class StatusWord:
    """SW1 SW2 as the card sent it."""

    value: int

    @property
    def ok(self) -> bool:
        """True for 9000."""
        return self.value == OK

    @property
    def blocked(self) -> bool:
        """True when the referenced secret is locked: 63C0, 6983, 6984."""
        return self.value in (0x63C0, BLOCKED_ISO, BLOCKED_JICSAP)

    @property
    def tries_left(self) -> int | None:
        """Tries left as told by 63Cx, 0 when blocked, None when the word says nothing about tries."""
        if self.blocked:
            return 0
        if self.value & 0xFFF0 == 0x63C0:
            return self.value & 0x0F
        return None

    def __str__(self) -> str:
        return f"{self.value:04X}"
