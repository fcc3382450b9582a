"""Puts finished results on disk, off the main thread: an SD card may take its time over an fsync."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from reader.kiosk.trace import Trace
from reader.kiosk.worker import Report, Worker
from reader.session import events as ev
from reader.session.failures import Failure
from reader.session.vocabulary import Part
from reader.uplink.outbox import Outbox, OutboxError, OutboxFull

IDLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Store:
    """One result, encoded."""

    visit: int
    result_id: uuid.UUID
    payload: bytes


class StoreWorker(Worker[Store]):
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

    def _take(self, order: Store, now: float) -> None:
        try:
            self._outbox.put(order.result_id, order.payload)
        except OutboxFull:
            self._failed(order.visit, Failure.OUTBOX_FULL)
        except OutboxError:
            self._failed(order.visit, Failure.OUTBOX_WRITE)
        else:
            end = self._now()
            self._trace.add("outbox", "commit", now, end)
            self._report(ev.ResultStored(end, order.visit))
            self._stored()

    def _failed(self, visit: int, failure: Failure) -> None:
        self._report(ev.ResultNotStored(self._now(), visit, failure))

    def _work(self, now: float) -> float:
        """Notice early that the outbox can take no more, so that nobody is served in vain."""
        try:
            missing = Failure.OUTBOX_FULL if self._outbox.full() else None
        except OutboxError:
            missing = Failure.OUTBOX_WRITE
        if missing is not self._missing:
            self._missing = missing
            self._report(ev.PartChanged(now, Part.OUTBOX, missing))
        return IDLE_S

    def close(self) -> None:
        """Close the file."""
        self._outbox.close()
