"""Reads the printed card front while the chip is being read, and hands verification number B to the card worker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reader.cardfront.port import CardFrontReader, CardFrontUnreadable
from reader.kiosk.trace import Trace
from reader.kiosk.worker import Report, Worker
from reader.session import events as ev
from reader.session.failures import Failure
from reader.session.vocabulary import CardFrontProblem, Part

READ_S = 6.0

Deliver = Callable[[int, bytearray], None]


@dataclass(frozen=True, slots=True)
class ReadFront:
    """Read the front of the card of this visit."""

    visit: int


class FrontWorker(Worker[ReadFront]):
    """Owns the card-slot camera. ``deliver(visit, number)`` passes the buffer on; the receiver wipes it."""

    name = "card_front"

    def __init__(
        self, report: Report, reader: CardFrontReader, deliver: Deliver, trace: Trace, now: Callable[[], float]
    ) -> None:
        super().__init__(report)
        self._reader = reader
        self._deliver = deliver
        self._trace = trace
        self._now = now
        self._visit = 0

    def _take(self, order: ReadFront, now: float) -> None:
        self._visit = order.visit

    def _work(self, now: float) -> float:
        visit, self._visit = self._visit, 0
        if not visit:
            return 1.0
        try:
            number = self._reader.read(READ_S)
        except CardFrontUnreadable as unreadable:
            if unreadable.problem is CardFrontProblem.CAMERA_MISSING:
                self._report(ev.PartChanged(now, Part.CARD_CAMERA, Failure.CARD_CAMERA_MISSING))
            self._report(ev.CardFrontUnreadable(now, visit, unreadable.problem))
            return 0.0
        self._trace.add("card front", "read", now, self._now())
        self._deliver(visit, number)
        return 0.0

    def close(self) -> None:
        """Let go of the camera."""
        self._reader.close()
