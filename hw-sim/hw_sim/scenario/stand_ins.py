"""What stands in for screen and camera in virtual time, where nothing is drawn and nothing is looked at."""

from __future__ import annotations

import numpy as np
import pygame

from hw_sim.camera.virtual import CameraFault
from hw_sim.scenario.clock import VirtualClock
from reader.devices.ports import DeviceGone, DeviceTimeout, Frame, LightRequest, Panel, Pointer
from reader.screen.model import ScreenModel
from reader.screen.painter import Painter

FPS = 15.0
SLOW_FPS = 0.5


class Sheet:
    """A display nobody looks at: fingers come in by ``tap``."""

    def __init__(self, clock: VirtualClock) -> None:
        self.panel = Panel(1280, 800, 5.90, "wide10-1280x800")
        self.surface = pygame.Surface((1, 1))
        self._clock = clock
        self._taps: list[Pointer] = []

    def tap(self, x: int, y: int) -> None:
        """Touch at (x, y)."""
        self._taps.append(Pointer(self._clock.now(), x, y))

    def flip(self) -> None:
        """Nothing to show."""

    def poll(self) -> list[Pointer]:
        """Return the touches since the last call."""
        taps, self._taps = self._taps, []
        return taps

    def close(self) -> None:
        """Nothing to give back."""


class LayoutOnly(Painter):
    """Lays screens out, so that fingers find buttons, and draws none."""

    def draw(self, surface: pygame.Surface, model: ScreenModel) -> list[pygame.Rect]:
        """Compose the scene only."""
        self.compose(model)
        return []


class PlainCamera:
    """A camera whose frames hold their own number and no picture: the told engine looks at the scene itself."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._number = 0
        self._due = 0.0
        self.fault: CameraFault | None = None

    def fail(self, fault: CameraFault | None) -> None:
        """Break in this way from the next frame on; None heals."""
        self.fault = fault

    def start(self) -> None:
        """See Camera."""
        if self.fault is CameraFault.UNPLUGGED:
            raise DeviceGone("unplugged")
        self._due = self._clock.now()

    def capture(self, timeout_s: float) -> Frame:
        """See Camera."""
        if self.fault is CameraFault.UNPLUGGED:
            raise DeviceGone("unplugged")
        now, fps = self._clock.now(), SLOW_FPS if self.fault is CameraFault.SLOW else FPS
        due = max(self._due + 1 / fps, now)
        if self.fault is CameraFault.HANG or due - now > timeout_s:
            self._clock.spend(timeout_s)
            raise DeviceTimeout("no picture in time")
        self._due = due
        self._clock.wait_until(due)
        if self.fault is not CameraFault.FROZEN:
            self._number += 1
        return Frame(self._picture(), self._clock.now(), self._number)

    def _picture(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        if self.fault in (CameraFault.BLACK, CameraFault.WHITE):
            return np.full((2, 2, 3), 0 if self.fault is CameraFault.BLACK else 255, np.uint8)
        picture = np.zeros((2, 2, 3), np.uint8)
        picture[0, 0] = (1, self._number >> 8 & 0xFF, self._number & 0xFF)
        return picture

    def adjust(self, request: LightRequest) -> None:
        """See Camera."""

    def stop(self) -> None:
        """See Camera."""
