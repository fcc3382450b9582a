"""``display.remote``: the product's own display on SDL's dummy driver, with a finger and a shutter by AF_UNIX socket.

One datagram a command: ``press agree_all`` touches the middle of that button, ``press 7`` of that digit, ``key NAME``
presses a key of a tactile keypad, ``picture PATH`` saves what the screen shows.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pygame

from hw_sim.device.patient import PATIENT
from reader.devices.display_pygame import DisplaySettings, PygameDisplay
from reader.devices.ports import Pointer
from reader.devices.settings import read_settings
from reader.screen.model import ScreenModel
from reader.screen.painter import Painter
from reader.screen.scene import Target
from reader.session.vocabulary import Guidance

log = logging.getLogger(__name__)


class RemoteSettings(DisplaySettings):
    """Settings of the display, and where commands come in."""

    socket: Path


class Onlooker:
    """Looks over the painter's shoulder, to know where on the screen a button is, as the patient does."""

    def __init__(self) -> None:
        self._targets: tuple[Target, ...] = ()
        self._guidance: Guidance | None = None
        draw = Painter.draw

        def watched(painter: Painter, surface: pygame.Surface, model: ScreenModel) -> list[pygame.Rect]:
            changed = draw(painter, surface, model)
            self._targets = painter.targets(model)
            if model.content.guidance is not self._guidance:
                self._guidance = model.content.guidance
                log.info("simulator: the patient reads %s", self._guidance)
                PATIENT.read(self._guidance)
            return changed

        Painter.draw = watched  # type: ignore[method-assign, assignment]

    def find(self, name: str) -> tuple[int, int] | None:
        """Return the middle of the button or digit called ``name``, None where the screen has none."""
        for target in self._targets:
            touch = target.touch
            if name == (str(touch.digit) if touch.digit is not None else touch.button):
                return target.rect.x + target.rect.w // 2, target.rect.y + target.rect.h // 2
        return None


class RemoteDisplay(PygameDisplay):
    """``Display`` that nobody touches but the socket."""

    def __init__(self, settings: RemoteSettings) -> None:
        super().__init__(settings)
        self._onlooker = Onlooker()
        self._path = settings.socket
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._commands = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._commands.bind(str(self._path))

    def poll(self) -> list[Pointer]:
        """See Display.poll. At most one command a look, as a finger is slower than the kiosk."""
        found = super().poll()
        try:
            what, _, rest = self._commands.recv(4096).decode().partition(" ")
        except BlockingIOError:
            return found
        if what == "press":
            place = self._onlooker.find(rest)
            if place is None:
                log.error("simulator: the screen has no %s", rest)
            else:
                found.append(Pointer(time.monotonic(), *place))
        elif what == "key":
            found.append(Pointer(time.monotonic(), key=rest))
        elif what == "picture":
            draft = rest + ".draft.png"
            pygame.image.save(self.surface, draft)
            os.replace(draft, rest)  # noqa: PTH105
        return found

    def close(self) -> None:
        """See Display.close."""
        self._commands.close()
        self._path.unlink(missing_ok=True)
        super().close()


def open_display(settings: Mapping[str, Any]) -> RemoteDisplay:
    """Entry point ``display.remote``. Raises DeviceError on bad settings."""
    return RemoteDisplay(read_settings(RemoteSettings, {**settings, "driver": "dummy", "fullscreen": False}))
