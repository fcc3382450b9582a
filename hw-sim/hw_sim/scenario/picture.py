"""Pictures of a played scenario: the timeline by lanes, and one contact sheet of every screen shown."""

from __future__ import annotations

import html
import math
from collections import defaultdict
from pathlib import Path

import pygame

from hw_sim.scenario.played import Played
from reader.kiosk.trace import Span
from reader.screen.fonts import font

LANES = ("card link", "card front", "camera", "inference", "screen", "touch", "outbox", "MQTT")
COLOURS = {
    "card link": "#0017c1",
    "card front": "#4979f5",
    "camera": "#7a7a7a",
    "inference": "#115a36",
    "screen": "#8843a9",
    "touch": "#ce0000",
    "outbox": "#a58000",
    "MQTT": "#008299",
}
LEFT, WIDTH, LANE, TOP = 130, 1100, 30, 84


def _tick(seconds: float) -> float:
    raw = seconds / 12
    scale = 10 ** math.floor(math.log10(raw)) if raw > 0 else 1
    return next(scale * step for step in (1, 2, 5, 10) if scale * step >= raw)


def timeline_svg(played: Played) -> str:
    """Return an SVG: steps on top, one lane a worker below, hands as flags. Times in seconds from the start."""
    end = max([played.seconds, 1.0])
    scale = WIDTH / end
    height = TOP + LANE * len(LANES) + 40
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 20}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="#fff"/><text x="8" y="18" font-size="14">{html.escape(played.name)}: '
        f"{html.escape(played.scenario.title)}</text>",
    ]
    shades = ("#e8f1fe", "#f7f7f7")
    for index, (at, step) in enumerate(played.steps):
        until = played.steps[index + 1][0] if index + 1 < len(played.steps) else end
        x, width = LEFT + at * scale, max(0.5, (until - at) * scale)
        out.append(f'<rect x="{x:.1f}" y="28" width="{width:.1f}" height="{height - 68}" fill="{shades[index % 2]}"/>')
        if width > 6 * len(step.value):
            out.append(f'<text x="{x + 3:.1f}" y="42">{step.value}</text>')
    for at, line in played.notes:
        x = LEFT + at * scale
        out.append(f'<path d="M{x:.1f} 50 V{height - 40}" stroke="#ce0000" stroke-dasharray="2 3"/>')
        out.append(f'<text x="{x + 2:.1f}" y="60" font-size="10" fill="#ce0000">{html.escape(line)}</text>')
    for row, lane in enumerate(LANES):
        y = TOP + row * LANE
        out.append(f'<text x="8" y="{y + 18}">{lane}</text>')
        for span in played.spans:
            if span.lane == lane:
                x = LEFT + (span.start - played.started) * scale
                width = max(0.7, (span.end - span.start) * scale)
                out.append(
                    f'<rect x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="{LANE - 8}" fill="{COLOURS[lane]}">'
                    f"<title>{html.escape(span.name)} {1000 * (span.end - span.start):.1f} ms</title></rect>"
                )
    step_s, at = _tick(end), 0.0
    while at <= end:
        x = LEFT + at * scale
        out.append(f'<path d="M{x:.1f} {height - 40} v6" stroke="#1a1a1a"/>')
        out.append(f'<text x="{x:.1f}" y="{height - 20}" text-anchor="middle">{at:g} s</text>')
        at += step_s
    out.append("</svg>")
    return "\n".join(out)


def stages(played: Played) -> list[tuple[str, float, float]]:
    """Return (stage, start, milliseconds) of the session: each step shown, and the work done inside, summed."""
    rows = []
    for index, (at, step) in enumerate(played.steps):
        until = played.steps[index + 1][0] if index + 1 < len(played.steps) else played.seconds
        rows.append((step.value, at, 1000 * (until - at)))
    return rows


def work(played: Played) -> list[tuple[str, str, int, float, float]]:
    """Return (lane, name, how often, milliseconds in all, longest) for what the workers did."""
    groups: dict[tuple[str, str], list[Span]] = defaultdict(list)
    for span in played.spans:
        groups[span.lane, span.name].append(span)
    rows = []
    for (lane, name), spans in groups.items():
        took = [1000 * (span.end - span.start) for span in spans]
        rows.append((lane, name, len(took), sum(took), max(took)))
    return sorted(rows, key=lambda row: (LANES.index(row[0]) if row[0] in LANES else 99, -row[3]))


def save_screens(played: Played, folder: Path) -> list[Path]:
    """Save each screen shown as PNG, numbered in order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, shot in enumerate(played.snapshots, 1):
        path = folder / f"{number:02d}-{shot.step.value}.png"
        pygame.image.save(shot.surface, path)
        paths.append(path)
    return paths


def contact_sheet(played: Played, path: Path, columns: int = 3, width: int = 640) -> None:
    """Put all screens on one sheet, each under its step and time."""
    shots = played.snapshots
    if not shots:
        return
    first = shots[0].surface
    height = round(first.get_height() * width / first.get_width())
    gap, caption = 16, 34
    rows = math.ceil(len(shots) / columns)
    sheet = pygame.Surface((columns * (width + gap) + gap, rows * (height + caption + gap) + gap))
    sheet.fill("#d8dade")
    for number, shot in enumerate(shots):
        x = gap + (number % columns) * (width + gap)
        y = gap + (number // columns) * (height + caption + gap)
        label = font("ja", False, 20).render(f"{shot.at:5.1f} s  {shot.step.value}", True, "#1a1a1a")
        sheet.blit(label, (x, y + 6))
        sheet.blit(pygame.transform.smoothscale(shot.surface, (width, height)), (x, y + caption))
    path.parent.mkdir(parents=True, exist_ok=True)
    pygame.image.save(sheet, path)
