"""Cue: what a small net says about the texture of the face and its surroundings, and what the skin's colours say.

MiniFASNet-V2-SE style (Minivision 2020), three classes: live, print, replay. It is asked twice, with two widths of
surroundings, because one view alone is wrong in one print out of five from an unknown camera. Colours say what it does
not (colour moments: Wen, Han & Jain 2015): living skin is unevenly red, lips and cheeks most, and its tints lie along
one line, that of blood under it; printing and photographing again flattens the first and scatters the second. What is
usual is taken from genuine photographs only, so no attack had to be known. Only means over frames are used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime

from reader.face.embedder import align
from reader.face.geometry import Points, box
from reader.face.image import Pixels
from reader.vault import overwrite

SIDE = 128
WIDE = 2.7  # face boxes: what the net was trained to see
CLOSE = 2.0  # and a closer look
_CEILING = 6.0  # one frame cannot say more than this many nats, however sure the net claims to be

# Median and robust deviation over genuine photographs (LFW).
RED_USUAL, RED_DEVIATION = 2.89, 0.41  # log of the 10-90 % spread of Cr over the inner face
LINED_USUAL, LINED_DEVIATION = 0.787, 0.145  # correlation of Cr with -Cb there, at the size of lips and cheeks
_TINTS_SIDE, _FINE, _COARSE = 56, 1.5, 6.0  # side of the face in pixels, and the blurs between which that size lies
_RED_NATS, _LINED_NATS = 3.0, 1.5  # per deviation
_NEUTRAL = -0.6  # deviations; half way to where prints lie
# Faded or scattered colour is a sign of paper; vivid colour is hardly one of life. Noise in dim light scatters as well.
_RED_FLOOR, _RED_CEILING = -4.0, 2.0
_LINED_FLOOR, _LINED_CEILING = -2.0, 0.5


def wide_crop(rgb: Pixels, points: Points) -> Pixels:
    """Return the (128, 128, 3) RGB square of ``WIDE`` face boxes, shifted to lie in the picture, narrowed to fit it."""
    x, y, w, h = box(points)
    height, width = rgb.shape[:2]
    side_x, side_y = min(max(w, h) * WIDE, float(width)), min(max(w, h) * WIDE, float(height))
    left = float(np.clip(x + w / 2 - side_x / 2, 0.0, width - side_x))
    top = float(np.clip(y + h / 2 - side_y / 2, 0.0, height - side_y))
    cut = rgb[int(top) : math.ceil(top + side_y), int(left) : math.ceil(left + side_x)]
    return np.asarray(cv2.resize(cut, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def close_crop(rgb: Pixels, points: Points) -> Pixels:
    """Return the (128, 128, 3) RGB square of ``CLOSE`` face boxes around it; beyond the picture its edge repeats."""
    x, y, w, h = box(points)
    scale = max(w, h) * CLOSE / SIDE
    half = SIDE / 2 * scale
    matrix = np.array([[scale, 0.0, x + w / 2 - half], [0.0, scale, y + h / 2 - half]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(rgb, matrix, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


@dataclass(frozen=True, slots=True)
class Colours:
    """Colours of a face in robust deviations from what is usual; grey pictures are far below in both.

    red: how unevenly red it is. lined: how well its tints lie along one line.
    """

    red: float
    lined: float

    @property
    def nats(self) -> float:
        """What they say for a living face, -6 .. +2.5."""
        red, lined = _RED_NATS * (self.red - _NEUTRAL), _LINED_NATS * (self.lined - _NEUTRAL)
        return max(_RED_FLOOR, min(_RED_CEILING, red)) + max(_LINED_FLOOR, min(_LINED_CEILING, lined))


def colours(rgb: Pixels, points: Points) -> Colours:
    """Read the colours of the inner face."""
    face = align(rgb, points)
    read = Colours(
        red=(math.log(_spread_of_red(face)) - RED_USUAL) / RED_DEVIATION,
        lined=(_along_one_line(face) - LINED_USUAL) / LINED_DEVIATION,
    )
    overwrite(face)
    return read


def _spread_of_red(face: Pixels) -> float:
    """Return the 10-90 % spread of Cr, at least 0.5."""
    smooth = cv2.GaussianBlur(face, (0, 0), 1.0)
    tints = cv2.cvtColor(smooth, cv2.COLOR_RGB2YCrCb)
    ranked = np.sort(tints[14:104, 14:98, 1], axis=None)
    low, high = float(ranked[len(ranked) // 10]), float(ranked[len(ranked) * 9 // 10])
    for gone in (smooth, tints, ranked):
        overwrite(gone)
    return max(high - low, 0.5)


def _along_one_line(face: Pixels) -> float:
    """Return the correlation of Cr with -Cb, -1..1, of what varies between the sizes of an eyelid and a cheek."""
    small = cv2.resize(face, (_TINTS_SIDE, _TINTS_SIDE), interpolation=cv2.INTER_AREA)
    coded = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)
    tints = coded[:, :, 1:].astype(np.float32)
    fine, coarse = (cv2.GaussianBlur(tints, (0, 0), size).astype(np.float32, copy=False) for size in (_FINE, _COARSE))
    fine -= coarse
    inner = fine[7:52, 7:49].reshape(-1, 2)
    between = np.cov(inner, rowvar=False)
    lined = -float(between[0, 1]) / max(math.sqrt(float(between[0, 0] * between[1, 1])), 1e-4)
    for gone in (small, coded, tints, fine, coarse, inner):
        overwrite(gone)
    return lined


class PassiveNet:
    """Log-odds of a live face in one picture. Not safe for use from several threads: it fills one input again."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._name = session.get_inputs()[0].name
        self._input = np.zeros((1, 3, SIDE, SIDE), np.float32)

    def log_odds(self, crop: Pixels) -> float:
        """Return log(p / (1 - p)) of "live" for a context crop (128, 128, 3) RGB; the net itself takes BGR."""
        np.copyto(self._input[0], crop.transpose(2, 0, 1)[::-1])
        (logits,) = self._session.run(None, {self._name: self._input})
        self._input.fill(0)
        live, *fakes = (float(value) for value in logits.ravel())
        top = max(fakes)
        other = top + math.log(sum(math.exp(value - top) for value in fakes))
        return max(-_CEILING, min(_CEILING, live - other))

    def look(self, rgb: Pixels, points: Points) -> float:
        """Return the evidence of one frame in nats: mean of the net's views, plus what the colours say."""
        views = []
        for crop in (wide_crop(rgb, points), close_crop(rgb, points)):
            views.append(self.log_odds(crop))
            overwrite(crop)
        return sum(views) / len(views) + colours(rgb, points).nats


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
