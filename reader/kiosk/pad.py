"""The one buffer that ever holds typed digits; wiped when the pad closes, when digits are taken, and on every clear."""

from __future__ import annotations

from reader.vault import overwrite

MAX_DIGITS = {"pin": 4, "staff": 8}


class Pad:
    """Digits being typed. ``purpose`` is "" while the pad is closed and digits are ignored."""

    def __init__(self) -> None:
        self._digits = bytearray()
        self.purpose = ""
        self.order: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 9, 0)

    def __len__(self) -> int:
        return len(self._digits)

    def __repr__(self) -> str:
        return f"Pad({self.purpose or 'closed'})"

    def open(self, purpose: str, order: tuple[int, ...] | None = None) -> None:
        """Start taking digits; ``order`` is a permutation of 0..9 for shuffled keys."""
        self.close()
        self.purpose = purpose
        if order is not None:
            self.order = order

    def close(self) -> None:
        """Wipe and ignore further digits."""
        self.clear()
        self.purpose = ""

    def clear(self) -> None:
        """Wipe what was typed."""
        overwrite(self._digits)
        self._digits = bytearray()

    def press(self, digit: int) -> None:
        """Add a digit 0..9, unless the pad is closed or full."""
        if not 0 <= digit <= 9:
            raise ValueError("a pad key is a digit from 0 to 9")
        if self.purpose and len(self._digits) < MAX_DIGITS[self.purpose]:
            self._digits.append(ord("0") + digit)

    def backspace(self) -> None:
        """Wipe the last digit."""
        if self._digits:
            self._digits[-1] = 0
            del self._digits[-1]

    def take(self) -> bytearray:
        """Hand the digits over; the receiver wipes them. The pad is empty afterwards."""
        taken, self._digits = self._digits, bytearray()
        return taken
