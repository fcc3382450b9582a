"""Cue: what a small net says about the texture of the face and its surroundings, frame by frame.

MiniFASNet-V2-SE style (Minivision 2020), three classes: live, print, replay. One frame says little (about 13 % EER on
print attacks from unknown cameras), the mean over ten frames says much more, so only means are used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime

from reader.face.geometry import Points, box
from reader.face.image import Pixels

SIDE = 128
CONTEXT = 2.7  # face boxes the net was trained to see
_CEILING = 6.0  # one frame cannot say more than this many nats, however sure the net claims to be


def context_crop(rgb: Pixels, points: Points) -> Pixels:
    """Return the (128, 128, 3) RGB square of 2.7 face boxes around the mesh; beyond the picture, its edge repeats."""
    x, y, w, h = box(points)
    side = max(w, h) * CONTEXT
    scale = side / SIDE
    matrix = np.array([[scale, 0.0, x + w / 2 - side / 2], [0.0, scale, y + h / 2 - side / 2]], np.float32)
    # The net saw boxes shifted inside the picture, never padding: shift the square as far as it fits.
    height, width = rgb.shape[:2]
    matrix[0, 2] = np.clip(matrix[0, 2], min(0.0, width - side), max(0.0, width - side))
    matrix[1, 2] = np.clip(matrix[1, 2], min(0.0, height - side), max(0.0, height - side))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(rgb, matrix, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


class PassiveNet:
    """Log-odds of a live face in one frame."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    def log_odds(self, crop: Pixels) -> float:
        """Return log(p / (1 - p)) of "live" for a context crop (128, 128, 3) RGB; the net itself takes BGR."""
        image = np.ascontiguousarray(crop[:, :, ::-1].astype(np.float32).transpose(2, 0, 1)[None])
        (logits,) = self._session.run(None, {self._input: image})
        image.fill(0)
        live, *fakes = (float(value) for value in logits.ravel())
        top = max(fakes)
        other = top + math.log(sum(math.exp(value - top) for value in fakes))
        return max(-_CEILING, min(_CEILING, live - other))


@dataclass(slots=True)
class PassiveEvidence:
    """The running mean over one track."""

    total: float = 0.0
    frames: int = 0

    def add(self, log_odds: float) -> None:
        """Count one frame."""
        self.total += log_odds
        self.frames += 1

    @property
    def score(self) -> float:
        """Mean log-odds, 0 before the first frame."""
        return self.total / self.frames if self.frames else 0.0
