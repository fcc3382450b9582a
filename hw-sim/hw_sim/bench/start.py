"""Start-up to the first screen, memory and processor time while nobody is there, and how large the wheel is."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from hw_sim.bench.rows import Row, print_rows, quantile_row, row

ROOT = Path(__file__).resolve().parents[3]


def measure(starts: int = 5, idle_s: int = 10) -> dict[str, Row]:
    """Return start.ready_s, mem.rss_mb, ui.idle_cpu (share of one core, from slices of a second) and wheel.mb."""
    waited = [_waiting_kiosk(0) for _ in range(starts - 1)] + [_waiting_kiosk(idle_s)]
    slices = waited[-1].idle
    return {
        "start.ready_s": quantile_row([one.ready_s for one in waited], "s"),
        "mem.rss_mb": quantile_row([one.rss_mb for one in waited], "MB"),
        "ui.idle_cpu": row(mean(slices), "fraction", len(slices), min(slices), max(slices)),
        "wheel.mb": row(_wheel_mb(), "MB", 1),
    }


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a kiosk said of itself. idle: share of one core, second by second."""

    ready_s: float
    rss_mb: float
    idle: list[float]


def _waiting_kiosk(idle_s: int) -> Waiting:
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()  # one clock for all processes of a machine
        run = subprocess.run(
            [sys.executable, "-m", "hw_sim.bench.waiting_kiosk", folder, str(idle_s)],
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    said = json.loads(run.stdout.splitlines()[-1])
    return Waiting(said["ready_at"] - began, said["rss_mb"], said["idle"])


def _wheel_mb() -> float:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, str(ROOT)],
            check=True, capture_output=True,
        )  # fmt: skip
        return sum(file.stat().st_size for file in Path(folder).glob("*.whl")) / 1e6


def main() -> int:
    """Run the command."""
    print_rows(measure())
    return 0


if __name__ == "__main__":
    sys.exit(main())
