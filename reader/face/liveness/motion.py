"""Cues over time: frozen and repeated pictures, blinks, and head turns that a flat surface cannot make."""

from __future__ import annotations

import hashlib
import math
import secrets
from collections import deque
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.face.geometry import LEFT_EYE_OUTER, RIGHT_EYE_OUTER, Points, Pose
from reader.face.image import Pixels
from reader.vault import overwrite

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

    def add(self, openness: float, at: float) -> bool:
        """Take one frame's eye aspect ratio; True when a blink has just ended."""
        self._levels.append(openness)
        if len(self._levels) < 5:
            return False
        level = sorted(self._levels)[len(self._levels) * 3 // 4]
        if openness < self.SHUT * level:
            if self._shut_at is None:
                self._shut_at = at
            return False
        if self._shut_at is None or openness < self.OPEN * level:
            return False
        lasted, self._shut_at = at - self._shut_at, None
        if self.SHORTEST_S <= lasted <= self.LONGEST_S:
            self.count += 1
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
    plane = cast("NDArray[np.float64] | None", cv2.findHomography(source, target, 0)[0])
    if plane is None:
        return 0.0  # all in one line: no face
    mapped: NDArray[np.float32] = cv2.perspectiveTransform(source[None], plane)[0].astype(np.float32)
    scale = max(float(np.linalg.norm(target[LEFT_EYE_OUTER] - target[RIGHT_EYE_OUTER])), 1.0)
    return float(np.sqrt(((mapped - target) ** 2).sum(axis=1).mean())) / scale


class DepthCue:
    """Sees whether the face is solid, from whatever turning and nodding the patient does anyway.

    Looking up from the card slot to the camera is usually enough. A few views are remembered, each turned away from
    the others; every new frame is held against the one it differs from most.
    """

    SWING = math.radians(15)  # of a sheet, bent and turned by 23 degrees, the mesh reads up to 13 degrees
    SOLID = 0.0025 * 180 / math.pi  # residual per radian of swing; heads give 0.2
    _APART = math.radians(5)
    _MOST = 6
    _SETTLED = 2  # frames in a row that must agree, so that one bad mesh proves nothing

    def __init__(self) -> None:
        self._views: list[tuple[float, float, Points]] = []
        self._run = 0
        self._against: set[int] = set()  # the views that looked flat, in this run
        self.solid = False
        self.flat = False
        self.counts = False  # whether the last frame is remembered or made the face solid: whose it was matters then
        self.swing = 0.0
        self.residual = 0.0

    def add(self, points: Points, pose: Pose) -> None:
        """Take one frame's mesh (468, 3) and pose."""
        away = [math.hypot(pose.yaw - yaw, pose.pitch - pitch) for yaw, pitch, _ in self._views]
        self.counts = False
        if away and max(away) > self.SWING:
            farthest = int(np.argmax(away))
            self.swing = max(away)
            self.residual = depth_residual(self._views[farthest][2], points)
            agrees = self.residual >= self.SOLID * self.swing
            self._run = max(self._run, 0) + 1 if agrees else min(self._run, 0) - 1
            self._against = set() if agrees else self._against | {farthest}
            self.counts = not self.solid and self._run >= self._SETTLED
            self.solid |= self.counts
            # One view alone may be a bad mesh, as of a bowed head; a sheet looks flat from every side.
            self.flat = self.flat or (self._run <= -4 * self._SETTLED and len(self._against) > 1)
        if len(away) < self._MOST and (not away or min(away) > self._APART):
            self._views.append((pose.yaw, pose.pitch, points.copy()))
            self.counts = True

    def close(self) -> None:
        """Overwrite the remembered views."""
        for _, _, points in self._views:
            overwrite(points)
        self._views.clear()
