"""Where the milliseconds go: spans per lane (card link, camera, inference, screen, touch, outbox), without identity."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Something that took from ``start`` to ``end`` (monotonic seconds) in a lane."""

    lane: str
    name: str
    start: float
    end: float


class Trace:
    """A bounded record of spans, safe from any thread."""

    def __init__(self, limit: int = 20_000) -> None:
        self._lock = threading.Lock()
        self._spans: deque[Span] = deque(maxlen=limit)

    def add(self, lane: str, name: str, start: float, end: float) -> None:
        """Record one span."""
        with self._lock:
            self._spans.append(Span(lane, name, start, end))

    def spans(self) -> list[Span]:
        """Return what was recorded, oldest first."""
        with self._lock:
            return list(self._spans)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._spans.clear()
