"""Brightness bands that run over the picture: lamps on unfiltered mains, and screens that refresh.

A rolling shutter exposes each row a little later than the one above, so light that swings leaves bands, and they move
from frame to frame. What stands still is taken away: the room's rows are compared with their own mean over time, the
face's with its mean along the face. Bands everywhere are the room's lamps (the exposure can be set to whole swings of
them); bands on the face alone are a screen held up.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.face.geometry import CHIN, FOREHEAD, Points, Pose, box, pose
from reader.face.image import Pixels
from reader.vault import overwrite

EVERY_S = 0.1
_KEPT = 12  # looks, a little more than a second
_LEAST = 6
_TURNED = math.radians(4)
_MEASURED = 3  # looks from one measurement to the next
_ROWS, _ACROSS = 96, 24  # samples of the picture's height and along the face; across the face
_BLACK = 4.0  # grey levels added before the logarithm, so that noise in the dark does not count
_GAMMA = 2.2  # the log of code values swings this much less than the light
_CYCLES = np.array([1.7, 2.8, 3.4, 5.6, 6.7])  # of 60 .. 240 Hz over the 28 ms that reading a picture takes
_S = np.linspace(-1.0, 1.0, _ROWS)
_TRENDS = (np.ones(_ROWS), _S, _S * _S)
Rows = NDArray[np.float64]


class BandMeter:
    """Depth of moving bands in the room and on the face, as shares of the light. Keeps row means, no picture."""

    def __init__(self) -> None:
        self._room: deque[Rows] = deque(maxlen=_KEPT)
        self._face: deque[Rows] = deque(maxlen=_KEPT)
        self._where: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._pose: Pose | None = None
        self._next = float("-inf")
        self._looks = 0
        self.room = 0.0  # depth of bands beside the face: 0.3 means that light swings by 30 %
        self.face = 0.0  # depth of bands on the face

    def add(self, rgb: Pixels, points: Points, at: float) -> None:
        """Take one frame (H, W, 3) with its mesh (468, 3) at second ``at``; ten looks a second are enough."""
        if at < self._next:
            return
        self._next = at + EVERY_S
        height, width = rgb.shape[:2]
        x, _, w, _ = box(points)
        rows = np.linspace(0, height - 1, _ROWS).astype(np.intp)
        columns = np.arange(4, width, 16)
        outside = columns[(columns < x - 0.4 * w) | (columns > x + 1.4 * w)]
        if outside.size >= 6:
            grey = rgb[rows[:, None], outside[None, :], 1]
            # The median over columns: somebody walking past is in few of them.
            self._room.append(np.log(np.median(grey, axis=1) + _BLACK))
            overwrite(grey)
        self._begin_anew_where_turned(pose(points))
        top, bottom = points[FOREHEAD, :2], points[CHIN, :2]
        self._where.append((float(top[1]) / height, float(bottom[1]) / height))
        self._face.append(_along_face(rgb, top, bottom, w))
        self._looks += 1
        if self._looks % _MEASURED == 0:
            self.room, self.face = self._measure_room(), self._measure_face()

    def _begin_anew_where_turned(self, now: Pose) -> None:
        """A head that turns or nods shows other rows of itself: only looks at about the same pose are compared."""
        before = self._pose
        if before is None or max(abs(now.yaw - before.yaw), abs(now.pitch - before.pitch)) > _TURNED:
            self._pose = now
            for rows in self._face:
                overwrite(rows)
            self._face.clear()
            self._where.clear()

    def _measure_room(self) -> float:
        if len(self._room) < _LEAST:
            return 0.0
        mean = np.mean(self._room, axis=0)
        # Exposure lifts dark and light parts differently, and daylight drifts: neither is a band.
        return _swing(_rest(self._room, mean, mean * mean), 0.0, 1.0)

    def _measure_face(self) -> float:
        if len(self._face) < _LEAST:
            return 0.0
        slope = np.gradient(np.mean(self._face, axis=0))
        # A face that was not followed exactly is shifted or stretched: that is no band either.
        first, last = np.mean(self._where, axis=0)
        return _swing(_rest(self._face, slope, slope * _S), float(first), float(last))

    def close(self) -> None:
        """Overwrite what was kept."""
        for kept in (self._room, self._face):
            for rows in kept:
                overwrite(rows)
            kept.clear()
        self._where.clear()


def _along_face(rgb: Pixels, top: Points, bottom: Points, wide: float) -> Rows:
    """Return the log of the mean light across the middle of the face at ``_ROWS`` places from forehead to chin."""
    down = (bottom - top) / _ROWS
    right = np.array([down[1], -down[0]]) / max(float(np.hypot(*down)), 1e-6) * (wide / 2 / _ACROSS)
    start = top - right * (_ACROSS / 2)
    matrix = np.stack([right, down, start], axis=1).astype(np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part = cv2.warpAffine(rgb, matrix, (_ACROSS, _ROWS), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    light = np.log(part[:, :, 1].mean(axis=1) + _BLACK)
    overwrite(part)
    return np.asarray(light, np.float64)


def _rest(kept: Iterable[Rows], *explained: Rows) -> Rows:
    """Return what is left of rows (n, _ROWS) without their mean, slow trends, and what is explained otherwise."""
    rows = np.stack(tuple(kept))
    rows -= rows.mean(axis=0)
    known = np.stack([*_TRENDS, *explained], axis=1)
    return np.asarray(rows - rows @ np.linalg.pinv(known).T @ known.T, np.float64)


def _swing(rest: Rows, first: float, last: float) -> float:
    """Return the depth of the strongest band in rows (n, _ROWS) that span first..last of the picture's height."""
    phase = 2 * np.pi * _CYCLES[:, None] * np.linspace(first, last, _ROWS)
    waves = np.stack([np.sin(phase), np.cos(phase)], axis=2)
    # Least squares by the normal equations, two unknowns for each number of cycles.
    squares = waves.transpose(0, 2, 1) @ waves
    fitted = np.linalg.solve(squares, waves.transpose(0, 2, 1) @ rest.T)
    return float((fitted**2).sum(axis=1).mean(axis=1).max() ** 0.5) * _GAMMA
