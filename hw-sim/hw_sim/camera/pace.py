"""Time for the virtual camera: real waiting, or a clock that moves only when somebody waits."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Pace(Protocol):
    """A clock that can be waited on."""

    def now(self) -> float:
        """Return monotonic seconds."""

    def wait_until(self, at: float) -> None:
        """Return when ``now`` has reached ``at``."""


class RealPace:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Return CLOCK_MONOTONIC in seconds."""
        return time.monotonic()

    def wait_until(self, at: float) -> None:
        """Sleep until ``at``."""
        left = at - time.monotonic()
        if left > 0:
            time.sleep(left)


class VirtualPace:
    """A clock that jumps to where somebody waits for. Safe to share between threads; it never goes back."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the virtual seconds."""
        return self._now

    def wait_until(self, at: float) -> None:
        """Jump to ``at``, unless it has passed."""
        with self._lock:
            self._now = max(self._now, at)
