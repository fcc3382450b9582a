"""Visits in virtual time: taps of a new and of a returning patient, how many patients an hour can bring, and how many
sessions one process plays in a real minute.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from hw_sim.bench.rows import Row, row
from hw_sim.scenario.mix import clinic_day
from hw_sim.scenario.played import Played
from hw_sim.scenario.schema import Scenario, load
from hw_sim.scenario.virtual import play
from reader.session.vocabulary import Step

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"
# Kinds of visit that any morning brings; each counts the same.
ORDINARY = (
    "face",
    "returning",
    "prescription",
    "child",
    "pin",
    "face_then_pin",
    "second_try",
    "expiring",
    "wrong_card",
)


DAY, EVERY = 330, 6  # sessions of a clinic's day, of which every sixth is played


def played(name: str, scenario: Scenario | None = None, seed: int = 1) -> Played:
    """Play one scenario, its file unless given. Raises RuntimeError when it does not go as it expects."""
    with tempfile.TemporaryDirectory() as folder:
        one = play(scenario or load(SCENARIOS / f"{name}.toml"), name, Path(folder), seed=seed)
    if not one.ok:
        raise RuntimeError(f"{name}: {'; '.join(one.problems)}")
    return one


def visits(one: Played) -> list[float]:
    """Return the seconds of each visit: card in, to the start screen again."""
    found, begun = [], None
    for at, step in one.steps:
        if begun is None and step not in (Step.STARTING, Step.IDLE):
            begun = at
        elif begun is not None and step is Step.IDLE:
            found.append(at - begun)
            begun = None
    return found


def taps(one: Played) -> float:
    """Return the taps of the last visit."""
    return float(max(one.results, key=lambda message: message.finished_at).taps)


def measure() -> dict[str, Row]:
    """Return flow.*: hands as quick as the scenario files say, the card link by its bit rate."""
    every = {name: played(name) for name in ORDINARY}
    seconds = [took for one in every.values() for took in visits(one)]
    return {
        "flow.taps_new": row(taps(every["face"]), "taps", 1),
        "flow.taps_returning": row(taps(every["returning"]), "taps", 1),
        "flow.patients_per_hour": row(3600.0 * len(seconds) / sum(seconds), "1/h", len(seconds)),
        "flow.sessions_per_minute": _sessions_per_minute(),
    }


def _sessions_per_minute() -> Row:
    day = clinic_day(DAY)[::EVERY]
    began = time.perf_counter()
    for visit in day:
        played(visit.name, visit.scenario, visit.seed)
    return row(60.0 * len(day) / (time.perf_counter() - began), "1/min", len(day))
