"""Where the time of one frame goes: detection, landmarks, liveness net, comparison nets, everything between them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from hw_sim.bench.rows import Row, new_engine, print_rows, row
from hw_sim.camera.clip import ON_THE_FACE, record
from hw_sim.people.person import load_people
from hw_sim.people.scene import standing

STAGES = {
    "detect": ("detector", "find"),
    "landmarks": ("landmarks", "find"),
    "liveness": ("passive", "look"),
    "compare": ("embedder", "embed"),
}


class Watch:
    """Adds up processor time of calls."""

    def __init__(self) -> None:
        self.spent = 0.0

    def around(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``work``, timed."""

        def timed(*arguments: Any, **named: Any) -> Any:
            began = time.process_time()
            try:
                return work(*arguments, **named)
            finally:
                self.spent += time.process_time() - began

        return timed


def measure(seconds: float = 1.5) -> dict[str, Row]:
    """Return face.frame_ms and face.stage_ms.*: the mean over every frame of one try of each virtual person.

    A stage that a frame does without counts as 0 in it: the stages add up to the frame.
    """
    engine = new_engine()
    watches = {stage: Watch() for stage in STAGES}
    people = load_people()
    references = [engine.enroll(person.ic_photo()) for person in people]
    for stage, (part, call) in STAGES.items():
        port = getattr(engine, part)
        setattr(port, call, watches[stage].around(getattr(port, call)))
    frames, whole = 0, 0.0
    for person, reference in zip(people, references, strict=True):
        film = record(standing(person), seconds, request=ON_THE_FACE)
        attempt = engine.begin(0.0)
        attempt.set_reference(reference)
        for frame in film:
            began = time.process_time()
            seen = attempt.observe(frame)
            whole += time.process_time() - began
            frames += 1
            if seen.decision is not None:
                break
        attempt.close()
    engine.wipe()
    stages = {stage: watch.spent for stage, watch in watches.items()}
    stages["other"] = max(0.0, whole - sum(stages.values()))
    return {
        "face.frame_ms": row(1000 * whole / frames, "ms", frames),
        **{f"face.stage_ms.{stage}": row(1000 * spent / frames, "ms", frames) for stage, spent in stages.items()},
    }


def main() -> int:
    """Run the command."""
    print_rows(measure())
    return 0


if __name__ == "__main__":
    sys.exit(main())
