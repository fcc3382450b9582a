"""Cues over time: frozen and repeated pictures, blinks, and head turns that a flat surface cannot make."""

from __future__ import annotations

import hashlib
import secrets
from collections import deque

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.face.geometry import LEFT_EYE_OUTER, RIGHT_EYE_OUTER, Points
from reader.face.image import Pixels

_STRIDE = 7  # every seventh pixel each way: thousands of samples, each with its own sensor noise


class RepeatCue:
    """Sees pictures that come again exactly: a stuck driver, or a recorded clip fed in place of the camera.

    A real sensor never gives the same thousands of pixels twice. Only keyed digests are kept, no pixels.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        self._seen: set[bytes] = set()
        self._flags: deque[bool] = deque(maxlen=10)

    def add(self, rgb: Pixels) -> bool:
        """Take one frame; True when this very picture was seen before."""
        samples = np.ascontiguousarray(rgb[::_STRIDE, ::_STRIDE, 1])
        digest = hashlib.blake2b(samples.data, digest_size=12, key=self._key).digest()
        samples.fill(0)
        repeated = digest in self._seen
        self._seen.add(digest)
        self._flags.append(repeated)
        return repeated

    @property
    def score(self) -> float:
        """Share of the last ten frames that were repeats, 0..1."""
        return sum(self._flags) / len(self._flags) if self._flags else 0.0


class BlinkCue:
    """Counts blinks: the eye aspect ratio dips well below the person's own level and comes back within a moment."""

    SHUT = 0.68  # of the person's open-eye level; eyes differ too much between people for a fixed number
    OPEN = 0.85
    SHORTEST_S, LONGEST_S = 0.03, 0.8

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=90)
        self._shut_at: float | None = None
        self.count = 0
        self.last_at = float("-inf")

    def add(self, openness: float, at: float) -> bool:
        """Take one frame's eye aspect ratio; True when a blink has just ended."""
        self._levels.append(openness)
        if len(self._levels) < 5:
            return False
        level = float(np.percentile(self._levels, 75))
        if openness < self.SHUT * level:
            if self._shut_at is None:
                self._shut_at = at
            return False
        if self._shut_at is None or openness < self.OPEN * level:
            return False
        lasted, self._shut_at = at - self._shut_at, None
        if self.SHORTEST_S <= lasted <= self.LONGEST_S:
            self.count += 1
            self.last_at = at
            return True
        return False


def depth_residual(before: Points, after: Points) -> float:
    """Return how badly two views of a face fit one flat surface, in eye distances (root mean square).

    before, after: mesh points (468, 3) of two frames with different head pose; only x and y are used. Two views of
    a plane are related by a homography (Hartley & Zisserman 2004, 13.1), so a print that is tilted leaves almost no
    residual, while the nose of a turning head moves against its cheeks.
    """
    source = np.ascontiguousarray(before[:, :2], np.float32)
    target = np.ascontiguousarray(after[:, :2], np.float32)
    if float(np.linalg.norm(target.max(axis=0) - target.min(axis=0))) < 1.0:
        return 0.0
    plane, _ = cv2.findHomography(source, target, 0)
    mapped: NDArray[np.float32] = cv2.perspectiveTransform(source[None], plane)[0].astype(np.float32)
    scale = max(float(np.linalg.norm(target[LEFT_EYE_OUTER] - target[RIGHT_EYE_OUTER])), 1.0)
    return float(np.sqrt(((mapped - target) ** 2).sum(axis=1).mean())) / scale
