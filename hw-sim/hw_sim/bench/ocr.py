"""Figures of the card-front reading: ``ocr.right``, ``ocr.wrong``, ``ocr.ms``."""

from __future__ import annotations

from hw_sim.bench.rows import Row, count_row, fraction_row, quantile_row
from hw_sim.cardfront.evaluate import run, summarise
from hw_sim.cardfront.render import SPOILED


def measure(n: int = 75, first_seed: int = 70_001) -> dict[str, Row]:
    """Read ``n`` fronts and a third as many spoiled ones on this machine, one thread.

    ocr.right: share read right of those not spoiled. ocr.wrong: wrong numbers among all. ocr.ms: a whole read (two
    looks), rendering left out.
    """
    outcomes = run(n, first_seed)
    summary = summarise(outcomes)
    took = [1000 * one.seconds for one in outcomes if one.result == "right" and one.condition not in SPOILED]
    return {
        "ocr.right": fraction_row(summary.right, summary.readable),
        "ocr.wrong": count_row(summary.wrong, summary.tried, "cards"),
        "ocr.ms": quantile_row(took, "ms"),
    }
