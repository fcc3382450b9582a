"""Curves and histograms as PNG files, drawn with Pillow: a lab needs no plotting library for these two pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from reader.face.evaluation.stats import Curve, Scores

_SIZE = (1120, 700)
_FRAME = (110, 80, 820, 610)  # the legend stands to its right
# Nine that stay apart for colour-blind eyes as far as nine can (Okabe & Ito 2008, and two browns).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#000000", "#7a4b2a", "#7f7f7f")
_INK, _GRID, _FAINT = "#241f31", "#deddda", "#9a9996"
_TWICE = 2  # drawn twice as large and shrunk: lines come out smooth


def trade_off(curves: Mapping[str, Curve], path: Path, title: str, accept: str = "FMR", reject: str = "FNMR") -> None:
    """Draw detection error trade-off curves to ``path``: both axes logarithmic, a dot where both errors are equal.

    Where no error was seen a curve runs along the edge of the picture.
    """
    seen = [rate for one in curves.values() for rate in (one.false_accept, one.false_reject)]
    smallest = min((float(rate[rate > 0].min()) for rate in seen if (rate > 0).any()), default=0.01)
    decades = max(2, min(6, math.ceil(-math.log10(smallest))))
    sheet = _Sheet(title, accept, reject)

    def place(rate: float) -> float:
        return max(0.0, (math.log10(max(rate, 1e-9)) + decades) / decades)

    for power in range(-decades, 1):
        label = f"{10.0 ** (power + 2):g} %"
        sheet.grid(place(10.0**power), label, vertical=True)
        sheet.grid(place(10.0**power), label, vertical=False)
    sheet.line([(0.0, 0.0), (1.0, 1.0)], _GRID, 2)
    for k, (name, one) in enumerate(curves.items()):
        colour = _COLOURS[k % len(_COLOURS)]
        pairs = zip(one.false_accept, one.false_reject, strict=True)
        sheet.line([(place(float(x)), place(float(y))) for x, y in pairs], colour, 3)
        equal = one.equal_error[0]
        sheet.dot((place(equal), place(equal)), colour)
        sheet.legend(k, f"{name}: EER {equal:.1%}", colour)
    sheet.save(path)


def histogram(scores: Mapping[str, Scores], path: Path, title: str, threshold: float | None = None) -> None:
    """Draw score histograms, each as high as its highest bin, and the threshold as a line, to ``path``."""
    sheet = _Sheet(title, "score", "share of the presentations, highest bin = 1")
    filled = {name: values for name, values in scores.items() if values.size}
    low = min((float(values.min()) for values in filled.values()), default=0.0)
    high = max((float(values.max()) for values in filled.values()), default=1.0)
    step = _round_step(max(high - low, 1e-6) / 6)
    first, last = math.floor(low / step), math.ceil(high / step) if high > low else math.floor(low / step) + 1
    begin, span = first * step, (last - first) * step
    for k, (name, values) in enumerate(filled.items()):
        colour = _COLOURS[k % len(_COLOURS)]
        bins = int(np.clip(2 * values.size ** (1 / 2), 12, 80))
        counts = np.histogram(values, bins=bins, range=(begin, begin + span))[0] / values.size
        corners = [(0.0, 0.0)]
        for j, share in enumerate(counts / counts.max()):
            corners += [(j / bins, float(share) * 0.95), ((j + 1) / bins, float(share) * 0.95)]
        sheet.area([*corners, (1.0, 0.0)], colour)
        sheet.legend(k, f"{name} (n = {values.size})", colour)
    for j in range(last - first + 1):
        sheet.grid(j / (last - first), f"{(first + j) * step:g}", vertical=True)
    if threshold is not None and 0.0 <= (threshold - begin) / span <= 1.0:
        place = (threshold - begin) / span
        sheet.line([(place, 0.0), (place, 1.0)], _INK, 3)
        sheet.note(place, f"threshold {threshold:g}")
    sheet.save(path)


def _round_step(about: float) -> float:
    """Return 1, 2 or 5 times a power of ten, not less than ``about``."""
    power = 10.0 ** math.floor(math.log10(about))
    return next(power * by for by in (1, 2, 5, 10) if power * by >= about * 0.999)


class _Sheet:
    """A titled frame. Places are 0..1 from its lower left corner."""

    def __init__(self, title: str, across: str, up: str) -> None:
        self._image = Image.new("RGB", (_SIZE[0] * _TWICE, _SIZE[1] * _TWICE), "white")
        self._draw = ImageDraw.Draw(self._image, "RGBA")
        left, _, right, bottom = _FRAME
        self._text((left, 18), title, 22)
        self._text((left, 50), up, 16)
        self._text(((left + right) / 2, bottom + 44), across, 16, anchor="ma")
        self._rectangle()

    def grid(self, place: float, label: str, *, vertical: bool) -> None:
        """Draw a grid line with its label."""
        ends = [(place, 0.0), (place, 1.0)] if vertical else [(0.0, place), (1.0, place)]
        self.line(ends, _GRID, 1)
        x, y = _at(*ends[0])
        self._text((x, y + 10) if vertical else (x - 10, y), label, 15, anchor="ma" if vertical else "rm")

    def line(self, places: list[tuple[float, float]], colour: str, width: int) -> None:
        """Draw through ``places``."""
        if len(places) > 1:
            points = [_twice(_at(*place)) for place in places]
            self._draw.line(points, fill=colour, width=width * _TWICE, joint="curve")

    def area(self, places: list[tuple[float, float]], colour: str) -> None:
        """Fill what ``places`` enclose, so that what lies behind shows through."""
        points = [_twice(_at(*place)) for place in places]
        self._draw.polygon(points, fill=f"{colour}59")
        self._draw.line(points, fill=colour, width=2 * _TWICE)

    def dot(self, place: tuple[float, float], colour: str) -> None:
        """Draw a dot."""
        x, y = _twice(_at(*place))
        reach = 6 * _TWICE
        self._draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour, outline="white", width=_TWICE)

    def legend(self, k: int, name: str, colour: str) -> None:
        """Name the ``k``-th line."""
        x, y = _FRAME[2] + 22, _FRAME[1] + 14 + 30 * k
        self._draw.line([_twice((x, y)), _twice((x + 28, y))], fill=colour, width=5 * _TWICE)
        self._text((x + 38, y), name, 15, anchor="lm")

    def note(self, place: float, words: str) -> None:
        """Write above the frame."""
        x, _ = _at(place, 1.0)
        self._text((x, _FRAME[1] - 6), words, 15, anchor="mb")

    def save(self, path: Path) -> None:
        """Write the picture."""
        self._rectangle()
        self._image.resize(_SIZE, Image.Resampling.LANCZOS).save(path)

    def _rectangle(self) -> None:
        left, top, right, bottom = (value * _TWICE for value in _FRAME)
        self._draw.rectangle((left, top, right, bottom), outline=_FAINT, width=_TWICE)

    def _text(self, place: tuple[float, float], words: str, size: int, colour: str = _INK, anchor: str = "la") -> None:
        self._draw.text(_twice(place), words, fill=colour, font=ImageFont.load_default(size * _TWICE), anchor=anchor)


def _at(x: float, y: float) -> tuple[float, float]:
    left, top, right, bottom = _FRAME
    return left + min(max(x, 0.0), 1.0) * (right - left), bottom - min(max(y, 0.0), 1.0) * (bottom - top)


def _twice(place: tuple[float, float]) -> tuple[float, float]:
    return place[0] * _TWICE, place[1] * _TWICE
