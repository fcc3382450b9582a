"""What can go wrong with a card, as types. ``CardGone`` and ``CardConnectionError`` are in ``connection``."""

from __future__ import annotations

from reader.session.failures import Failure


class CardRefusal(Exception):
    """The card cannot be served; ``failure`` is what the patient and the desk hear."""

    def __init__(self, failure: Failure, detail: str = "") -> None:
        super().__init__(f"{failure.value} {failure.name}" + (f": {detail}" if detail else ""))
        self.failure = failure


class PinRefused(Exception):
    """The card refused the PIN. ``tries_left`` 0 means that it is locked now."""

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"PIN refused, {tries_left} tries left")
        self.tries_left = tries_left


class ForbiddenCommand(Exception):
    """A command that kaopi never sends. It was stopped before the card could see it; the message holds no data."""


class MalformedData(ValueError):
    """Bytes from the card are not what their format allows; the message says what and where, never their content."""


class PhotoRejected(MalformedData):
    """The portrait is no picture kaopi accepts: malformed, too large, or too slow to decode."""
