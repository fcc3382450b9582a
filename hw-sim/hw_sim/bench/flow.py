"""Visits in virtual time: taps, patients an hour, and the critical path from card in to verified over the card link."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hw_sim.scenario.played import Played
from hw_sim.scenario.schema import load
from hw_sim.scenario.virtual import play
from reader.session.vocabulary import Step

SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


def _play(name: str) -> Played:
    with tempfile.TemporaryDirectory() as folder:
        played = play(load(SCENARIOS / f"{name}.toml"), name, Path(folder))
    if not played.ok:
        raise RuntimeError(f"{name}: {'; '.join(played.problems)}")
    return played


def measure() -> dict[str, dict[str, Any]]:
    """Return flow.* and path.* (inference modelled at its measured cost, the link by its bit rate)."""
    new, again = _play("face"), _play("returning")
    entered = {step: at for at, step in reversed(new.steps)}
    link = sum(span.end - span.start for span in new.spans if span.lane == "card link")
    verified = entered[Step.CONSENT] - entered[Step.READING_CARD]
    visit = new.steps[-1][0] - entered[Step.READING_CARD]

    def row(value: float, unit: str, goal: float | None = None) -> dict[str, Any]:
        return {"value": value, "unit": unit, "n": 1, "low": None, "high": None, "goal": goal}

    return {
        "path.verified_over_link": row(verified / link, "ratio", 1.15),
        "flow.taps_new": row(float(new.results[-1].taps), "taps", 3),
        "flow.taps_returning": row(float(max(again.results, key=lambda m: m.finished_at).taps), "taps", 1),
        "flow.patients_per_hour": row(3600.0 / visit, "1/h"),
    }
