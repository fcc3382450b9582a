"""The touchscreen by pygame-ce: KMSDRM without X on a device, a window on a desktop, or SDL's dummy driver.

pygame-ce's wheel carries an SDL with KMSDRM; PyPI's plain pygame does not. Owned by the main thread (SDL's rule).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import pygame
from pydantic import Field

from reader.config.panels import PANELS, PanelName
from reader.devices.ports import DeviceGone, Panel, Pointer
from reader.devices.settings import Settings, read_settings

# A finger also arrives as a mouse press from some drivers: the same place, at once.
_SAME_TOUCH_S = 0.05
_SAME_TOUCH_MM = 3.0


class DisplaySettings(Settings):
    """Settings of ``display.pygame`` and ``display.headless``; panel and rotation come from [panel]."""

    panel: PanelName = "wide10-1280x800"
    rotation: Literal[0, 90, 180, 270] = 0
    driver: Literal["auto", "kmsdrm", "wayland", "x11", "dummy", "offscreen"] = Field(
        default="auto", description="auto is KMSDRM where no desktop runs, a window where one does."
    )
    fullscreen: bool | None = Field(default=None, description="Unset: full screen on KMSDRM, a window on a desktop.")


class PygameDisplay:
    """``Display`` on pygame.display."""

    def __init__(self, settings: DisplaySettings, clock: Callable[[], float] = time.monotonic) -> None:
        """Open the screen. Raises DeviceGone."""
        size = PANELS[settings.panel]
        upright = settings.rotation in (0, 180)
        width, height = (size.width, size.height) if upright else (size.height, size.width)
        self.panel = Panel(width, height, size.px_per_mm, settings.panel)
        self._rotation = settings.rotation
        self._clock = clock
        self._last_finger = (-1.0, 0, 0)
        driver = _driver(settings.driver, os.environ)
        if driver:
            os.environ["SDL_VIDEODRIVER"] = driver
        os.environ["SDL_TOUCH_MOUSE_EVENTS"] = "0"
        fullscreen = settings.fullscreen if settings.fullscreen is not None else driver == "kmsdrm"
        try:
            pygame.display.init()
            self._window = pygame.display.set_mode(
                (size.width, size.height), pygame.FULLSCREEN | pygame.SCALED if fullscreen else 0
            )
        except pygame.error as error:
            pygame.display.quit()
            raise DeviceGone(f"no screen ({error}); check its cable, and that the user is in group video") from error
        pygame.display.set_caption("kaopi")
        if fullscreen:
            pygame.mouse.set_visible(False)
        self._surface = self._window if settings.rotation == 0 else pygame.Surface((width, height)).convert()

    @property
    def surface(self) -> pygame.Surface:
        """What to draw on: upright, ``panel.width`` × ``panel.height`` pixels."""
        return self._surface

    def flip(self) -> None:
        """Show what was drawn, turned as the panel is."""
        if self._rotation:
            self._window.blit(pygame.transform.rotate(self._surface, -self._rotation), (0, 0))
        pygame.display.flip()

    def poll(self) -> list[Pointer]:
        """Return touches and keys since the last call. Raises SystemExit when the window is closed."""
        found: list[Pointer] = []
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                raise SystemExit(0)
            pointer = self._pointer(event)
            if pointer is not None:
                found.append(pointer)
        return found

    def close(self) -> None:
        """Give the screen back."""
        pygame.display.quit()

    def _pointer(self, event: pygame.event.Event) -> Pointer | None:
        at = self._clock()
        window_width, window_height = self._window.get_size()
        if event.type == pygame.KEYDOWN:
            return Pointer(at, key=pygame.key.name(event.key))
        if event.type == pygame.FINGERDOWN:
            x, y = self._turn(
                min(int(event.x * window_width), window_width - 1), min(int(event.y * window_height), window_height - 1)
            )
            self._last_finger = (at, x, y)
            return Pointer(at, x, y)
        if event.type == pygame.MOUSEBUTTONDOWN and event.button == 1 and not getattr(event, "touch", False):
            x, y = self._turn(*event.pos)
            return None if self._is_finger_again(at, x, y) else Pointer(at, x, y)
        return None

    def _is_finger_again(self, at: float, x: int, y: int) -> bool:
        when, finger_x, finger_y = self._last_finger
        near = _SAME_TOUCH_MM * self.panel.px_per_mm
        return 0.0 <= at - when <= _SAME_TOUCH_S and abs(x - finger_x) <= near and abs(y - finger_y) <= near

    def _turn(self, x: int, y: int) -> tuple[int, int]:
        """Return the place on the upright surface of a place on the panel."""
        window_width, window_height = self._window.get_size()
        match self._rotation:
            case 90:
                return y, window_width - 1 - x
            case 180:
                return window_width - 1 - x, window_height - 1 - y
            case 270:
                return window_height - 1 - y, x
            case _:
                return x, y


def _driver(wished: str, environ: Mapping[str, str], platform: str = sys.platform) -> str:
    """Return the SDL video driver to ask for; empty lets SDL choose (a desktop, or $SDL_VIDEODRIVER)."""
    if wished != "auto":
        return wished
    if environ.get("SDL_VIDEODRIVER"):
        return environ["SDL_VIDEODRIVER"]
    desktop = environ.get("WAYLAND_DISPLAY") or environ.get("DISPLAY")
    return "kmsdrm" if platform == "linux" and not desktop else ""


def open_display(settings: Mapping[str, Any]) -> PygameDisplay:
    """Return the screen, open. Raises DeviceError on bad settings, DeviceGone without a screen."""
    return PygameDisplay(read_settings(DisplaySettings, settings))


def open_headless(settings: Mapping[str, Any]) -> PygameDisplay:
    """Return a screen nobody sees (SDL's dummy driver), for tests and machines without one."""
    return PygameDisplay(read_settings(DisplaySettings, {**settings, "driver": "dummy", "fullscreen": False}))
