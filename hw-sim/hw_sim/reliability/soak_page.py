"""The picture of a soak: memory, handles, what a visit takes and failure codes over patients, and the verdict."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hw_sim.reliability.soak import Soak

LEFT, WIDTH, HIGH, GAP, TOP = 90, 900, 130, 50, 70
INK, GRID, GOOD, BAD = "#1a1a1a", "#dddddd", "#115a36", "#ce0000"
LABELS = 8  # that fit beside a panel
COLOURS = ("#0017c1", "#8843a9", "#a58000", "#008299")

Series = Sequence[tuple[float, float]]
Panel = tuple[str, Mapping[str, Series]]


def write_page(path: Path, soak: Soak) -> None:
    """Write the SVG."""
    points = soak.samples
    panels: list[Panel] = [
        ("memory, MB", {"resident": [(s.patients, s.rss_mb) for s in points]}),
        (
            "open handles, threads, children",
            {
                "handles": [(s.patients, s.handles) for s in points],
                "threads": [(s.patients, s.threads) for s in points],
                "children": [(s.patients, s.children) for s in points],
            },
        ),
        (
            "a visit, virtual seconds",
            {
                "median": [(s.patients, s.visit_s[0]) for s in points],
                "95th of a hundred": [(s.patients, s.visit_s[1]) for s in points],
            },
        ),
        ("failure codes so far, all expected" if not soak.unexpected else "failure codes so far", soak.code_series()),
    ]
    height = TOP + len(panels) * (HIGH + GAP)
    faults = soak.faults()
    verdict = "good" if not faults else f"{len(faults)} faults, the first: {faults[0]}"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 220}" height="{height}" '
        'font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="10" y="24" font-size="16">{soak.patients} patients over {html.escape(soak.broker)}: '
        f'<tspan fill="{BAD if faults else GOOD}">{html.escape(verdict[:110])}</tspan></text>',
    ]
    last = max((s.patients for s in points), default=1)
    for row, (title, series) in enumerate(panels):
        least = _floor(series) if row == 0 else 0.0  # a jump of ten megabytes must show among five hundred
        out += _panel(TOP + row * (HIGH + GAP), title, series, last, soak.warm_up, least)
    out.append("</svg>")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(out), "utf-8")


def _floor(series: Mapping[str, Series]) -> float:
    """Return a round number below all, so that the curve uses the panel."""
    values = [y for one in series.values() for _, y in one]
    return 20.0 * int(0.97 * min(values, default=0.0) / 20.0)


def _panel(
    top: float, title: str, series: Mapping[str, Series], last: float, warm_up: float, least: float
) -> list[str]:
    most = max((y for one in series.values() for _, y in one), default=1.0) or 1.0
    most += 0.08 * (most - least)

    def at(x: float, y: float) -> str:
        return f"{LEFT + WIDTH * x / last:.1f},{top + HIGH * (1 - (y - least) / (most - least)):.1f}"

    edge = LEFT + WIDTH * min(1.0, warm_up / last)
    out = [
        f'<text x="{LEFT}" y="{top - 8}">{html.escape(title)}</text>',
        f'<rect x="{LEFT}" y="{top}" width="{edge - LEFT:.1f}" height="{HIGH}" fill="#f4f4f4"/>',
        f'<text x="{LEFT + 4}" y="{top + HIGH + 16}" fill="#666">warming up</text>',
        f'<path d="M{LEFT} {top}v{HIGH}h{WIDTH}" fill="none" stroke="{INK}"/>',
        f'<text x="{LEFT - 8}" y="{top + 10}" text-anchor="end">{most:.4g}</text>',
        f'<text x="{LEFT - 8}" y="{top + HIGH}" text-anchor="end">{least:.4g}</text>',
        f'<text x="{LEFT + WIDTH}" y="{top + HIGH + 16}" text-anchor="end">{last:.0f} patients</text>',
    ]
    for number, (name, line) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(at(x, y) for x, y in line)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        column, place = divmod(number, LABELS)
        x, y = LEFT + WIDTH + 12 + 48 * column, top + 14 + 15 * place
        out.append(f'<text x="{x}" y="{y}" fill="{colour}">{html.escape(name)}</text>')
    return out
