"""A camera that plays a film drawn beforehand: drawing it meanwhile would take processor time that no camera takes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from reader.devices.ports import DeviceTimeout, Frame, LightRequest

FPS = 30.0


class FilmCamera:
    """Plays frames at their pace, there and back, for ever."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._pixels = [frame.pixels for frame in frames]
        self._began = self._due = 0.0
        self._number = -1

    def start(self) -> None:
        """See Camera."""
        self._began = self._due = time.monotonic()
        self._number = -1

    def capture(self, timeout_s: float) -> Frame:
        """See Camera: the newest frame, each once."""
        now = time.monotonic()
        if self._due - now > timeout_s:
            raise DeviceTimeout("the next frame is not due yet")
        time.sleep(max(0.0, self._due - now))
        number = self._number = max(self._number + 1, int((time.monotonic() - self._began) * FPS))
        self._due = self._began + (number + 1) / FPS
        place = number % (2 * len(self._pixels) - 2)
        pixels = self._pixels[min(place, 2 * len(self._pixels) - 2 - place)]
        return Frame(pixels, self._began + number / FPS, number)

    def adjust(self, request: LightRequest) -> None:
        """See Camera: the film's light is good."""

    def stop(self) -> None:
        """See Camera."""
