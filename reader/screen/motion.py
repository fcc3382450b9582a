"""The little that moves: the card that shows its way, and the ring that fills smoothly. Pure functions of time.

Each movement lasts at most 0.2 s. Screens change at once: to fade them would keep a face on the screen that has gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: How long a movement lasts, in seconds (issue and WCAG 2.2.2: short, and nothing that blinks).
LASTS_S: Final = 0.2
#: The card goes its way, waits there, comes back, and lies still until the next time.
EVERY_S: Final = 4.0
BACK_AT_S: Final = 1.2
PHASES: Final = 4


def nudge(in_step_s: float) -> int:
    """Return how far the card of a picture has moved, 0..PHASES, so many seconds after the screen appeared."""
    at = in_step_s % EVERY_S
    if at < LASTS_S:
        return round(PHASES * at / LASTS_S)
    if at < BACK_AT_S:
        return PHASES
    return round(PHASES * max(0.0, 1 - (at - BACK_AT_S) / LASTS_S))


def rest(in_step_s: float) -> float:
    """Return the seconds until the next movement of ``nudge`` begins; 0 during one."""
    at = in_step_s % EVERY_S
    if at < LASTS_S or BACK_AT_S <= at < BACK_AT_S + LASTS_S:
        return 0.0
    return (BACK_AT_S if at < BACK_AT_S else EVERY_S) - at


@dataclass(slots=True)
class Ring:
    """The progress that is shown, following the one that is meant within LASTS_S; all 0..1."""

    shown: float = 0.0
    meant: float = 0.0
    start: float = 0.0
    since: float = 0.0

    def toward(self, meant: float, now: float) -> float:
        """Return what to show now. What falls back (another try) does so at once."""
        if meant != self.meant:
            self.start, self.meant, self.since = self.shown, meant, now
        share = min(1.0, max(0.0, now - self.since) / LASTS_S)
        self.shown = meant if meant <= self.start else self.start + (meant - self.start) * share
        return self.shown
