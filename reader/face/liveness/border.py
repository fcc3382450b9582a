"""Cue: straight edges left and right of the face that move with it, as those of a sheet or a screen held up do.

Edges of the room (a door, a window) are as straight, but stay where they are while the face sways. Both are looked
for in the same profiles, once laid over each other by the face and once by the picture; what counts is how much
better the first of them fits. A face and a room that both stand still show nothing.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.face.geometry import LEFT_EYE_OUTER, NASION, RIGHT_EYE_OUTER, Points
from reader.face.image import Pixels
from reader.vault import overwrite

EVERY_S, SETTLED_EVERY_S = 0.1, 0.2  # between two looks: until there is a score, and then
_COLUMNS, _ROWS = 192, 72
_ACROSS, _ABOVE, _DOWN = 5.6, 0.9, 2.0  # the part of the picture looked at, in eye distances, about the nasion
_NEAREST, _FARTHEST = 0.72, 2.6  # where a border may be, in eye distances to either side
_STEEP = 32.0  # grey levels of a Sobel filter from which an edge is as good as any
_LEAN = tuple(math.tan(math.radians(degrees)) for degrees in (-10, -7.5, -5, -2.5, 0, 2.5, 5, 7.5, 10))
_SHEARS = [np.array([[1.0, lean, -lean * _ROWS / 2], [0.0, 1.0, 0.0]], np.float32) for lean in _LEAN]
_U = ((np.arange(_COLUMNS) - _COLUMNS / 2) / _COLUMNS * _ACROSS).astype(np.float32)
_LEFT, _RIGHT = (_U > -_FARTHEST) & (_U < -_NEAREST), (_U < _FARTHEST) & (_U > _NEAREST)
_LEAST_LOOKS = 5
_LEAST_EDGE = 0.7  # share of the rows in which both edges must be


class BorderCue:
    """Edges that go with the face. Keeps means of profiles, no picture."""

    def __init__(self) -> None:
        self._with_face = np.zeros(_COLUMNS, np.float32)
        self._with_room = np.zeros(_COLUMNS, np.float32)
        self._first: tuple[float, float] | None = None
        self._looks = 0
        self._next = float("-inf")

    def add(self, rgb: Pixels, points: Points, at: float) -> None:
        """Take one frame (H, W, 3) with its mesh (468, 3) at second ``at``; most frames are left out."""
        if at < self._next:
            return
        self._next = at + (SETTLED_EVERY_S if self.settled else EVERY_S)
        eyes = float(np.linalg.norm(points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER]))
        x = float(points[NASION, 0])
        if self._first is None:
            self._first = (x, eyes)
        profile = _edges(rgb, points, eyes)
        self._with_face += profile
        first_x, first_eyes = self._first
        self._with_room += np.interp((_U * first_eyes + first_x - x) / eyes, _U, profile).astype(np.float32)
        self._looks += 1

    @property
    def settled(self) -> bool:
        """Whether there were enough looks for a score."""
        return self._looks >= _LEAST_LOOKS

    @property
    def score(self) -> float:
        """How much better two edges beside the face fit the face's movement than the room's rest, -1..1."""
        if not self.settled:
            return 0.0
        face, room = (_both(total) / self._looks for total in (self._with_face, self._with_room))
        return face - room if face >= _LEAST_EDGE else 0.0


def _both(profile: NDArray[np.float32]) -> float:
    return float(min(profile[_LEFT].max(), profile[_RIGHT].max()))


def _edges(rgb: Pixels, points: Points, eyes: float) -> NDArray[np.float32]:
    """Return for each column beside the face the share of its rows that a straight, nearly upright edge runs through.

    Coordinates are the face's: upright along it, in eye distances from between the eyes.
    """
    across = points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER]
    angle = math.atan2(float(across[1]), float(across[0]))
    cos, sin = math.cos(angle) * eyes, math.sin(angle) * eyes
    wide, tall = _ACROSS / _COLUMNS, _DOWN / _ROWS
    x, y = float(points[NASION, 0]), float(points[NASION, 1])
    left, top = _ACROSS / 2, _ABOVE
    matrix = np.array(
        [
            [cos * wide, -sin * tall, x - cos * left + sin * top],
            [sin * wide, cos * tall, y - sin * left - cos * top],
        ],
        np.float32,
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part = cv2.warpAffine(rgb, matrix, (_COLUMNS, _ROWS), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    steep = np.asarray(cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=3), np.float32)
    steep /= _STEEP
    np.clip(steep, -1.0, 1.0, out=steep)
    best = np.zeros(_COLUMNS, np.float32)
    for shear in _SHEARS:
        upright = cv2.warpAffine(steep, shear, (_COLUMNS, _ROWS), flags=cv2.INTER_LINEAR)
        np.maximum(best, np.abs(cv2.reduce(upright, 0, cv2.REDUCE_AVG)[0]), out=best)
        overwrite(upright)
    for gone in (part, grey, steep):
        overwrite(gone)
    return best
