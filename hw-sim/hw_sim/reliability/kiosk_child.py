"""A whole kiosk process for a supervisor to watch, which breaks in itself what it is told to.

``python -m hw_sim.reliability.kiosk_child FOLDER`` reads orders from stdin, one a line: ``die WORKER``,
``hang WORKER``, ``hang main`` (inside C code that never gives the GIL back), ``child`` (kill the photo decoder's
child). It prints ``child PID`` lines, and ``dark`` as its screen goes dark.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from pathlib import Path
from typing import cast

from hw_sim.scenario.schema import Expect, Scenario
from hw_sim.scenario.world import config_for
from reader.card.photo_child import ChildProcessDecoder
from reader.kiosk.assemble import Assembled
from reader.kiosk.run import run_kiosk


def say(line: str) -> None:
    """Tell the supervisor."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def obey(assembled: Assembled) -> None:
    """Take orders until stdin ends."""
    for line in sys.stdin:
        what, _, whom = line.strip().partition(" ")
        if what == "child":
            say(f"child {kill_decoder(cast(ChildProcessDecoder, assembled.decoder))}")
        elif whom == "main":
            assembled.kiosk.step = hold_the_gil  # type: ignore[method-assign]
        else:
            worker = next(one for one in assembled.workers if one.name == whom)
            worker.step = _die if what == "die" else _hang  # type: ignore[method-assign]
            worker.wake.set()


def kill_decoder(decoder: ChildProcessDecoder) -> int:
    """SIGKILL the warm child; return its process id."""
    warm = decoder._warm
    assert warm is not None
    warm.kill()
    warm.wait(5)
    return warm.pid


def hold_the_gil(now: float) -> float:
    """Search for ever in C: no other Python thread runs meanwhile."""
    re.match("(a+)+b", "a" * 64)
    return 0.0


def _die(now: float) -> float:
    raise RuntimeError("killed by the test")


def _hang(now: float) -> float:
    time.sleep(600)
    return 0.0


def main(folder: Path) -> int:
    """Run the kiosk."""
    config = config_for(Scenario(title="supervised", do=(), expect=Expect()), folder, card_reader="virtual")

    def ready(assembled: Assembled) -> None:
        dark = assembled.kiosk.dark

        def darken() -> None:
            dark()
            say("dark")

        assembled.kiosk.dark = darken  # type: ignore[method-assign]
        threading.Thread(target=obey, args=(assembled,), daemon=True).start()

    return run_kiosk(config, ready=ready)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
