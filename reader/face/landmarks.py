"""468 mesh points of one face: MediaPipe Face Mesh (Kartynnik et al. 2019) on onnxruntime.

Any other backend that fills ``LandmarkBackend`` may take its place; tests/face holds two of them together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import onnxruntime

from reader.face.detector import Detection
from reader.face.geometry import LEFT_EYE_OUTER, RIGHT_EYE_OUTER, Points
from reader.face.image import Pixels
from reader.vault import overwrite

SIDE = 192
LEAST_SCORE = 0.5
MARGIN = 1.5  # the net was trained on squares of one and a half face boxes


@dataclass(frozen=True, slots=True)
class Region:
    """A square of the picture, turned so that the eyes are level: centre and side in pixels, angle in radians."""

    x: float
    y: float
    side: float
    angle: float


@dataclass(slots=True)
class Mesh:
    """One face. points (468, 3): x, y in pixels of the picture, z in the same unit. score in 0..1.

    crop: the level square (192, 192, 3) the points were found in; crop_points: x, y within it. Both belong to the
    caller, who overwrites them.
    """

    points: Points
    score: float
    region: Region
    crop: Pixels
    crop_points: Points

    @property
    def is_face(self) -> bool:
        """Whether the net is sure enough that there is a face at all; no number is no face."""
        return self.score >= LEAST_SCORE

    def wipe(self) -> None:
        """Overwrite everything that shows the face."""
        for gone in (self.points, self.crop, self.crop_points):
            overwrite(gone)


class LandmarkBackend(Protocol):
    """Finds the mesh inside a region of a picture."""

    def find(self, rgb: Pixels, region: Region) -> Mesh:
        """Return the mesh in ``region``; ``score`` says whether there is a face at all."""


def region_of_detection(found: Detection) -> Region:
    """Return the region to search after a detection."""
    x, y, w, h = found.box
    (rx, ry), (lx, ly) = found.eyes
    return Region(x + w / 2, y + h / 2, max(w, h) * MARGIN, math.atan2(ly - ry, lx - rx))


def region_of_points(points: Points) -> Region:
    """Return the region to search in the next frame, given this frame's points."""
    across = points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER]
    angle = math.atan2(float(across[1]), float(across[0]))
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]], np.float32)
    level = points[:, :2] @ turn.T
    low, high = level.min(axis=0), level.max(axis=0)
    centre = (low + high) / 2 @ turn
    return Region(float(centre[0]), float(centre[1]), float((high - low).max()) * MARGIN, angle)


class OnnxLandmarks:
    """The shipped backend. Not safe for use from several threads: it fills one input again and again."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._outputs = [output.name for output in session.get_outputs()]
        self._input = np.zeros((1, 3, SIDE, SIDE), np.float32)

    def find(self, rgb: Pixels, region: Region) -> Mesh:
        """Return the mesh in ``region`` of ``rgb`` (H, W, 3)."""
        scale = region.side / SIDE
        cos, sin = math.cos(region.angle) * scale, math.sin(region.angle) * scale
        half = SIDE / 2
        to_picture = np.array(
            [[cos, -sin, region.x - (cos - sin) * half], [sin, cos, region.y - (sin + cos) * half]], np.float32
        )
        crop = cv2.warpAffine(
            rgb,
            to_picture,
            (SIDE, SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        # One pass from bytes to planes of floats; separate steps for type, scale and order take seven times as long.
        np.multiply(crop.transpose(2, 0, 1), np.float32(1.0 / 255.0), out=self._input[0])
        raw, logit = self._session.run(self._outputs, {"input": self._input})
        self._input.fill(0)
        local = raw.reshape(468, 3)
        points = np.empty((468, 3), np.float32)
        points[:, :2] = local[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
        points[:, 2] = local[:, 2] * scale
        score = 1.0 / (1.0 + math.exp(-float(np.clip(logit.ravel()[0], -80.0, 80.0))))
        return Mesh(points, score, region, np.asarray(crop, np.uint8), local[:, :2].copy())
