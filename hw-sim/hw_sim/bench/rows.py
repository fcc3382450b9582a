"""A metric with its interval, as the bench writes it, and the engine that is measured."""

from __future__ import annotations

import random
import sys
from typing import Any

from reader.face.engine import FaceEngine
from reader.face.evaluation.stats import Rate
from reader.face.modelbuild.commands import default_folder
from reader.face.modelstore import ModelStore
from reader.vault import Vault

Row = dict[str, Any]


def rate_row(rate: Rate, goal: float, low: float | None = None, high: float | None = None) -> Row:
    """Return a rate as a metric; its own interval unless a better one is given."""
    return {
        "value": rate.value,
        "unit": "fraction",
        "n": rate.trials,
        "low": rate.low if low is None else low,
        "high": rate.high if high is None else high,
        "goal": goal,
    }


def new_engine(seed: int = 1) -> FaceEngine:
    """Return an engine on the built models, with a vault of its own and challenges drawn from ``seed``."""
    return FaceEngine(ModelStore(default_folder()), Vault(), rng=random.Random(seed))


def print_rows(rows: dict[str, Row]) -> None:
    """Print metrics with interval, number of trials and goal."""
    for name, row in rows.items():
        sys.stdout.write(
            f"{name:32} {row['value']:.4g} {row['unit']} [{row['low']:.4g}, {row['high']:.4g}] "
            f"n={row['n']} goal {row['goal']:g}\n"
        )
