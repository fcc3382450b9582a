"""How fast screens are drawn here, on SDL's software surfaces: live frames, whole screens, and a touch's answer.

``python -m hw_sim.bench.ui`` prints ui.frame_p50_ms and ui.frame_p99_ms (live view with an equal model, the slowest
panel), ui.touch_p99_ms (a digit pressed until the new screen is drawn) and the figures of every screen and panel.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pygame

from hw_sim.bench.rows import Row, print_rows, quantile_row
from reader.devices.ports import Panel
from reader.screen.cases import Case, cases, placeholder
from reader.screen.painter import Painter
from reader.screen.panels import PANELS
from reader.text import Catalogue

_LIVE = ("reading_card", "face", "face.move_left", "visual_check.unlocked")


def measure(frames: int = 120, redraws: int = 12) -> dict[str, Row]:
    """Draw every case on every panel. frames: live frames a panel and case, redraws: a screen.

    The three figures without a panel are those of the slowest panel and case.
    """
    catalogue = Catalogue.load()
    live, touch, rows = [], [], {}
    for panel in PANELS:
        for name, took in _panel(panel, catalogue, frames, redraws).items():
            rows[f"ui.{panel.name}.{name}_p50_ms"] = quantile_row(took, "ms", 0.5)
            rows[f"ui.{panel.name}.{name}_p99_ms"] = quantile_row(took, "ms", 0.99)
            if name.startswith("live."):
                live.append(took)
            if name == "touch":
                touch.append(took)
    return {
        "ui.frame_p50_ms": _slowest(live, 0.5),
        "ui.frame_p99_ms": _slowest(live, 0.99),
        "ui.touch_p99_ms": _slowest(touch, 0.99),
        **rows,
    }


def _slowest(every: Sequence[Sequence[float]], share: float) -> Row:
    return max((quantile_row(took, "ms", share) for took in every), key=lambda one: float(one["value"]))


def _panel(panel: Panel, catalogue: Catalogue, frames: int, redraws: int) -> dict[str, list[float]]:
    surface = pygame.Surface((panel.width, panel.height), depth=32)
    painter = Painter(panel, catalogue)
    known = {case.name: case for case in cases()}
    found: dict[str, list[float]] = {}
    for name in _LIVE:
        found[f"live.{name}"] = _live(painter, surface, known[name], frames)
    for name, case in known.items():
        if "." not in name:
            found[f"screen.{name}"] = _whole(painter, surface, case, redraws)
    found["touch"] = _touch(painter, surface, known["pin_entry"], redraws)
    return found


def _live(painter: Painter, surface: pygame.Surface, case: Case, frames: int) -> list[float]:
    """Time frames of the live view only: the model stays equal, the pixels change."""
    previews = [np.roll(placeholder(), shift, axis=1) for shift in range(0, 40, 5)]
    shown = [Case("", case.session, replace(case.live, preview=preview)).model() for preview in previews]
    painter.forget()
    painter.draw(surface, shown[0])
    return [_timed(partial(painter.draw, surface, shown[number % len(shown)])) for number in range(frames)]


def _whole(painter: Painter, surface: pygame.Surface, case: Case, redraws: int) -> list[float]:
    """Time a whole screen, pictures and fonts already cached as they are after the first patient."""
    model = case.model()
    painter.draw(surface, model)

    def again() -> None:
        painter.forget()
        painter.draw(surface, model)

    return [_timed(again) for _ in range(redraws)]


def _touch(painter: Painter, surface: pygame.Surface, case: Case, redraws: int) -> list[float]:
    """Time from a digit's hit to the screen that shows it."""
    shown = [Case("", case.session, replace(case.live, digits=count)).model() for count in range(5)]
    key = next(target.rect for target in painter.targets(shown[0]) if target.touch.digit is not None)
    for model in shown:
        painter.draw(surface, model)

    def press(before: int) -> None:
        painter.hit(shown[before], key.x + 1, key.y + 1)
        painter.draw(surface, shown[before + 1])

    took = []
    for count in range(redraws * 4):
        painter.draw(surface, shown[count % 4])
        took.append(_timed(partial(press, count % 4)))
    return took


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def main() -> int:
    """Run the command."""
    print_rows(measure())
    return 0


if __name__ == "__main__":
    sys.exit(main())
