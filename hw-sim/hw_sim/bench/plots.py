"""Small pictures as SVG text. Colours are CSS classes of the page, so that they follow light and dark."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, LABEL, LINE, RIGHT = 760, 250, 30, 190


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of a plot. goal draws a tick; ours is drawn in the strong colour, bad in the warning one."""

    label: str
    value: float
    shown: str
    low: float | None = None
    high: float | None = None
    goal: float | None = None
    ours: bool = True
    bad: bool = False


def bars(title: str, marks: Sequence[Mark], axis: str) -> str:
    """Return horizontal bars from 0, with whiskers for intervals and a tick for each goal."""
    return _plot(title, marks, axis, dots=False)


def dots(title: str, marks: Sequence[Mark], axis: str, end: float | None = None) -> str:
    """Return a dot on its interval for each line: for rates, whose interval says more than their value."""
    return _plot(title, marks, axis, dots=True, end=end)


def ticks(end: float) -> list[float]:
    """Return round numbers from 0 up to the first that is not less than ``end``, three to seven of them."""
    if end <= 0:
        return [0.0, 1.0]
    scale = 10.0 ** math.floor(math.log10(end / 3))
    step = next(scale * one for one in (1, 2, 2.5, 5, 10) if end / (scale * one) <= 5.001)
    return [step * k for k in range(math.ceil(end / step - 1e-9) + 1)]


def stacked(title: str, pieces: Sequence[tuple[str, float, str]], goal: float, goal_says: str, axis: str) -> str:
    """Return one bar of named pieces (label, length, class) with a line at the goal."""
    marked = ticks(max(goal, sum(length for _, length, _ in pieces)) * 1.02)
    width, height = WIDTH - 50, 112
    scale = width / marked[-1]
    out = [_open(title, height)]
    x = 10.0
    for label, length, kind in pieces:
        out.append(f'<rect class="{kind}" x="{x:.1f}" y="30" width="{length * scale:.1f}" height="34" rx="3"/>')
        if length * scale > 7 * len(label):
            out.append(f'<text class="on" x="{x + 10:.1f}" y="52">{html.escape(label)}</text>')
        else:
            out.append(f'<text x="{x + length * scale:.1f}" y="82" text-anchor="end">{html.escape(label)}</text>')
        x += length * scale
    at = 10 + goal * scale
    anchor = "end" if at > WIDTH * 0.7 else "start"
    out.append(f'<path class="goal" d="M{at:.1f} 22V72"/>')
    out.append(f'<text class="goaltext" x="{at:.1f}" y="16" text-anchor="{anchor}">{html.escape(goal_says)}</text>')
    out += _axis(10, scale, marked, 90, axis)
    return "".join(out) + "</svg>"


def _plot(title: str, marks: Sequence[Mark], axis: str, *, dots: bool, end: float | None = None) -> str:
    reach = [value for mark in marks for value in (mark.value, mark.high, mark.goal) if value is not None]
    marked = ticks(max(reach, default=1.0) if end is None else end)
    width, height = WIDTH - LABEL - RIGHT, 8 + LINE * len(marks) + 34
    scale = width / marked[-1]
    out = [_open(title, height)]
    for number, mark in enumerate(marks):
        out += _line(mark, 8 + number * LINE, scale, dots=dots)
    out += _axis(LABEL, scale, marked, height - 22, axis)
    return "".join(out) + "</svg>"


def _line(mark: Mark, y: float, scale: float, *, dots: bool) -> list[str]:
    middle = y + LINE / 2
    kind = "bad" if mark.bad else "ours" if mark.ours else "theirs"
    x = LABEL + mark.value * scale
    out = [f'<text x="{LABEL - 10}" y="{middle + 5}" text-anchor="end">{html.escape(mark.label)}</text>']
    if not dots:
        width = max(1.0, mark.value * scale)
        out.append(f'<rect class="{kind}" x="{LABEL}" y="{y + 6}" width="{width:.1f}" height="{LINE - 12}" rx="2"/>')
    last = x
    if mark.low is not None and mark.high is not None and mark.high > mark.low:
        a, b = LABEL + mark.low * scale, LABEL + mark.high * scale
        last = max(last, b)
        wide = f"{kind} wide" if dots else "whisker"
        out.append(f'<path class="{wide}" d="M{a:.1f} {middle}H{b:.1f}"/>')
    if dots:
        out.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{middle}" r="5.5"/>')
    if mark.goal is not None:
        at = LABEL + mark.goal * scale
        out.append(f'<path class="goal" d="M{at:.1f} {y + 2}V{y + LINE - 2}"/>')
        last = max(last, at)
    out.append(f'<text class="value" x="{last + 10:.1f}" y="{middle + 5}">{html.escape(mark.shown)}</text>')
    return out


def _axis(left: float, scale: float, marked: Sequence[float], y: float, unit: str) -> list[str]:
    out = [f'<path class="axis" d="M{left} {y}h{scale * marked[-1]:.1f}"/>']
    for value in marked:
        x, text = left + scale * value, f"{value:.4g}" + (f" {unit}" if value == marked[-1] else "")
        out.append(f'<path class="axis" d="M{x:.1f} {y}v5"/>')
        out.append(f'<text class="tick" x="{x:.1f}" y="{y + 18}" text-anchor="middle">{html.escape(text)}</text>')
    return out


def _open(title: str, height: float) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{html.escape(title)}" '
        f'xmlns="http://www.w3.org/2000/svg">'
    )
