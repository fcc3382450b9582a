"""How the kiosk learns verification number B (照合番号B, 14 digits) from the printed card front."""

from __future__ import annotations

from typing import Protocol

from reader.session.vocabulary import CardFrontProblem


class CardFrontUnreadable(Exception):
    """The front could not be read without guessing."""

    def __init__(self, problem: CardFrontProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


class CardFrontReader(Protocol):
    """Reads the card lying in the slot."""

    def read(self, timeout_s: float) -> bytearray:
        """Return 14 ASCII digits in a buffer the caller must wipe. Raises CardFrontUnreadable."""

    def close(self) -> None:
        """Let go of the camera, if there is one."""
