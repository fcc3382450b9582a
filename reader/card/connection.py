"""The connection to a card: the lowest layer of ``reader.card`` and the seam where a simulated card enters."""

from __future__ import annotations

from typing import Protocol


class CardConnectionError(Exception):
    """The card did not answer as a card should."""


class CardGone(CardConnectionError):
    """The card was pulled, or powered down under us."""


class CardConnection(Protocol):
    """One powered, exclusively held card."""

    def transmit(self, apdu: bytes) -> bytes:
        """Send a command APDU, return the response APDU (data + SW1 SW2). Raises CardGone or CardConnectionError."""

    def close(self) -> None:
        """Reset the card (ending every verify state) and let go. Never raises."""
