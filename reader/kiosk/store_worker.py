"""Puts finished results on disk, off the main thread: an SD card may take its time over an fsync.

What the disk refuses is kept and tried again, and nobody new is served until it is down: no result is lost while the
process lives.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from reader.kiosk.trace import Trace
from reader.kiosk.worker import Report, Worker
from reader.session import events as ev
from reader.session.failures import Failure
from reader.session.vocabulary import Part
from reader.uplink.outbox import Outbox, OutboxError, OutboxFull

IDLE_S = 1.0
AGAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Store:
    """One result, encoded."""

    visit: int
    result_id: uuid.UUID
    payload: bytes


@dataclass(frozen=True, slots=True)
class Count:
    """Say how many results have not reached the desk."""


class StoreWorker(Worker[Store | Count]):
    """Owns the kiosk's side of the outbox. ``stored`` is called after each success, to wake the uplink."""

    name = "outbox"
    patience_s = 30.0

    def __init__(
        self, report: Report, outbox: Outbox, stored: Callable[[], object], trace: Trace, now: Callable[[], float]
    ) -> None:
        super().__init__(report)
        self._outbox = outbox
        self._stored = stored
        self._trace = trace
        self._now = now
        self._missing: Failure | None = None
        self._kept: deque[Store] = deque()
        self._again_at = 0.0

    def _take(self, order: Store | Count, now: float) -> None:
        if isinstance(order, Count):
            self._report(ev.ResultsCounted(self._now(), self._waiting()))
            return
        failure = self._put(order, now)
        if failure is None:
            self._report(ev.ResultStored(self._now(), order.visit))
            return
        self._kept.append(order)
        self._again_at = now + AGAIN_S
        self._report(ev.ResultNotStored(self._now(), order.visit, failure))
        self._tell(failure, now)

    def _waiting(self) -> int | None:
        """Count those on the disk and those that it would not take; None where the disk does not say."""
        try:
            return self._outbox.depth() + len(self._kept)
        except OutboxError:
            return None

    def _put(self, order: Store, now: float) -> Failure | None:
        """Store one result; return why that failed, if it did."""
        try:
            self._outbox.put(order.result_id, order.payload)
        except OutboxFull:
            return Failure.OUTBOX_FULL
        except OutboxError:
            return Failure.OUTBOX_WRITE
        self._trace.add("outbox", "commit", now, self._now())
        self._stored()
        return None

    def _work(self, now: float) -> float:
        """Notice early that the outbox can take no more, so that nobody is served in vain."""
        if now < self._again_at:
            return self._again_at - now
        while self._kept:
            failure = self._put(self._kept[0], self._now())
            if failure is not None:
                self._again_at = now + AGAIN_S
                self._tell(failure, now)
                return AGAIN_S
            self._kept.popleft()
        try:
            self._tell(Failure.OUTBOX_FULL if self._outbox.full() else None, now)
        except OutboxError:
            self._tell(Failure.OUTBOX_WRITE, now)
        return IDLE_S

    def _tell(self, missing: Failure | None, now: float) -> None:
        if missing is not self._missing:
            self._missing = missing
            self._report(ev.PartChanged(now, Part.OUTBOX, missing))

    def close(self) -> None:
        """Close the file."""
        self._outbox.close()
