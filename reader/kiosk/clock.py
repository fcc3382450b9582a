"""Time as a port: monotonic seconds for everything that is measured, wall time only for what is written down."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> float:
        """Return monotonic seconds."""

    def wall(self) -> datetime:
        """Return the aware local time."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        """Return CLOCK_MONOTONIC in seconds."""
        return time.monotonic()

    def wall(self) -> datetime:
        """Return the local time with its zone."""
        return datetime.now().astimezone()
