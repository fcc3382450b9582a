"""Cue, experimental and in no verdict: how a face answers the kiosk's own light.

The fill light goes a little up and down in an order that nobody can foresee, and the face is compared with the room
behind it: a face at arm's length answers, a room two metres away hardly does, and a screen shines by itself and shows
the light of another day (challenge by light: Tang et al., Face Flashing, NDSS 2018). Paper answers as skin does, so
this tells screens only. Differences within pairs of steps leave out whatever drifts: daylight, exposure, distance.
"""

from __future__ import annotations

import math
import random
import statistics
from typing import Final

from reader.face.light import LightReading

STEP_S: Final = 0.4  # one pair takes 0.8 s: far from the three flashes a second that may harm (WCAG 2.2, 2.3.1)
SWING: Final = 0.2  # of the fill light's range
LAG_S: Final = 0.15  # lamp, exposure and read-out of a frame; what was taken sooner after a step belongs to neither
PAIRS: Final = 3  # before there is a score


class OwnLightCue:
    """One face try. began_at: monotonic seconds. ``rng`` must be unpredictable for an attacker; tests seed it."""

    def __init__(self, rng: random.Random, began_at: float) -> None:
        self._rng = rng
        self._began_at = began_at
        self._bright: list[bool] = []
        self._seen: dict[int, list[float]] = {}
        self._last: LightReading | None = None

    def level(self, fill: float, at: float) -> float:
        """Return how bright the fill light is to be, 0..1. fill: what the light loop asks for. at: as ``began_at``."""
        return min(fill, 1.0 - SWING) + SWING * self._is_bright(self._step(at))

    def add(self, light: LightReading | None, at: float) -> None:
        """Count a frame. light: its reading, if it has one; one reading may serve several frames. at: when taken."""
        step = self._step(at)
        if light is None or light is self._last or light.background <= 0.0:  # a black room is no measure
            return
        self._last = light
        if step >= 0 and at - self._began_at - step * STEP_S >= LAG_S:
            self._seen.setdefault(step, []).append(-math.log2(light.background))

    @property
    def score(self) -> float | None:
        """Median by how many stops the face rises above the room when the light does, None before ``PAIRS`` pairs."""
        found = []
        for step in range(0, len(self._bright) - 1, 2):
            pair = [self._seen.get(step), self._seen.get(step + 1)]
            if all(pair):
                first, second = (statistics.median(one) for one in pair if one)
                found.append(first - second if self._bright[step] else second - first)
        return statistics.median(found) if len(found) >= PAIRS else None

    def _step(self, at: float) -> int:
        return math.floor((at - self._began_at) / STEP_S)

    def _is_bright(self, step: int) -> bool:
        while len(self._bright) <= step:
            first = self._rng.random() < 0.5
            self._bright += [first, not first]
        return step >= 0 and self._bright[step]
