"""Acts on heat in two steps: ease off before the processor slows itself down, stop before it is harmed.

Eased, a visit takes longer and goes on: the face is looked at less often, the screen moves less smoothly, the fill
light is dimmed. Stopped, no new patient is served.
"""

from __future__ import annotations

from dataclasses import dataclass

MARGIN_C = 3.0  # so much cooler before a step is taken back, else the kiosk would change its mind every half minute
LOOK_EVERY_S = 1 / 8  # eased: looks at the face per second, at most
REST_SHARE = 0.5  # eased: at least this part of what a look took is rested after it, however slow the board is
FRAME_S = 1 / 12  # eased: the screen
FILL = 0.4  # eased: brightest fill light, 0..1


@dataclass(slots=True)
class Heat:
    """ease_c, stop_c: limits in °C. eased, stopped: what holds now."""

    ease_c: float = 72.0
    stop_c: float = 80.0
    eased: bool = False
    stopped: bool = False

    def feel(self, temperature_c: float | None, slowed: bool) -> None:
        """Take a reading. slowed: the firmware slows the processor down already, whatever the sensor says.

        A board without a sensor is never too hot.
        """
        self.stopped = _over(self.stopped, temperature_c, self.stop_c)
        self.eased = slowed or _over(self.eased, temperature_c, self.ease_c)


def _over(was: bool, temperature_c: float | None, limit_c: float) -> bool:
    if temperature_c is None:
        return False
    return temperature_c >= (limit_c - MARGIN_C if was else limit_c)


def rest_after(took_s: float) -> float:
    """Return how long an eased worker rests after a look that took ``took_s``."""
    return max(LOOK_EVERY_S - took_s, REST_SHARE * took_s)
