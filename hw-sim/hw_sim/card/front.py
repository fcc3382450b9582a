"""The simulated card slot tells 照合番号B itself, as if a perfect camera looked at the card."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hw_sim.card.inprocess import slot
from reader.cardfront.port import CardFrontUnreadable
from reader.session.vocabulary import CardFrontProblem


class SimulatedCardFront:
    """CardFrontReader over a slot. ``problem`` set: every read reports it, until it is set to None again."""

    def __init__(self, number_b: Callable[[], bytes | None]) -> None:
        self._number_b = number_b
        self.problem: CardFrontProblem | None = None

    def read(self, timeout_s: float) -> bytearray:
        """See CardFrontReader.read. A card without a number on it counts as unreadable."""
        if self.problem is not None:
            raise CardFrontUnreadable(self.problem)
        number = self._number_b()
        if number is None:
            raise CardFrontUnreadable(CardFrontProblem.NO_CARD_SEEN)
        return bytearray(number)

    def close(self) -> None:
        """Nothing to let go of."""


def open_card_front(settings: Mapping[str, object]) -> SimulatedCardFront:
    """Entry point ``card_front.virtual``.

    settings: slot (in-process slot, default "default") or socket (path of a ``hw_sim.card.vpcd`` control socket).
    """
    path = settings.get("socket")
    if path is not None:
        from hw_sim.card.vpcd import VpcdControl

        return SimulatedCardFront(VpcdControl(str(path)).number_b)
    return SimulatedCardFront(slot(str(settings.get("slot", "default"))).number_b)
