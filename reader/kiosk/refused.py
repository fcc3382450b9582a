"""The kiosk when its settings were refused: says so on the screen until stopped. No camera, no card, no session."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Sequence

from reader.config.load import Problem
from reader.config.schema import KaopiConfig
from reader.devices.ports import DeviceError, Display
from reader.devices.registry import open_display
from reader.screen.refusal import draw_refusal
from reader.sdnotify import REFUSED, notify

log = logging.getLogger(__name__)

LOOK_S = 1.0


def show_refusal(
    display: Display,
    look: Callable[[], Sequence[Problem]],
    stop: Callable[[], bool],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Show the problems, which may change, and feed the watchdog until ``stop``. The caller closes the display."""
    shown: list[Problem] | None = None
    notify("READY=1", f"STATUS={REFUSED}")
    while not stop():
        if (problems := list(look())) != shown:
            draw_refusal(display.surface, display.panel, problems)
            display.flip()
            shown = problems
        display.poll()
        notify("WATCHDOG=1")
        sleep(LOOK_S)


def run_refused(config: KaopiConfig, look: Callable[[], Sequence[Problem]]) -> int:
    """Show why there is no service, until SIGTERM. config: what names the screen. Returns the exit code.

    look: called every second, because what is in the way may change.

    0 after SIGTERM; 2, a refused setting, where there is no screen to say so on.
    """
    for problem in look():
        log.error("%s", problem)
    stop = stopped_by_signal()
    try:
        display = open_display(config)
    except DeviceError as error:
        log.error("%s", error)
        return 2
    try:
        show_refusal(display, look, stop)
    finally:
        display.close()
    return 0


def stopped_by_signal() -> Callable[[], bool]:
    """Return what says whether SIGTERM or SIGINT has come since."""
    come: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: come.append(number))
    return lambda: bool(come)
