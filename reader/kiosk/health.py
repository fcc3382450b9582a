"""Figures about the machine itself: temperature, throttling, clock, memory, disk. Counts only, nothing about people."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reader.devices import board

_SYNCED = "run/systemd/timesync/synchronized"
_MEMORY = "proc/meminfo"


@dataclass(frozen=True, slots=True)
class Figures:
    """One reading. None: this machine does not tell."""

    temperature_c: float | None = None
    firmware: board.Throttling | None = None
    clock_synced: bool | None = None
    disk_free_bytes: int | None = None
    memory_free_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """Where figures are read; the simulator and tests point elsewhere."""

    root: Path = Path("/")
    disk: Path = Path("/")


def read(sources: Sources) -> Figures:
    """Read all figures; what is not there is None."""
    synced = sources.root / _SYNCED
    return Figures(
        temperature_c=board.hottest_c(sources.root),
        firmware=board.throttling(sources.root),
        clock_synced=synced.exists() if synced.parent.exists() else None,
        disk_free_bytes=_disk(sources.disk),
        memory_free_bytes=_meminfo(sources.root / _MEMORY).get("MemAvailable"),
    )


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
