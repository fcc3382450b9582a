"""Now against the goals, and against the committed baseline: ratios, since seconds differ between machines."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from hw_sim.bench.figures import Better, figure_of
from hw_sim.bench.rows import Row

REGRESSION = 0.10
COMPARABLE = ("fraction", "ratio")


class Standing(StrEnum):
    """How a figure stands to its goal. OPEN: it would meet it, and too little was tried to say so."""

    NO_GOAL = ""
    MET = "met"
    MISSED = "missed"
    OPEN = "open"


def standing(name: str, row: Row) -> Standing:
    """Return how a figure stands to its goal."""
    goal, figure = row["goal"], figure_of(name)
    if goal is None:
        return Standing.NO_GOAL
    higher = figure is not None and figure.better is Better.HIGHER
    if row["value"] < goal if higher else row["value"] > goal:
        return Standing.MISSED
    return Standing.OPEN if figure is not None and row["n"] < figure.least_n else Standing.MET


def missed(name: str, row: Row) -> bool:
    """Tell whether a figure misses its goal, or rests on too few trials to meet it."""
    return standing(name, row) in (Standing.MISSED, Standing.OPEN)


def worsening(name: str, row: Row, before: Row) -> float | None:
    """Return by which share of its former value a ratio got worse, negative where it got better.

    None where there is nothing to compare: no ratio, or neither way is better. From 0 anything is infinitely worse.
    """
    figure = figure_of(name)
    if figure is None or figure.better is Better.NEITHER or row["unit"] not in COMPARABLE:
        return None
    change = float(row["value"]) - float(before["value"])
    worse = -change if figure.better is Better.HIGHER else change
    if not before["value"]:
        return 0.0 if worse == 0 else float("inf") * worse
    return worse / abs(float(before["value"]))


def perhaps_chance(row: Row, before: Row) -> bool:
    """Tell whether the two intervals overlap: the change may be the luck of the draw."""
    if None in (row["low"], row["high"], before["low"], before["high"]):
        return False
    return bool(row["low"] <= before["high"] and before["low"] <= row["high"])


def regressions(metrics: Mapping[str, Row], baseline: Mapping[str, Row]) -> list[str]:
    """Return a line for each ratio that got worse by more than a tenth."""
    lines = []
    for name, row in metrics.items():
        before = baseline.get(name)
        worse = None if before is None else worsening(name, row, before)
        if before is not None and worse is not None and worse > REGRESSION:
            chance = " (the intervals overlap: perhaps chance)" if perhaps_chance(row, before) else ""
            lines.append(f"WORSE: {name} was {before['value']:.4g}, is {row['value']:.4g}{chance}")
    return lines


def misses(metrics: Mapping[str, Row]) -> list[str]:
    """Return a line for each goal that is missed, or of which too little was tried to say anything."""
    lines = []
    for name, row in metrics.items():
        match standing(name, row):
            case Standing.MISSED:
                lines.append(f"GOAL MISSED: {name} is {row['value']:.4g} {row['unit']}, goal {row['goal']:g}")
            case Standing.OPEN:
                figure = figure_of(name)
                assert figure is not None, "only a declared figure asks for trials"
                lines.append(f"GOAL NOT PROVED: {name} rests on {row['n']} trials of {figure.least_n}")
            case _:
                pass
    return lines
