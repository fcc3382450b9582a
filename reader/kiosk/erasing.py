"""The kiosk while a factory reset runs: shows how far it is, and that all is gone. No camera, no card, no session.

Another process does the erasing; this one was started anew for it, so that it holds no file and no secret.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from reader.config.factory_reset import Progress, told
from reader.config.schema import KaopiConfig
from reader.devices.ports import DeviceError, Display
from reader.devices.registry import open_display
from reader.kiosk.refused import stopped_by_signal
from reader.screen.model import ScreenModel
from reader.screen.painter import Painter
from reader.screen.view import LiveView, present
from reader.sdnotify import ERASING, notify
from reader.session.state import Reset, Session
from reader.session.vocabulary import ResetStage, Step
from reader.text import Catalogue

log = logging.getLogger(__name__)

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
    """Show what ``look`` tells and feed the watchdog until ``stop``. The caller closes the display."""
    painter = Painter(display.panel, Catalogue.load())
    shown: ScreenModel | None = None
    notify("READY=1", f"STATUS={ERASING}")
    while not stop():
        wanted = screen(look() or Progress())
        if wanted != shown:
            painter.draw(display.surface, wanted)
            display.flip()
            shown = wanted
        display.poll()
        notify("WATCHDOG=1")
        sleep(LOOK_S)


def run_erasing(config: KaopiConfig) -> int:
    """Show how far the reset is, until SIGTERM. config: what names the screen. Returns the exit code."""
    stop = stopped_by_signal()
    try:
        display = open_display(config)
    except DeviceError as error:
        log.error("%s", error)
        return 2
    try:
        show_erasing(display, told, stop)
    finally:
        display.close()
    return 0
