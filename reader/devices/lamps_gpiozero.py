"""Lamps and fill light by gpiozero: on lgpio, unless $GPIOZERO_PIN_FACTORY or the program names another factory."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Literal

from gpiozero import PWMLED, BadPinFactory, Device, GPIODeviceError
from pydantic import Field, model_validator

from reader.devices.ports import DeviceError, DeviceGone
from reader.devices.settings import Settings, read_settings
from reader.session.vocabulary import Lamp

Place = Literal["slot", "camera", "fault"]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A steady light (off_s = 0) or a blinking one, in seconds. Slower than three flashes a second (WCAG 2.3.1)."""

    on_s: float = 1.0
    off_s: float = 0.0


_STEADY = Pattern()
_SLOW = Pattern(1.0, 1.0)
_QUICK = Pattern(0.3, 0.3)

# What each state lights; a lamp that is not named is off.
PATTERNS: dict[Lamp, dict[Place, Pattern]] = {
    Lamp.OFF: {},
    Lamp.INVITE: {"slot": _SLOW},
    Lamp.WORKING: {"slot": _STEADY},
    Lamp.LOOK_HERE: {"slot": _STEADY, "camera": _STEADY},
    Lamp.GOOD: {"slot": _STEADY, "camera": _STEADY},
    Lamp.TAKE_CARD: {"slot": _QUICK},
    Lamp.ATTENTION: {"slot": _STEADY, "fault": _SLOW},
    Lamp.FAULT: {"fault": _STEADY},
}


class LampSettings(Settings):
    """Settings of ``lamps.gpiozero``: BCM pin numbers; a lamp without a pin is left out."""

    slot_pin: int | None = Field(default=17, ge=0, le=27, description="Lamp at the card slot.")
    camera_pin: int | None = Field(default=27, ge=0, le=27, description="Lamp beside the camera.")
    fault_pin: int | None = Field(default=22, ge=0, le=27, description="Red lamp for staff.")
    brightness: float = Field(default=1.0, ge=0.05, le=1.0, description="Duty cycle of the three signal lamps.")
    fill_pin: int | None = Field(default=18, ge=0, le=27, description="Fill light, dimmed by PWM.")
    fill_max: float = Field(default=0.8, ge=0.0, le=1.0, description="Brightest duty cycle, so that nobody is dazzled.")
    fill_hz: int = Field(default=2000, ge=500, le=20000, description="PWM frequency; above what a camera sees.")

    @model_validator(mode="after")
    def _own_pins(self) -> LampSettings:
        pins = [pin for pin in (self.slot_pin, self.camera_pin, self.fault_pin, self.fill_pin) if pin is not None]
        if len(pins) != len(set(pins)):
            raise ValueError("two lamps share a pin; give each its own")
        return self


class GpioLamps:
    """``Lamps`` on gpiozero."""

    def __init__(self, settings: LampSettings) -> None:
        """Claim the pins. Raises DeviceGone without GPIO, DeviceError when a pin is taken."""
        self._fill_max = settings.fill_max
        self._brightness = settings.brightness
        pins: dict[Place, int | None] = {
            "slot": settings.slot_pin,
            "camera": settings.camera_pin,
            "fault": settings.fault_pin,
        }
        self._lamps: dict[Place, PWMLED] = {}
        self._fill: PWMLED | None = None
        self._shown: Lamp | None = None
        if Device.pin_factory is None:  # gpiozero would try one factory after another
            os.environ.setdefault("GPIOZERO_PIN_FACTORY", "lgpio")
        try:
            for place, pin in pins.items():
                if pin is not None:
                    self._lamps[place] = PWMLED(pin)
            if settings.fill_pin is not None:
                self._fill = PWMLED(settings.fill_pin, frequency=settings.fill_hz)
        except (BadPinFactory, ImportError, OSError) as error:
            self.close()
            raise DeviceGone("no GPIO here; apt install python3-lgpio, or set devices.lamps.name = disabled") from error
        except GPIODeviceError as error:
            self.close()
            raise DeviceError(f"{error}; another program or lamp uses this pin") from error

    def show(self, lamp: Lamp) -> None:
        """Show a state; the same state again changes nothing, so blinking keeps its beat."""
        if lamp == self._shown:
            return
        self._shown = lamp
        patterns = PATTERNS[lamp]
        for place, led in self._lamps.items():
            pattern = patterns.get(place)
            led.source = None
            if pattern is None:
                led.off()
            elif pattern.off_s == 0.0:
                led.value = self._brightness
            else:  # gpiozero's own blink() knows only full brightness
                on_ms, off_ms = round(pattern.on_s * 1000), round(pattern.off_s * 1000)
                step_ms = math.gcd(on_ms, off_ms)
                led.source_delay = step_ms / 1000
                led.source = cycle([self._brightness] * (on_ms // step_ms) + [0.0] * (off_ms // step_ms))

    def fill(self, level: float) -> None:
        """Set the fill light; 1 is as bright as ``fill_max`` allows. Values outside 0..1 are clipped."""
        if self._fill is not None:
            self._fill.value = max(0.0, min(1.0, level)) * self._fill_max

    def close(self) -> None:
        """Switch all off and let go of the pins."""
        for led in self._lamps.values():
            led.close()
        self._lamps.clear()
        if self._fill is not None:
            self._fill.close()
            self._fill = None


def open_lamps(settings: Mapping[str, Any]) -> GpioLamps:
    """Return the lamps, all off. Raises DeviceError on bad settings, DeviceGone without GPIO."""
    return GpioLamps(read_settings(LampSettings, settings))
