"""Figures of the card-front reading: ``ocr.right``, ``ocr.wrong``, ``ocr.ms``."""

from __future__ import annotations

from hw_sim.cardfront.evaluate import run, summarise


def measure(n: int = 75, first_seed: int = 70_001) -> dict[str, float]:
    """Read ``n`` fronts and a third as many spoiled ones on this machine, one thread.

    ocr.right: share read right of those not spoiled, 0..1. ocr.wrong: wrong numbers among all, a count.
    ocr.ms: median time of a whole read (two looks), milliseconds, rendering left out.
    """
    summary = summarise(run(n, first_seed))
    return {
        "ocr.right": summary.right / summary.readable,
        "ocr.wrong": float(summary.wrong),
        "ocr.ms": summary.ms,
    }
