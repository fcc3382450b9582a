"""The kiosk when its settings were refused: says so on the screen until stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from reader.config.load import Problem
from reader.config.schema import KaopiConfig
from reader.devices.ports import Display
from reader.kiosk.shown import run_shown, show
from reader.screen.refusal import draw_refusal
from reader.sdnotify import REFUSED

log = logging.getLogger(__name__)

LOOK_S = 1.0


def show_refusal(
    display: Display,
    look: Callable[[], Sequence[Problem]],
    stop: Callable[[], bool],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show the problems, which may change, until ``stop``. The caller closes the display."""

    def draw(problems: Sequence[Problem]) -> None:
        draw_refusal(display.surface, display.panel, problems)

    show(display, REFUSED, lambda: list(look()), draw, stop, every_s=LOOK_S, sleep=sleep)


def run_refused(config: KaopiConfig, look: Callable[[], Sequence[Problem]]) -> int:
    """Show why there is no service, until SIGTERM. config: what names the screen. Returns the exit code.

    look: called every second, because what is in the way may change.
    """
    for problem in look():
        log.error("%s", problem)
    return run_shown(config, lambda display, stop: show_refusal(display, look, stop))
