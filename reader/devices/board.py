"""What the board tells of itself: heat, and what a Raspberry Pi's firmware did about heat and power."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Bits of the Raspberry Pi firmware's get_throttled; the same ones 16 higher mean "since the last start".
_UNDER_VOLTAGE, _CAPPED, _THROTTLED, _SOFT_LIMIT = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_SLOWED = _CAPPED | _THROTTLED | _SOFT_LIMIT
_SINCE_START = 16


@dataclass(frozen=True, slots=True)
class Throttling:
    """What the firmware says: now, and since the last start."""

    under_voltage: bool
    slowed: bool
    under_voltage_seen: bool
    slowed_seen: bool


def hottest_c(root: Path = Path("/")) -> float | None:
    """Return the hottest thermal zone in °C, or None where there is no sensor (sysfs ABI: millidegrees)."""
    values = []
    for zone in sorted((root / "sys/class/thermal").glob("thermal_zone*/temp")):
        try:
            values.append(int(zone.read_text(encoding="ascii")) / 1000)
        except (OSError, ValueError):  # a zone that is switched off answers with an error
            continue
    return max(values, default=None)


def throttling(root: Path = Path("/")) -> Throttling | None:
    """Return what the firmware did, or None on a machine that is no Raspberry Pi."""
    for file in sorted((root / "sys/devices/platform").glob("soc*/*firmware*/get_throttled")):
        try:
            bits = int(file.read_text(encoding="ascii"), 16)
        except (OSError, ValueError):
            continue
        seen = bits >> _SINCE_START
        return Throttling(
            under_voltage=bool(bits & _UNDER_VOLTAGE),
            slowed=bool(bits & _SLOWED),
            under_voltage_seen=bool(seen & _UNDER_VOLTAGE),
            slowed_seen=bool(seen & _SLOWED),
        )
    return None
