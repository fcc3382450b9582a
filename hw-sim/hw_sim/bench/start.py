"""Start-up to the first screen, memory and processor time while nobody is there, and how large the wheel is."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
_CHILD = """
import sys, time
began = time.monotonic()
from pathlib import Path
from hw_sim.camera.virtual import VirtualCamera
from hw_sim.card.authority import simulator_trust
from hw_sim.scenario.real import in_process_card
from hw_sim.scenario.schema import load
from hw_sim.scenario.world import config_for
from reader.kiosk.assemble import Choices, assemble
from reader.kiosk.clock import SystemClock
from reader.kiosk.threads import Crew
from reader.session.vocabulary import Step
folder = Path(sys.argv[1])
cards = in_process_card()
made = assemble(config_for(load(Path(sys.argv[2])), folder), Choices(
    SystemClock(), camera=VirtualCamera(), card_reader=cards.reader, card_front=cards.front, trust=simulator_trust()))
crew = Crew(made.workers, SystemClock())
crew.start()
while made.kiosk.session.step is not Step.IDLE:
    made.kiosk.step(time.monotonic())
ready = time.monotonic() - began
settle = time.monotonic() + 3.0
used, began = None, 0.0
while time.monotonic() < settle + 10.0:
    now = time.monotonic()
    if used is None and now >= settle:
        used, began = time.process_time(), now
    delay = made.kiosk.step(now)
    time.sleep(max(0.0, delay - (time.monotonic() - now)))
idle = (time.process_time() - used) / (time.monotonic() - began)
rss = next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmRSS"))
crew.stop()
made.close()
print(ready, rss / 1024, idle)
"""


def measure() -> dict[str, dict[str, Any]]:
    """Return start.ready_s (process start to start screen), mem.rss_mb, wheel.mb, ui.idle_cpu (share of one core)."""
    scenario = ROOT / "hw-sim" / "scenarios" / "face.toml"
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [sys.executable, "-c", _CHILD, folder, str(scenario)], capture_output=True, text=True, check=True
        )
        ready, rss, idle = (float(word) for word in run.stdout.split()[-3:])
        built = Path(folder) / "wheel"
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "wheel",
                "-q",
                "--no-deps",
                "--no-build-isolation",
                "-w",
                str(built),
                str(ROOT),
            ],
            check=True,
            capture_output=True,
        )
        size = sum(file.stat().st_size for file in built.glob("*.whl")) / 1e6

    def row(value: float, unit: str, goal: float | None = None) -> dict[str, Any]:
        return {"value": value, "unit": unit, "n": 1, "low": None, "high": None, "goal": goal}

    return {
        "start.ready_s": row(ready, "s"),
        "mem.rss_mb": row(rss, "MB"),
        "wheel.mb": row(size, "MB"),
        "ui.idle_cpu": row(idle, "fraction", 0.03),
    }
