"""What kaopi asks of hardware: small Protocols with a real, a simulated and, where sensible, a disabled adapter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pygame
from numpy.typing import NDArray

from reader.card.connection import CardConnection
from reader.session.vocabulary import Earcon, Lamp


class DeviceError(Exception):
    """A device failed; the message says which and what to do next."""


class DeviceGone(DeviceError):
    """The device is not there (unplugged, service stopped). Reopen it later."""


class DeviceTimeout(DeviceError):
    """The device is there but said nothing in time."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One camera picture.

    pixels: uint8 RGB (H, W, 3), C-contiguous, not mirrored. at: monotonic seconds of capture. number: counts up by
    one per frame captured. exposure_us, gain: what the sensor used, None where unknown.
    """

    pixels: NDArray[np.uint8]
    at: float
    number: int
    exposure_us: float | None = None
    gain: float | None = None


@dataclass(frozen=True, slots=True)
class LightRequest:
    """What the light loop asks of camera and fill light.

    ev: exposure compensation in stops, -3..+3. region: face box (x, y, w, h) in 0..1 of the frame to meter on, or
    None for the whole frame. fill: fill-light brightness 0..1.
    """

    ev: float = 0.0
    region: tuple[float, float, float, float] | None = None
    fill: float = 0.0


class Camera(Protocol):
    """The camera that looks at the patient."""

    def start(self) -> None:
        """Power up and stream. Raises DeviceGone."""

    def capture(self, timeout_s: float) -> Frame:
        """Return the newest frame. Raises DeviceTimeout or DeviceGone."""

    def adjust(self, request: LightRequest) -> None:
        """Apply exposure wishes; what the sensor cannot do is ignored."""

    def stop(self) -> None:
        """Stop streaming; ``start`` may follow."""


@dataclass(frozen=True, slots=True)
class SlotChange:
    """A card came or went in one reader. atr is for technicians only: cards are told apart by SELECT, never by ATR."""

    inserted: bool
    reader: str
    atr: bytes = b""


class CardReader(Protocol):
    """The slot the card goes into (one or more PC/SC readers)."""

    def poll(self, timeout_s: float) -> SlotChange | None:
        """Wait for a change, at most ``timeout_s``. Raises DeviceGone when the service or every reader is away."""

    def connect(self) -> CardConnection:
        """Open the inserted card exclusively. Raises reader.card.connection.CardGone or DeviceGone."""

    def close(self) -> None:
        """Release the service context; ``poll`` opens a new one."""


class Lamps(Protocol):
    """Slot and camera lamps, and the fill light."""

    def show(self, lamp: Lamp) -> None:
        """Show a state."""

    def fill(self, level: float) -> None:
        """Set the fill light, 0..1."""

    def close(self) -> None:
        """All off."""


class Speaker(Protocol):
    """Voice and earcons."""

    def say(self, text_id: str, language: str) -> None:
        """Start speaking, interrupting what is being said. Silent where no recording exists."""

    def sound(self, earcon: Earcon) -> None:
        """Play an earcon."""

    def stop(self) -> None:
        """Be quiet now."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """A finger or mouse came down at (x, y) pixels, or a key was pressed (``key`` is a pygame key name)."""

    at: float
    x: int = -1
    y: int = -1
    key: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A touchscreen: size in pixels, and pixels per millimetre."""

    width: int
    height: int
    px_per_mm: float
    name: str = field(default="", compare=False)


class Display(Protocol):
    """The touchscreen. Owned by the main thread."""

    panel: Panel

    @property
    def surface(self) -> pygame.Surface:
        """What to draw on."""

    def flip(self) -> None:
        """Show what was drawn."""

    def poll(self) -> list[Pointer]:
        """Touches and keys since the last call; raises SystemExit when the window is closed."""

    def close(self) -> None:
        """Give the screen back."""
