"""The kiosk while a factory reset runs: shows how far it is, and that all is gone.

Another process does the erasing; this one was started anew for it, so that it holds no file and no secret.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from reader.config.factory_reset import Progress, told
from reader.config.schema import KaopiConfig
from reader.devices.ports import Display
from reader.kiosk.shown import run_shown, show
from reader.screen.model import ScreenModel
from reader.screen.painter import Painter
from reader.screen.view import LiveView, present
from reader.sdnotify import ERASING
from reader.session.state import Reset, Session
from reader.session.vocabulary import ResetStage, Step
from reader.text import Catalogue

LOOK_S = 0.5


def screen(progress: Progress) -> ScreenModel:
    """Return the picture of this moment."""
    stage = ResetStage.DONE if progress.done else ResetStage.ERASING
    return present(Session(step=Step.FACTORY_RESET, reset=Reset(stage, percent=progress.percent)), LiveView())


def show_erasing(
    display: Display,
    look: Callable[[], Progress | None],
    stop: Callable[[], bool],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show what ``look`` tells until ``stop``. The caller closes the display."""
    painter = Painter(display.panel, Catalogue.load())

    def draw(model: ScreenModel) -> None:
        painter.draw(display.surface, model)

    show(display, ERASING, lambda: screen(look() or Progress()), draw, stop, every_s=LOOK_S, sleep=sleep)


def run_erasing(config: KaopiConfig) -> int:
    """Show how far the reset is, until SIGTERM. config: what names the screen. Returns the exit code."""
    return run_shown(config, lambda display, stop: show_erasing(display, told, stop))
