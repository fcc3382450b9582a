"""Which side of the card faces the camera, decided by coarse layout alone and before any character is read.

The back carries the 12-digit number, so a frame counts as a front only on positive evidence (a portrait where the
portrait belongs) and never with any sign of a back (QR finder patterns, magnetic stripe, contact plate). In doubt:
not a front.
"""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from reader.cardfront.layout import PHOTO, PX_PER_MM, Zone
from reader.cardfront.scratch import Scratch, as_uint8

_COARSE = 4.0  # px/mm: characters are unreadable at this scale
_PHOTO_LEAST_MM = (11.0, 17.0)  # a portrait's dark part; the back's contact plate is 10 mm high
_PHOTO_LEAST_AREA = 110.0  # mm2 of the portrait's 580
_PATCH_LEAST_AREA = 8.0
_DARKER = 0.90
_CLEARLY = 1.35
# C1..C8 span 10.25..19.87 mm across and 19.23..28.55 mm down from the card's top left corner.
_CONTACTS = Zone(11.0, 20.5, 19.5, 28.0)
_AROUND_CONTACTS = (
    Zone(5.0, 20.5, 7.6, 28.0),
    Zone(23.2, 20.5, 25.4, 28.0),
    Zone(11.0, 17.2, 19.5, 18.2),
    Zone(11.0, 31.2, 19.5, 33.0),
)
_STRIPE_LEAST_MM = 5.0


class Side(Enum):
    """What lies before the camera."""

    FRONT = "front"
    FRONT_UPSIDE_DOWN = "front_upside_down"
    BACK = "back"
    UNSURE = "unsure"


def which_side(card: NDArray[np.uint8], scratch: Scratch) -> Side:
    """Decide the side of a card laid flat (uint8 RGB at 12 px/mm)."""
    grey = scratch.keep(as_uint8(cv2.cvtColor(card, cv2.COLOR_RGB2GRAY)))
    if count_finder_patterns(grey, scratch) >= 2:
        return Side.BACK
    scale = _COARSE / PX_PER_MM
    coarse = scratch.keep(as_uint8(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)))
    ground = scratch.keep(_ground(coarse, scratch))
    relative = scratch.keep(np.divide(coarse, np.maximum(ground, np.float32(1)), dtype=np.float32))
    over = scratch.keep(np.ascontiguousarray(relative[::-1, ::-1]))
    if _has_stripe(relative) or has_contacts(relative) or has_contacts(over):
        return Side.BACK
    upright, turned = portrait_score(relative, PHOTO), portrait_score(over, PHOTO)
    if max(upright, turned) < 1.0 or max(upright, turned) < _CLEARLY * min(upright, turned):
        return Side.UNSURE
    return Side.FRONT if upright >= turned else Side.FRONT_UPSIDE_DOWN


def _ground(coarse: NDArray[np.uint8], scratch: Scratch) -> NDArray[np.float32]:
    """The brightness of the bare card at each point: a cubic surface fitted to what is neither print nor glare."""
    tiny = scratch.keep(cv2.resize(coarse, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA).astype(np.float32))
    terms = _cubic(tiny.shape)
    values = scratch.keep(tiny.ravel().astype(np.float64))
    keep = (values > 0.5 * np.percentile(values, 80)) & (values < 252)
    fitted = np.full_like(values, np.percentile(values, 70))
    for _ in range(6):
        if keep.sum() < 60:
            break
        chosen = terms[keep]
        weights = np.linalg.solve(chosen.T @ chosen + 1e-6 * np.eye(terms.shape[1]), chosen.T @ values[keep])
        fitted = terms @ weights
        ratio = values / np.maximum(fitted, 1)
        keep = (ratio > 0.93) & (ratio < 1.1) & (values < 252)
    surface = scratch.keep(np.maximum(fitted, 1).reshape(tiny.shape).astype(np.float32))
    return scratch.keep(cv2.resize(surface, coarse.shape[::-1], interpolation=cv2.INTER_LINEAR).astype(np.float32))


def _cubic(shape: tuple[int, ...]) -> NDArray[np.float64]:
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    x, y = x.ravel(), y.ravel()
    powers = [x**i * y**j for i in range(4) for j in range(4 - i)]
    return np.stack(powers, axis=1)


def _has_stripe(relative: NDArray[np.float32]) -> bool:
    """A band dark from edge to edge."""
    inner = relative[:, round(2 * _COARSE) : -round(2 * _COARSE)]
    dark = np.mean(inner < 0.6, axis=1) > 0.85
    return _longest_run(dark) >= _STRIPE_LEAST_MM * _COARSE


def has_contacts(relative: NDArray[np.float32]) -> bool:
    """A plate darker than the card where ISO/IEC 7816-2 puts the contacts, with bare card on all its four sides."""
    if float(np.median(_part(relative, _CONTACTS))) > 0.92:
        return False
    bare = [abs(float(np.median(_part(relative, strip))) - 1) < 0.05 for strip in _AROUND_CONTACTS]
    return all(bare)


def _part(relative: NDArray[np.float32], zone: Zone) -> NDArray[np.float32]:
    rows, columns = zone.pixels(_COARSE)
    return relative[rows, columns]


def portrait_score(relative: NDArray[np.float32], zone: Zone) -> float:
    """How well the dark patches in ``zone`` fill a portrait; 1.0 and more is one.

    ``relative``: brightness over that of the bare card. Hair, face and clothes cover a third of a portrait and more;
    specks and characters do not count.
    """
    rows, columns = zone.pixels(_COARSE)
    patch = (relative[rows, columns] < _DARKER).astype(np.uint8)
    patch = as_uint8(cv2.morphologyEx(patch, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)))
    count, _, stats, _ = cv2.connectedComponentsWithStats(patch)
    large = [stats[label] for label in range(1, count) if stats[label, 4] >= _PATCH_LEAST_AREA * _COARSE**2]
    if not large:
        return 0.0
    width = max(int(s[0] + s[2]) for s in large) - min(int(s[0]) for s in large)
    height = max(int(s[1] + s[3]) for s in large) - min(int(s[1]) for s in large)
    if width < _PHOTO_LEAST_MM[0] * _COARSE or height < _PHOTO_LEAST_MM[1] * _COARSE:
        return 0.0
    return sum(int(s[4]) for s in large) / _COARSE**2 / _PHOTO_LEAST_AREA


def _longest_run(flags: NDArray[np.bool_]) -> int:
    best = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        best = max(best, run)
    return best


def count_finder_patterns(grey: NDArray[np.uint8], scratch: Scratch) -> int:
    """Count QR finder patterns (ISO/IEC 18004: 7x7, 5x5 and 3x3 modules nested) without decoding anything."""
    smooth = scratch.keep(as_uint8(cv2.GaussianBlur(grey, (3, 3), 0)))
    found: list[tuple[float, float]] = []
    for block in (41, 91):
        binary = scratch.keep(
            as_uint8(cv2.adaptiveThreshold(smooth, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, 9))
        )
        contours, hierarchy = cv2.findContours(binary, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
        if not contours:
            continue
        for index, links in enumerate(hierarchy[0]):
            hole = int(links[2])
            core = int(hierarchy[0][hole][2]) if hole >= 0 else -1
            if core < 0 or int(hierarchy[0][core][2]) >= 0:
                continue
            nest = [contours[index], contours[hole], contours[core]]
            if all(_square(contour) for contour in nest):
                outer, ring, centre = (cv2.contourArea(contour) for contour in nest)
                if 1.3 < outer / max(ring, 1) < 3.2 and 1.7 < ring / max(centre, 1) < 5.0:
                    x, y, width, height = cv2.boundingRect(contours[index])
                    at = (x + width / 2, y + height / 2)
                    if all(np.hypot(at[0] - other[0], at[1] - other[1]) > 6 for other in found):
                        found.append(at)
    return len(found)


def _square(contour: MatLike) -> bool:
    (_, _), (width, height), _ = cv2.minAreaRect(contour)
    small, large = min(width, height), max(width, height)
    if small < 5 or large > 90 or small / large < 0.75:
        return False
    return cv2.contourArea(contour) > 0.7 * width * height
