"""Figures about the machine itself: temperature, throttling, clock, memory, disk. Counts only, nothing about people."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_THERMAL = Path("/sys/class/thermal/thermal_zone0/temp")
_THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
_SYNCED = Path("/run/systemd/timesync/synchronized")
_MEMORY = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Figures:
    """One reading. None: this machine does not tell."""

    temperature_c: float | None = None
    throttled: bool | None = None
    clock_synced: bool | None = None
    disk_free_bytes: int | None = None
    memory_free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """Where figures are read; the simulator and tests point elsewhere."""

    thermal: Path = _THERMAL
    throttled: Path = _THROTTLED
    synced: Path = _SYNCED
    memory: Path = _MEMORY
    disk: Path = field(default_factory=lambda: Path("/"))


def read(sources: Sources) -> Figures:
    """Read all figures; what is not there is None."""
    return Figures(
        temperature_c=_temperature(sources.thermal),
        throttled=_throttled(sources.throttled),
        clock_synced=sources.synced.exists() if sources.synced.parent.exists() else None,
        disk_free_bytes=_disk(sources.disk),
        memory_free_bytes=_meminfo(sources.memory).get("MemAvailable"),
    )


def _temperature(path: Path) -> float | None:
    try:
        return int(path.read_text("ascii")) / 1000.0
    except (OSError, ValueError):
        return None


def _throttled(path: Path) -> bool | None:
    try:
        return int(path.read_text("ascii"), 16) & 0xF != 0
    except (OSError, ValueError):
        return None


def _disk(path: Path) -> int | None:
    try:
        stat = os.statvfs(path)
    except OSError:
        return None
    return stat.f_bavail * stat.f_frsize


def _meminfo(path: Path) -> Mapping[str, int]:
    try:
        lines = path.read_text("ascii").splitlines()
    except OSError:
        return {}
    found = {}
    for line in lines:
        name, _, rest = line.partition(":")
        if rest.strip().endswith("kB"):
            found[name] = int(rest.split()[0]) * 1024
    return found
