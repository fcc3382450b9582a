"""How the light falls on a face: plain measurements of one frame, without judgement.

Everything is read from the level 192 x 192 crop around the face that the mesh was found in, so the cost does not
grow with the camera's resolution. Judgement (which of them to tell the patient) is in ``guidance``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.face.geometry import CHIN, FOREHEAD, LEFT_EYE_OUTER, OUTLINE, RIGHT_EYE_OUTER, Points
from reader.face.image import Pixels
from reader.vault import overwrite

_SMALL = 96  # light is smooth: half the crop's resolution measures it as well
_FINE = 64  # width of the eye region that sharpness is measured on
CLIPPED = 247  # code values above 0.97 of the range are a sensor's upper end


@dataclass(frozen=True, slots=True)
class LightReading:
    """Light on and around one face.

    face: mean luminance of the skin, 0..1 (sRGB-coded). background: ratio of the surroundings' linear luminance to
    the face's; above 1 the background is brighter. left_right: how uneven the two halves of the face are lit, 0..1:
    |left - right| / (left + right) in linear light. clipped: share of the skin at the sensor's upper end. sharpness:
    share of the fine detail of the eye region that a further blur takes away, 0 (soft) .. 1 (sharp). flicker: share by
    which the room's light swings within a picture, from ``bands``; no single frame shows it, 0 until it is measured.
    """

    face: float
    background: float
    left_right: float
    clipped: float
    sharpness: float
    flicker: float = 0.0


# Linear light of each code value (gamma 2.2 for sRGB's curve), so that ratios are ratios of light.
_LINEAR = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)
_ROWS, _COLUMNS = np.arange(_SMALL, dtype=np.float32)[:, None], np.arange(_SMALL, dtype=np.float32)[None, :]
_HAIR = np.ones((15, 15), np.uint8)


def read_light(crop: Pixels, points: Points) -> LightReading:
    """Measure a level face crop (S, S, 3) with its mesh points (468, 2) in crop pixels."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    linear = np.asarray(cv2.LUT(small, _LINEAR), np.float32)
    scaled = points * (_SMALL / crop.shape[0])
    outline = np.round(scaled[list(OUTLINE)]).astype(np.int32)
    skin = np.zeros((_SMALL, _SMALL), np.uint8)
    cv2.fillConvexPoly(skin, cv2.convexHull(outline), 1)
    face_light = _mean(linear, skin)
    # Hair hugs the face at the top and sides; what lies further out is the room. Below the chin is clothing.
    room = cv2.dilate(skin, _HAIR) == 0
    room[max(0, int(np.ceil(scaled[CHIN, 1]))) :] = False
    # The brightest third of the surroundings: one window matters, the dark coat beside it does not.
    surroundings = linear[room] if room.any() else linear[skin > 0]
    third = len(surroundings) * 2 // 3
    behind = float(np.partition(surroundings, third)[third:].mean()) if surroundings.size else face_light
    top, bottom = scaled[FOREHEAD], scaled[CHIN]
    middle = top[0] + (_ROWS - top[1]) * ((bottom[0] - top[0]) / max(bottom[1] - top[1], 1.0))
    image_left = skin * (middle > _COLUMNS)
    image_right = skin - image_left
    halves = [_mean(linear, half) if half.any() else face_light for half in (image_left, image_right)]
    area = max(cv2.countNonZero(skin), 1)
    reading = LightReading(
        face=_mean(small, skin) / 255.0,
        background=behind / max(face_light, 1e-3),
        left_right=abs(halves[0] - halves[1]) / max(halves[0] + halves[1], 1e-3),
        clipped=cv2.countNonZero(skin * (small > CLIPPED)) / area,
        sharpness=sharpness(crop, points),
    )
    for gone in (grey, small, linear, surroundings):
        overwrite(gone)
    return reading


def _mean(values: NDArray[Any], mask: Pixels) -> float:
    """Return the mean of values (S, S) where mask is not 0; 0 where it is nowhere."""
    return float(cv2.mean(values, mask)[0])


def sharpness(crop: Pixels, points: Points) -> float:
    """Compare the detail of the eye region with that of a blurred copy (Crete et al. 2007), free of contrast: 0..1.

    crop: RGB (H, W, 3), level. points: mesh (468, 2) in its pixels.
    """
    right, left = points[RIGHT_EYE_OUTER], points[LEFT_EYE_OUTER]
    width = max(float(np.linalg.norm(left - right)), 8.0)
    x0, x1 = int(max(min(right[0], left[0]) - width * 0.15, 0)), int(max(right[0], left[0]) + width * 0.15)
    y0, y1 = int(max(min(right[1], left[1]) - width * 0.3, 0)), int(max(right[1], left[1]) + width * 0.3)
    eyes = crop[y0 : y1 + 1, x0 : x1 + 1]
    if eyes.shape[0] < 8 or eyes.shape[1] < 8:
        return 0.0
    full = cv2.cvtColor(eyes, cv2.COLOR_RGB2GRAY)
    height = max(8, round(full.shape[0] * _FINE / full.shape[1]))
    small = cv2.resize(full, (_FINE, height), interpolation=cv2.INTER_AREA)
    grey = small.astype(np.float32)
    soft = cv2.blur(grey, (5, 5))
    lost = 0.0
    whole = 0.0
    for axis in (0, 1):
        fine, coarse = np.abs(np.diff(grey, axis=axis)), np.abs(np.diff(soft, axis=axis))
        lost += float(np.maximum(fine - coarse, 0).sum())
        whole += float(fine.sum())
    for gone in (full, small, grey, soft):
        overwrite(gone)
    return lost / max(whole, 1e-3)
