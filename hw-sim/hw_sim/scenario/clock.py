"""Virtual time: it stands still while somebody works, and work costs what it says it costs."""

from __future__ import annotations

from datetime import datetime, timedelta


class VirtualClock:
    """``Clock`` of the kiosk and ``Pace`` of the camera. ``spend`` is what waiting and card links use instead of sleep.

    While one part works, only its own time runs ahead; ``settle`` returns how far, and time stands where it stood.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._now = 0.0
        self._ahead = 0.0

    def now(self) -> float:
        """Return virtual seconds since the start."""
        return self._now + self._ahead

    def wall(self) -> datetime:
        """Return the aware virtual time of day."""
        return self._start + timedelta(seconds=self.now())

    def spend(self, seconds: float) -> None:
        """Let the part at work wait."""
        self._ahead += max(0.0, seconds)

    def wait_until(self, at: float) -> None:
        """Let the part at work wait until ``at``."""
        self._ahead = max(self._ahead, at - self._now)

    def advance(self, to: float) -> None:
        """Move time on to the next event."""
        self._now = max(self._now, to)

    def settle(self) -> float:
        """Return how long the part at work took, and forget it."""
        took, self._ahead = self._ahead, 0.0
        return took
