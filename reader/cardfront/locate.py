"""Find the card in a camera frame and lay it flat (perspective rectified to 12 px/mm)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.cardfront.layout import CARD_MM, CARD_PX
from reader.cardfront.scratch import Scratch, as_uint8

_SEARCH_WIDTH = 640
_ASPECT = CARD_MM[0] / CARD_MM[1]
_ASPECT_SLACK = 0.14  # a card leaning 10 degrees keeps within this
_LEAST_SHARE = 0.18  # of the frame's area; smaller, the digits are too small to read

Corners = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Located:
    """``corners``: (4, 2) float32 frame pixels, clockwise, long side first (upside-down is still open)."""

    corners: Corners


def find_card(frame: NDArray[np.uint8], scratch: Scratch) -> Located | None:
    """Return the one ID-1 shaped bright thing in ``frame`` (uint8 RGB), or None."""
    scale = _SEARCH_WIDTH / frame.shape[1]
    small = scratch.keep(cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    grey = scratch.keep(as_uint8(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)))
    grey = scratch.keep(as_uint8(cv2.GaussianBlur(grey, (5, 5), 0)))
    if float(np.percentile(grey, 99)) - float(np.percentile(grey, 1)) < 30:  # nothing but bed
        return None
    _, bright = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    bright = scratch.keep(as_uint8(bright))
    bright = scratch.keep(as_uint8(cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))))
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    area = float(grey.size)
    large = sorted((c for c in contours if cv2.contourArea(c) > area * 0.01), key=cv2.contourArea, reverse=True)
    if not large:
        return None
    for outline in (large[0], np.concatenate(large)):  # a magnetic stripe cuts a back in two
        corners = _quadrilateral(cv2.convexHull(outline))
        if corners is not None and cv2.contourArea(corners) > area * _LEAST_SHARE and _card_shaped(corners):
            # A pixel of the small picture lies between the pixels it was made of.
            return Located(((corners + 0.5) / scale - 0.5).astype(np.float32))
    return None


def _quadrilateral(hull: Any) -> Corners | None:
    """Fit four lines to the sides of a hull with rounded corners; return their meeting points clockwise."""
    rough = None
    length = cv2.arcLength(hull, True)
    for tolerance in (0.02, 0.03, 0.04, 0.05, 0.06):
        shape = cv2.approxPolyDP(hull, tolerance * length, True)
        if len(shape) == 4:
            rough = shape.reshape(4, 2).astype(np.float32)
            break
    if rough is None:
        rough = cv2.boxPoints(cv2.minAreaRect(hull)).astype(np.float32)
    rough = _clockwise(rough)
    dense = _densify(hull.reshape(-1, 2).astype(np.float32))
    lines = []
    for start, stop in zip(rough, np.roll(rough, -1, axis=0), strict=True):
        along = stop - start
        size = float(np.hypot(*along))
        if size < 20:
            return None
        along = along / size
        offset = dense - start
        way = offset @ along
        apart = np.abs(offset[:, 0] * along[1] - offset[:, 1] * along[0])
        side = dense[(way > 0.14 * size) & (way < 0.86 * size) & (apart < 0.06 * size + 3)]
        if len(side) < 12:
            return None
        vx, vy, x, y = cv2.fitLine(side, cv2.DIST_HUBER, 0, 0.01, 0.01).ravel()
        lines.append((float(vy), float(-vx), float(vy * x - vx * y)))
    corners = []
    for before, after in zip(lines[-1:] + lines[:-1], lines, strict=True):
        matrix = np.array([before[:2], after[:2]])
        if abs(np.linalg.det(matrix)) < 0.2:
            return None
        corners.append(np.linalg.solve(matrix, np.array([before[2], after[2]])))
    return np.array(corners, np.float32)


def _densify(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Put a point at least every two pixels along a closed hull, so that long straight sides weigh by length."""
    parts = []
    for start, stop in zip(points, np.roll(points, -1, axis=0), strict=True):
        steps = max(1, int(np.hypot(*(stop - start)) // 2))
        parts.append(start + (stop - start) * (np.arange(steps)[:, None] / steps))
    return np.concatenate(parts).astype(np.float32)


def _clockwise(corners: Corners) -> Corners:
    """Order clockwise (y down) with the long side first, its left end leading where it lies level."""
    middle = corners.mean(axis=0)
    corners = corners[np.argsort(np.arctan2(*(corners - middle).T[::-1]))]
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    if sides[0] + sides[2] < sides[1] + sides[3]:
        corners = np.roll(corners, -1, axis=0)
    return corners.astype(np.float32)


def _card_shaped(corners: Corners) -> bool:
    """True where opposite sides' mean lengths have the ID-1 ratio and the shape is convex."""
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    aspect = float((sides[0] + sides[2]) / max(1e-6, sides[1] + sides[3]))
    return abs(aspect / _ASPECT - 1) < _ASPECT_SLACK and cv2.isContourConvex(corners)


def flatten(
    frame: NDArray[np.uint8], corners: Corners, scratch: Scratch, *, upside_down: bool = False, nudge_px: float = 0.0
) -> NDArray[np.uint8]:
    """Return the card laid flat, uint8 RGB (648, 1027, 3). ``nudge_px`` shifts the sampling grid (0..1 pixel)."""
    source = np.roll(corners, 2, axis=0) if upside_down else corners
    width, height = CARD_PX
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) + np.float32(nudge_px)
    homography = cv2.getPerspectiveTransform(source, target)
    return scratch.keep(as_uint8(cv2.warpPerspective(frame, homography, CARD_PX, flags=cv2.INTER_CUBIC)))
