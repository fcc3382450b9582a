"""A metric with its interval, as the bench writes it, and the engine that is measured."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Sequence
from typing import Any

from reader.face.engine import FaceEngine
from reader.face.evaluation.stats import Rate, rate
from reader.face.modelbuild.commands import default_folder
from reader.face.modelstore import ModelStore
from reader.vault import Vault

Row = dict[str, Any]


def rate_row(rate: Rate, goal: float | None, low: float | None = None, high: float | None = None) -> Row:
    """Return a rate as a metric; its own interval unless a better one is given."""
    return {
        "value": rate.value,
        "unit": "fraction",
        "n": rate.trials,
        "low": rate.low if low is None else low,
        "high": rate.high if high is None else high,
        "goal": goal,
    }


def row(value: float, unit: str, n: int, low: float | None = None, high: float | None = None) -> Row:
    """Return a metric as the JSON holds it. n: how many measurements or trials ``value`` rests on. Goal: by figure."""
    return {"value": value, "unit": unit, "n": n, "low": low, "high": high, "goal": None}


def fraction_row(errors: int, trials: int) -> Row:
    """Return a fraction with its exact 95 % interval (Clopper & Pearson 1934)."""
    found = rate(errors, trials)
    return row(found.value, "fraction", trials, found.low, found.high)


def count_row(events: int, trials: int, unit: str) -> Row:
    """Return a count of events among ``trials``, with what it may come to in as many again (exact, 95 %)."""
    found = rate(events, trials)
    return row(float(events), unit, trials, found.low * trials, found.high * trials)


def quantile_row(values: Sequence[float], unit: str, share: float = 0.5) -> Row:
    """Return a quantile of measurements, the median unless told, with its interval.

    The interval runs between two of the values and asks nothing of their distribution: 95 % where there are enough
    of them, else as far as they go (David & Nagaraja, Order Statistics, 7.1).
    """
    ordered = sorted(values)
    n = len(ordered)
    below, above = _ranks(n, share)
    return row(ordered[min(n - 1, int(n * share))], unit, n, ordered[below], ordered[above])


def _ranks(n: int, share: float, confidence: float = 0.95) -> tuple[int, int]:
    """Return the outermost two of n ordered values between which the quantile lies with this confidence."""
    tail = (1.0 - confidence) / 2.0
    below, above, total = 0, n - 1, 0.0
    for k in range(n + 1):
        total += math.exp(
            math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
            + k * math.log(share) + (n - k) * math.log1p(-share)
        )  # fmt: skip
        if total <= tail:
            below = min(n - 1, k)
        if total >= 1.0 - tail:
            return below, min(n - 1, k)
    return below, above


def new_engine(seed: int = 1) -> FaceEngine:
    """Return an engine on the built models, with a vault of its own and challenges drawn from ``seed``."""
    return FaceEngine(ModelStore(default_folder()), Vault(), rng=random.Random(seed))


def line(name: str, metric: Row) -> str:
    """Return a metric as one line: value, interval, number of measurements, goal."""
    low, high, goal = metric["low"], metric["high"], metric["goal"]
    between = "" if low is None or high is None else f" [{low:.4g}, {high:.4g}]"
    aim = "" if goal is None else f" goal {goal:g}"
    return f"{name:34} {metric['value']:.4g} {metric['unit']}{between} n={metric['n']}{aim}"


def print_rows(rows: dict[str, Row]) -> None:
    """Print metrics with interval, number of trials and goal."""
    for name, metric in rows.items():
        sys.stdout.write(line(name, metric) + "\n")
