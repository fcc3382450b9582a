"""The critical path in real time: card in to verified, over the card link's own time, with a patient who is ready.

A visit in which the kiosk asks for a movement is counted, and its time left out: the film cannot turn its head.

The whole kiosk runs with its threads and nets; the card answers in the time of a Type B link. The camera plays a film
drawn beforehand: drawing it meanwhile would take processor time that no real camera takes.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hw_sim.bench.rows import Row, fraction_row, print_rows, quantile_row
from hw_sim.camera.clip import ON_THE_FACE, record
from hw_sim.camera.film import FPS, FilmCamera
from hw_sim.card.authority import simulator_trust
from hw_sim.people.person import load_person
from hw_sim.people.scene import looking_up, standing
from hw_sim.scenario.real import in_process_card
from hw_sim.scenario.schema import load
from hw_sim.scenario.world import card_of, config_for
from reader.devices.ports import Frame
from reader.kiosk.assemble import JST, Assembled, Choices, assemble
from reader.kiosk.clock import SystemClock
from reader.kiosk.threads import Crew
from reader.session.vocabulary import Guidance, Step

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios" / "face.toml"
FILM_S, SETTLE_S, LIMIT_S = 4.0, 0.5, 15.0
UP_S = 0.4  # a patient who is ready looks up from the card as soon as it is in
MOVEMENTS = frozenset({Guidance.TURN_LEFT, Guidance.TURN_RIGHT, Guidance.BLINK})
VERIFIED = frozenset({Step.CONSENT})  # what a new patient is asked as soon as the face is known


@dataclass(frozen=True, slots=True)
class Served:
    """One visit: card in to verified, and of that the seconds on the card link."""

    verified_s: float
    link_s: float


def once(film: Sequence[Frame], folder: Path) -> Served | None:
    """Serve one new patient up to the first question; None where a movement is asked for.

    Raises RuntimeError when the kiosk does not come that far.
    """
    scenario, clock, cards = load(SCENARIO), SystemClock(), in_process_card()
    made = assemble(
        config_for(scenario, folder),
        Choices(clock, camera=FilmCamera(film), card_reader=cards.reader, card_front=cards.front,
                trust=simulator_trust()),
    )  # fmt: skip
    crew = Crew(made.workers, clock)
    crew.start()
    try:
        _until(made, clock, frozenset({Step.IDLE}))
        _settle(made, clock)
        put_in = clock.now()
        cards.slot.insert(card_of(scenario.patient, "", clock.wall().astimezone(JST).date()))
        verified = _until(made, clock, VERIFIED)
        if verified is None:
            return None
        link = sum(
            span.end - span.start
            for span in made.trace.spans()
            if span.lane == "card link" and put_in <= span.start and span.end <= verified
        )
    finally:
        crew.stop()
        made.close()
    return Served(verified - put_in, link)


def _until(made: Assembled, clock: SystemClock, steps: frozenset[Step]) -> float | None:
    """Turn the kiosk until one of ``steps``; return when that was, None when a movement is asked for before."""
    began = clock.now()
    while True:
        now = clock.now()
        delay = made.kiosk.step(now)
        if made.kiosk.session.step in steps:
            return clock.now()
        if made.kiosk.session.guidance in MOVEMENTS:
            return None
        if now - began > LIMIT_S:
            raise RuntimeError(f"the kiosk stayed at {made.kiosk.session.step.value} for {LIMIT_S:.0f} s")
        time.sleep(max(0.0, min(delay, 1 / FPS) - (clock.now() - now)))


def _settle(made: Assembled, clock: SystemClock) -> None:
    """Let the helpers warm up, as they have long done when the first patient of a day comes."""
    until = clock.now() + SETTLE_S
    while clock.now() < until:
        time.sleep(min(made.kiosk.step(clock.now()), 0.05))


def measure(n: int = 9, tries: int = 20) -> dict[str, Row]:
    """Return path.*: the median of ``n`` visits without a movement, out of at most ``tries``."""
    somebody = looking_up(standing(load_person(load(SCENARIO).patient.person)), UP_S)
    film = record(somebody, FILM_S, fps=FPS, settle_s=1.0, request=ON_THE_FACE)
    runs: list[Served] = []
    asked = 0
    while len(runs) < n and len(runs) + asked < tries:
        with tempfile.TemporaryDirectory() as folder:
            served = once(film, Path(folder))
        if served is None:
            asked += 1
        else:
            runs.append(served)
    moved = {"path.asked_to_move": fraction_row(asked, len(runs) + asked)}
    if not runs:
        return moved
    return {
        **moved,
        "path.verified_over_link": quantile_row([run.verified_s / run.link_s for run in runs], "ratio"),
        "path.verified_s": quantile_row([run.verified_s for run in runs], "s"),
        "path.link_s": quantile_row([run.link_s for run in runs], "s"),
    }


def main() -> int:
    """Run the command."""
    print_rows(measure())
    return 0


if __name__ == "__main__":
    sys.exit(main())
