"""Curves and histograms as PNG files, drawn with Pillow: a lab needs no plotting library for these two pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from reader.face.evaluation.stats import Curve, Scores

_SIZE = (900, 680)
_FRAME = (90, 50, 860, 600)
_COLOURS = ("#1a5fb4", "#c64600", "#26a269", "#813d9c", "#986a44", "#5e5c64")
_INK, _GRID = "#241f31", "#deddda"
_LEAST = 1e-6


def trade_off(curves: Mapping[str, Curve], path: Path, title: str, accept: str = "FMR", reject: str = "FNMR") -> None:
    """Draw detection error trade-off curves, both axes logarithmic, to ``path``."""
    image, draw = _canvas(title, f"{accept}", f"{reject}")
    for power in range(-5, 1):
        _grid(draw, 10.0**power, (power + 5) / 5, vertical=True)
    for power in range(-4, 1):
        _grid(draw, 10.0**power, (power + 4) / 4, vertical=False)
    for k, (name, one) in enumerate(curves.items()):
        xs = (np.log10(np.maximum(one.false_accept, _LEAST)) + 5) / 5
        ys = (np.log10(np.maximum(one.false_reject, _LEAST)) + 4) / 4
        points = [_at(float(x), float(y)) for x, y in zip(xs, ys, strict=True) if 0 <= x <= 1 and 0 <= y <= 1]
        if len(points) > 1:
            draw.line(points, fill=_COLOURS[k % len(_COLOURS)], width=3)
        _legend(draw, k, name)
    image.save(path)


def histogram(scores: Mapping[str, Scores], path: Path, title: str, threshold: float | None = None) -> None:
    """Draw normalised score histograms, and the threshold as a line, to ``path``."""
    image, draw = _canvas(title, "score", "share")
    filled = {name: values for name, values in scores.items() if values.size}
    low = min((float(values.min()) for values in filled.values()), default=0.0)
    high = max((float(values.max()) for values in filled.values()), default=1.0)
    span = max(high - low, 1e-6)
    counts = {name: np.histogram(values, bins=80, range=(low, low + span))[0] for name, values in filled.items()}
    for k, (name, count) in enumerate(counts.items()):
        heights = count / max(int(count.max()), 1)
        points = [_at((j + 0.5) / 80, float(height) * 0.97) for j, height in enumerate(heights)]
        draw.line(points, fill=_COLOURS[k % len(_COLOURS)], width=3)
        _legend(draw, k, f"{name} ({scores[name].size})")
    for j in range(6):
        _grid(draw, low + span * j / 5, j / 5, vertical=True)
    if threshold is not None:
        place = (threshold - low) / span
        draw.line([_at(place, 0.0), _at(place, 1.0)], fill=_INK, width=2)
        draw.text(_at(place, 1.0), f" {threshold:.3f}", fill=_INK, font=_font())
    image.save(path)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=18)


def _canvas(title: str, across: str, up: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", _SIZE, "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle(_FRAME, outline=_INK)
    draw.text((_FRAME[0], 14), title, fill=_INK, font=_font())
    draw.text(((_FRAME[0] + _FRAME[2]) / 2 - 30, _FRAME[3] + 42), across, fill=_INK, font=_font())
    draw.text((12, _FRAME[1] - 8), up, fill=_INK, font=_font())
    return image, draw


def _at(x: float, y: float) -> tuple[float, float]:
    left, top, right, bottom = _FRAME
    return left + x * (right - left), bottom - y * (bottom - top)


def _grid(draw: ImageDraw.ImageDraw, value: float, place: float, *, vertical: bool) -> None:
    label = f"{value:.2f}" if value == 0 or abs(math.log10(abs(value) + 1e-12)) < 2 else f"{value:.0e}"
    if vertical:
        draw.line([_at(place, 0.0), _at(place, 1.0)], fill=_GRID)
        draw.text((_at(place, 0.0)[0] - 22, _FRAME[3] + 10), label, fill=_INK, font=_font())
    else:
        draw.line([_at(0.0, place), _at(1.0, place)], fill=_GRID)
        draw.text((18, _at(0.0, place)[1] - 10), label, fill=_INK, font=_font())


def _legend(draw: ImageDraw.ImageDraw, k: int, name: str) -> None:
    y = _FRAME[1] + 16 + 26 * k
    draw.line([(_FRAME[2] - 250, y + 10), (_FRAME[2] - 215, y + 10)], fill=_COLOURS[k % len(_COLOURS)], width=4)
    draw.text((_FRAME[2] - 205, y), name, fill=_INK, font=_font())
