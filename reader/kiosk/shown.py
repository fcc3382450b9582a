"""A kiosk that serves nobody and only shows something, until it is stopped. No camera, no card, no session."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from typing import TypeVar

from reader.config.schema import KaopiConfig
from reader.devices.ports import DeviceError, Display
from reader.devices.registry import open_display
from reader.sdnotify import notify

log = logging.getLogger(__name__)

T = TypeVar("T")


def show(
    display: Display,
    status: str,
    look: Callable[[], T],
    draw: Callable[[T], object],
    stop: Callable[[], bool],
    *,
    every_s: float,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Draw what ``look`` says when it changed, and feed the watchdog, until ``stop``. The caller closes the display.

    status: what systemd shows meanwhile. every_s: between two looks.
    """
    drawn: T | None = None
    notify("READY=1", f"STATUS={status}")
    while not stop():
        if (wanted := look()) != drawn:
            draw(wanted)
            display.flip()
            drawn = wanted
        display.poll()
        notify("WATCHDOG=1")
        sleep(every_s)


def run_shown(config: KaopiConfig, serve: Callable[[Display, Callable[[], bool]], None]) -> int:
    """Open the screen and ``serve`` until SIGTERM. config: what names the screen. Returns the exit code.

    0 after SIGTERM; 2, a refused setting, where there is no screen to say anything on.
    """
    come: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: come.append(number))
    try:
        display = open_display(config)
    except DeviceError as error:
        log.error("%s", error)
        return 2
    try:
        serve(display, lambda: bool(come))
    finally:
        display.close()
    return 0
