"""What liveness and light reach: the research set of prints, presentations by virtual people, the light sweep.

``python -m hw_sim.bench.attacks [--data DIR] [--attacks N]`` prints the table; ``measure`` returns it. Rows whose data
is absent are left out. Presentations already in ``out/pad/outcomes.jsonl`` count (``python -m hw_sim.bench.presenting``
fills it, in slices, overnight); only what is missing of N of each kind is played.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hw_sim.attackers.species import REAL_FACES, Species
from hw_sim.bench import lights
from hw_sim.bench.presenting import BONA_FIDE, FRESH, KINDS, LIVE_LIMIT_S, OUTCOMES, STRANGERS, Outcome, load, slices
from hw_sim.bench.rows import Row, new_engine, print_rows, quantile_row, rate_row
from reader.face.engine import FaceEngine
from reader.face.evaluation import light, liveness, plots, stats
from reader.face.evaluation.datasets import default_data, read_pairs, read_people
from reader.face.evaluation.stats import Curve, Rate, Scores
from reader.face.liveness.rule import LEAST_FRAMES

_HONEST = (BONA_FIDE, STRANGERS)
_NEVER = -30.0  # nats: two failed turns and the worst look come to -23


def measure(data: Path | None = None, attacks: int = 2, kept: Path = OUTCOMES) -> dict[str, Row]:
    """Return every figure that can be measured here, by metric id.

    data: evaluation data, default as ``reader.face.evaluation``. attacks: presentations of each species, and of honest
    people. kept: where outcomes of presentations are.
    """
    folder = data or default_data()
    engine = new_engine()
    rows: dict[str, Row] = {}
    if (folder / "nuaa-dev").is_dir():
        rows.update(_prints(engine, folder / "nuaa-dev"))
    rows.update(_light(engine, folder / "lfw-dev"))
    kinds = [kind for kind in KINDS if kind != STRANGERS or (folder / "lfw-dev" / "images").is_dir()]
    for _ in slices(kept, kinds, attacks, FRESH, float("inf")):
        pass
    rows.update(rows_of(load(kept)))
    return rows


def _prints(engine: FaceEngine, folder: Path) -> dict[str, Row]:
    """Passive evidence alone on NUAA's prints: equal error rate of one frame, and of the mean of ten."""
    rows = {}
    for one in liveness.evaluate(engine, read_people(folder)).species:
        name, goal = ("pad.nuaa_eer_frame", 0.08) if one.frames == 1 else ("pad.nuaa_eer_10", 0.015)
        trials = one.attack.size + one.live.size
        rows[name] = rate_row(stats.rate(round(one.eer * trials), trials), goal) | {"value": one.eer}
    return rows


def _light(engine: FaceEngine, pairs: Path, limit: int = 118) -> dict[str, Row]:
    """Light judged on the half of people and of virtual visits that no limit was set by."""
    judged = lights.sweep(engine, rounds=2)  # six people twice: lights that fewer have stood in do not count
    if (pairs / "pairs.txt").is_file():
        judged += light.sweep(engine, read_pairs(pairs), limit)
    report = light.summarise(judged, light.REPORTED)
    return {
        "light.false_ok": rate_row(report.false_ok, 0.01),
        "light.false_refuse": rate_row(report.false_refuse, 0.03),
    }


def rows_of(outcomes: Sequence[Outcome]) -> dict[str, Row]:
    """Return APCER by species, BPCER and APNRR (ISO/IEC 30107-3) of the presentations that no rule was made by.

    Those without enough usable frames for a decision count as refused in the one and as non-response in the other.
    """
    fresh = [one for one in outcomes if one.seed >= FRESH]
    rows: dict[str, Row] = {}
    worst: Rate | None = None
    for species in Species:
        ends = [one.passed for one in fresh if one.kind == species]
        if not ends:
            continue
        rate = stats.rate(sum(ends), len(ends))
        rows[f"pad.sim_apcer.{species}"] = rate_row(rate, 0.0)
        # Of species without a pass the one with the fewest presentations is known the least.
        if worst is None or (rate.value, rate.high) > (worst.value, worst.high):
            worst = rate
    if worst is not None:
        rows["pad.sim_apcer_max"] = rate_row(worst, 0.0)
    visits = [one for one in fresh if one.kind in _HONEST]
    if visits:
        rows["pad.sim_bpcer"] = rate_row(_refused(visits), 0.03)
        for kind in _HONEST:
            of_kind = [one for one in visits if one.kind == kind]
            if of_kind:
                rows[f"pad.sim_bpcer.{kind}"] = rate_row(_refused(of_kind), None)
        rows["pad.sim_asked"] = rate_row(stats.rate(sum(one.asked > 0 for one in visits), len(visits)), None)
        rows["pad.sim_live_s"] = quantile_row([one.seconds for one in visits], "s")
    attacks = [one for one in fresh if one.kind not in _HONEST]
    if attacks:
        unseen = sum(one.cues["frames"] < LEAST_FRAMES for one in attacks)
        rows["pad.sim_apnrr"] = rate_row(stats.rate(unseen, len(attacks)), None)
    return rows


def _refused(visits: Sequence[Outcome]) -> Rate:
    return stats.rate(sum(not one.live for one in visits), len(visits))


def curves_of(outcomes: Sequence[Outcome]) -> dict[str, Curve]:
    """Return for each artefact how APCER trades against BPCER when the evidence asked for at the end moves."""
    fresh = [one for one in outcomes if one.seed >= FRESH]

    def nats(*kinds: str) -> Scores:
        return np.array([_nats(one) for one in fresh if one.kind in kinds], np.float64)

    live = nats(*_HONEST)
    attacks = {str(species): nats(species) for species in Species if species not in REAL_FACES}
    return {name: stats.curve(live, scores) for name, scores in attacks.items() if scores.size and live.size}


def _nats(one: Outcome) -> float:
    """Return the evidence of a presentation that more of it would have let through, else less than any has."""
    unasked = not one.asked and one.cues["solid"] > one.cues["flat"]
    return one.evidence if one.cues["frames"] >= LEAST_FRAMES and (one.cues["turns"] or unasked) else _NEVER


def main() -> None:
    """Print the table; draw the whole decision's trade-off and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--attacks", type=int, default=2)
    parser.add_argument("--kept", type=Path, default=OUTCOMES)
    parser.add_argument("--only-kept", action="store_true", help="play nothing: report what is kept")
    chosen = parser.parse_args()
    rows = rows_of(load(chosen.kept)) if chosen.only_kept else measure(chosen.data, chosen.attacks, chosen.kept)
    print_rows(rows)
    outcomes = [one for one in load(chosen.kept) if one.seed >= FRESH]
    visits = [one for one in outcomes if one.kind in _HONEST]
    if not visits:
        return
    median = np.median([one.seconds for one in visits])
    sys.stdout.write(f"honest visits: median {median:.1f} s to the decision, limit {LIVE_LIMIT_S:g} s\n")
    folder = chosen.kept.parent
    plots.trade_off(curves_of(outcomes), folder / "det.png", "whole decision by species", "APCER", "BPCER")
    scores = {"honest": visits, "attacks": [one for one in outcomes if one.kind not in _HONEST]}
    drawn = {name: np.array([_nats(one) for one in ones], np.float64) for name, ones in scores.items()}
    title = f"evidence at the decision, nats; {_NEVER:g}: no depth was seen, or too few usable frames"
    plots.histogram(drawn, folder / "evidence.png", title)


if __name__ == "__main__":
    main()
