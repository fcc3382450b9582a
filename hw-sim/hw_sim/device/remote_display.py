"""``display.remote``: the product's own display on SDL's dummy driver, with keys and a shutter by AF_UNIX socket.

One datagram a command: ``key NAME`` presses a key, ``picture PATH`` saves what the screen shows.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pygame

from reader.devices.display_pygame import DisplaySettings, PygameDisplay
from reader.devices.ports import Pointer
from reader.devices.settings import read_settings


class RemoteSettings(DisplaySettings):
    """Settings of the display, and where commands come in."""

    socket: Path


class RemoteDisplay(PygameDisplay):
    """``Display`` that nobody touches but the socket."""

    def __init__(self, settings: RemoteSettings) -> None:
        super().__init__(settings)
        self._path = settings.socket
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._commands = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._commands.bind(str(self._path))

    def poll(self) -> list[Pointer]:
        """See Display.poll."""
        found = super().poll()
        while True:
            try:
                what, _, rest = self._commands.recv(4096).decode().partition(" ")
            except BlockingIOError:
                return found
            if what == "key":
                found.append(Pointer(time.monotonic(), key=rest))
            elif what == "picture":
                draft = rest + ".draft.png"
                pygame.image.save(self.surface, draft)
                os.replace(draft, rest)  # noqa: PTH105

    def close(self) -> None:
        """See Display.close."""
        self._commands.close()
        self._path.unlink(missing_ok=True)
        super().close()


def open_display(settings: Mapping[str, Any]) -> RemoteDisplay:
    """Entry point ``display.remote``. Raises DeviceError on bad settings."""
    return RemoteDisplay(read_settings(RemoteSettings, {**settings, "driver": "dummy", "fullscreen": False}))
