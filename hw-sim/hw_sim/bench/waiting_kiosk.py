"""A kiosk with nobody before it, in a process of its own: says when it was ready, its memory, and what waiting costs.

``python -m hw_sim.bench.waiting_kiosk FOLDER SECONDS`` prints one JSON line: ready_at (monotonic seconds), rss_mb, and
idle: the share of one core used in each of SECONDS seconds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from hw_sim.camera.virtual import VirtualCamera
from hw_sim.card.authority import simulator_trust
from hw_sim.scenario.real import in_process_card
from hw_sim.scenario.schema import load
from hw_sim.scenario.world import config_for
from reader.kiosk.assemble import Assembled, Choices, assemble
from reader.kiosk.clock import SystemClock
from reader.kiosk.threads import Crew
from reader.session.vocabulary import Step

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios" / "face.toml"
SETTLE_S = 3.0


def wait(made: Assembled, until: float) -> None:
    """Turn the kiosk as its process does, until a monotonic second."""
    while (now := time.monotonic()) < until:
        delay = made.kiosk.step(now)
        time.sleep(max(0.0, min(delay, until - now) - (time.monotonic() - now)))


def resident_mb() -> float:
    """Return the resident memory of this process."""
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def main(folder: str, idle_s: str) -> None:
    """Start, wait, say."""
    cards, clock = in_process_card(), SystemClock()
    made = assemble(
        config_for(load(SCENARIO), Path(folder)),
        Choices(clock, camera=VirtualCamera(), card_reader=cards.reader, card_front=cards.front,
                trust=simulator_trust(), motion=True),
    )  # fmt: skip
    crew = Crew(made.workers, clock)
    crew.start()
    while made.kiosk.session.step is not Step.IDLE:
        wait(made, time.monotonic() + 0.005)
    ready_at = time.monotonic()
    idle: list[float] = []
    if int(idle_s):
        wait(made, time.monotonic() + SETTLE_S)
    for _ in range(int(idle_s)):
        began, used = time.monotonic(), time.process_time()
        wait(made, began + 1.0)
        idle.append((time.process_time() - used) / (time.monotonic() - began))
    rss = resident_mb()
    crew.stop()
    made.close()
    sys.stdout.write(json.dumps({"ready_at": ready_at, "rss_mb": rss, "idle": idle}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
