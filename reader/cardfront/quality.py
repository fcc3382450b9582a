"""Can this card be read as it lies: sleeve and blur. Measured on pixels, before any character is read."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.cardfront.layout import CARD_MM, DATES
from reader.cardfront.locate import Corners
from reader.cardfront.scratch import Scratch, as_uint8

_RING_MM = (-3.5, 5.5)
_RING_STEP_MM = 0.15
_CARD_LEVEL = 0.88  # of the card's own brightness: below this its edge has been crossed
_BED_SLACK = 0.09
_POCKET_LEAST_MM = 1.2  # a bare edge in soft focus fades over 0.6 mm


@dataclass(frozen=True, slots=True)
class Quality:
    """pocket_sides: sides (0..4) with the margin of a pocket beside the card. sharpness: steepest edges of the print
    per pixel over its contrast, 0..1.
    """

    pocket_sides: int
    sharpness: float


def measure(frame: NDArray[np.uint8], corners: Corners, card: NDArray[np.uint8], scratch: Scratch) -> Quality:
    """Measure a frame (uint8 RGB) and the card laid flat from it (uint8 RGB at 12 px/mm)."""
    grey = scratch.keep(as_uint8(cv2.cvtColor(card, cv2.COLOR_RGB2GRAY)))
    dates = grey[DATES.pixels()]
    low, ground = (float(v) for v in np.percentile(dates, (0.3, 60)))
    smooth = scratch.keep(cv2.GaussianBlur(dates, (3, 3), 0).astype(np.float32))
    slopes = scratch.keep(np.abs(np.diff(smooth, axis=1)))
    sharpness = float(np.percentile(slopes, 99.7)) / max(1.0, ground - low)
    return Quality(_pocket_sides(frame, corners, scratch), sharpness)


def ring_profiles(frame: NDArray[np.uint8], corners: Corners, scratch: Scratch) -> list[NDArray[np.float32]]:
    """Brightness across each side from 3.5 mm inside to 5.5 mm outside the card, over the card's own brightness.

    Four arrays of equal length, NaN where the frame ends. The median along the middle of a side hides the print.
    """
    grey = scratch.keep(as_uint8(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)))
    flat = np.array([[0, 0], [CARD_MM[0], 0], [CARD_MM[0], CARD_MM[1]], [0, CARD_MM[1]]], np.float32)
    to_frame = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    outward = np.arange(_RING_MM[0], _RING_MM[1], _RING_STEP_MM, dtype=np.float32)
    profiles = []
    for side in range(4):
        span = CARD_MM[side % 2]
        along = np.linspace(0.12 * span, 0.88 * span, 120, dtype=np.float32)
        a, o = np.meshgrid(along, outward)
        if side == 0:
            points = np.stack([a, -o], -1)
        elif side == 1:
            points = np.stack([CARD_MM[0] + o, a], -1)
        elif side == 2:
            points = np.stack([a, CARD_MM[1] + o], -1)
        else:
            points = np.stack([-o, a], -1)
        seen = cv2.perspectiveTransform(points.reshape(1, -1, 2), to_frame).reshape(*a.shape, 2)
        values = scratch.keep(
            cv2.remap(grey, seen[..., 0], seen[..., 1], cv2.INTER_LINEAR, borderValue=0).astype(np.float32)
        )
        height, width = grey.shape
        inside = (seen[..., 0] > 1) & (seen[..., 0] < width - 2) & (seen[..., 1] > 1) & (seen[..., 1] < height - 2)
        values[~inside] = np.nan
        profile = np.full(len(outward), np.nan, np.float32)
        full = inside.mean(axis=1) > 0.5
        profile[full] = np.nanmedian(values[full], axis=1)
        own = float(np.nanmax(profile[outward < -0.6])) if np.isfinite(profile[outward < -0.6]).any() else 1.0
        profiles.append(profile / max(own, 1.0))
    return profiles


def _pocket_sides(frame: NDArray[np.uint8], corners: Corners, scratch: Scratch) -> int:
    """Sides where the card does not end in the bed at once but in a lighter band: the margin of a pocket."""
    profiles = ring_profiles(frame, corners, scratch)
    finite = [profile[np.isfinite(profile)] for profile in profiles]
    if not any(len(profile) for profile in finite):
        return 0
    floor = min(float(profile.min()) for profile in finite if len(profile))
    count = 0
    for profile in finite:
        below = np.flatnonzero(profile < _CARD_LEVEL)
        if len(below) == 0:
            continue
        start = int(below[0])
        ended = np.flatnonzero(profile[start:] < floor + _BED_SLACK)
        band = int(ended[0]) if len(ended) else len(profile) - start
        count += band * _RING_STEP_MM >= _POCKET_LEAST_MM
    return count
