"""Where text lines and the security code stand on a card laid flat: dark strokes joined into boxes, nothing read."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.cardfront.layout import (
    CODE,
    CODE_AFTER_WIDTHS,
    CODE_ENDS_MM,
    CODE_GAP_MM,
    CODE_HEIGHT_MM,
    CODE_WIDTH_MM,
    DATE_GAP_MM,
    DATE_HEIGHT_MM,
    DATE_WIDTH_MM,
    DATES,
    PX_PER_MM,
    Zone,
)
from reader.cardfront.scratch import Scratch, as_uint8

_INK_SHARE = 0.42


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the card laid flat."""

    x: int
    y: int
    width: int
    height: int


def _px(mm: float) -> int:
    return max(1, round(mm * PX_PER_MM))


def _strokes(grey: NDArray[np.uint8], zone: Zone, scratch: Scratch) -> NDArray[np.uint8]:
    """Dark strokes of ``zone`` as a mask 0/255: black-hat over the ground's own brightness, so that shade is no ink."""
    part = scratch.keep(as_uint8(cv2.GaussianBlur(grey[zone.pixels()], (3, 3), 0)))
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (_px(1.3), _px(1.3)))
    ground = scratch.keep(as_uint8(cv2.morphologyEx(part, cv2.MORPH_CLOSE, kernel)))
    depth = scratch.keep((ground.astype(np.float32) - part) / np.maximum(ground, 12))
    ink = float(np.percentile(depth, 99.3))
    return scratch.keep((depth > max(0.06, _INK_SHARE * ink)).astype(np.uint8) * np.uint8(255))


def date_lines(grey: NDArray[np.uint8], scratch: Scratch) -> list[Box]:
    """Boxes that may be the birth or the expiry line, top to bottom. ``grey``: uint8 at 12 px/mm."""
    lines = _words(grey, DATES, (0.6, DATE_GAP_MM), scratch)
    fitting = [w for w in lines if _within(w.width, DATE_WIDTH_MM) and _within(w.height, DATE_HEIGHT_MM)]
    return sorted((line for line in fitting if line.width > 4 * line.height), key=lambda line: line.y)


def code_boxes(grey: NDArray[np.uint8], scratch: Scratch) -> list[Box]:
    """Boxes of short words below the photo that stand where the security code does: last on the serial number's line.

    Judged by place, not by white around the word: security lines of the ground look like faint ink beside it, and a
    piece of the serial number whose neighbours are worn away stands alone as well.
    """
    words = [w for w in _words(grey, CODE, (0.35, CODE_GAP_MM), scratch) if _within(w.height, CODE_HEIGHT_MM)]
    return [word for word in words if _within(word.width, CODE_WIDTH_MM) and _ends_the_line(word, words)]


def _ends_the_line(word: Box, words: list[Box]) -> bool:
    """True where the whole length of a serial number lies before ``word`` and nothing follows it."""
    line = [other for other in words if other is not word and _level(word, other)]
    start = min((other.x for other in line), default=word.x)
    end = word.x + word.width
    followed = any(word.x < other.x and other.x - end < CODE_ENDS_MM * PX_PER_MM for other in line)
    return word.x - start >= CODE_AFTER_WIDTHS * word.width and not followed


def _level(one: Box, other: Box) -> bool:
    """True where two words share a line: each middle lies within the other's height."""
    middles = one.y + one.height / 2, other.y + other.height / 2
    return 2 * abs(middles[0] - middles[1]) < min(one.height, other.height)


def _words(grey: NDArray[np.uint8], zone: Zone, gap_mm: tuple[float, float], scratch: Scratch) -> list[Box]:
    """Strokes less than ``gap_mm`` (down, across) apart joined into boxes, left to right; specks left out."""
    mask = _strokes(grey, zone, scratch)
    joined = scratch.keep(
        as_uint8(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((_px(gap_mm[0]), _px(gap_mm[1])), np.uint8)))
    )
    joined = scratch.keep(as_uint8(cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((_px(0.4), _px(0.5)), np.uint8))))
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    rows, columns = zone.pixels()
    boxes = []
    for label in range(1, count):
        x, y, width, height = (int(v) for v in stats[label, :4])
        boxes.append(Box(columns.start + x, rows.start + y, width, height))
    return sorted(boxes, key=lambda box: box.x)


def _within(px: int, bounds_mm: tuple[float, float]) -> bool:
    return bounds_mm[0] * PX_PER_MM <= px <= bounds_mm[1] * PX_PER_MM


def crop(card: NDArray[np.uint8], box: Box, margin: float, scratch: Scratch) -> NDArray[np.uint8]:
    """Cut ``box`` out with ``margin`` (share of its height) all around; uint8 RGB."""
    extra = round(box.height * margin)
    top, left = max(0, box.y - extra), max(0, box.x - round(extra * 1.5))
    bottom, right = box.y + box.height + extra, box.x + box.width + round(extra * 1.5)
    return scratch.keep(np.ascontiguousarray(card[top:bottom, left:right]))
