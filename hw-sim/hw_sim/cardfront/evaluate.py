"""How well the card front is read: ``python -m hw_sim.cardfront.evaluate --n 500``.

Prints one line per condition with exact (Clopper & Pearson, 1934) one-sided 95 % bounds. ``--n`` counts fronts meant
to be read; a third as many spoiled ones come on top. Exit 1 where the aims are missed: 99.5 % read right of those not
spoiled, none read wrong, no back read at all.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw_sim.cardfront.content import sample_content
from hw_sim.cardfront.render import BACKS, READABLE, SPOILED, Condition, front_frames
from reader.cardfront.port import CardFrontUnreadable
from reader.cardfront.reader import OcrCardFront
from reader.cardfront.verification_number import compose
from reader.face.manifest import default_path
from reader.face.modelstore import ModelStore

TODAY = date(2026, 11, 22)
FRAMES_PER_READ = 6
AIM_RIGHT = 0.995


@dataclass(frozen=True, slots=True)
class RenderedFrame:
    """A frame as the slot camera hands it over."""

    pixels: NDArray[np.uint8]
    number: int


class RenderedCamera:
    """Shows rendered frames one after the other; ``clock`` moves by a fifteenth of a second with each."""

    def __init__(self, frames: Iterator[NDArray[np.uint8]]) -> None:
        self._frames = frames
        self.shown = 0

    def clock(self) -> float:
        """Seconds since the first frame."""
        return self.shown / 15

    def capture(self, timeout_s: float) -> RenderedFrame:
        """Return the next frame."""
        self.shown += 1
        return RenderedFrame(next(self._frames), self.shown)

    def stop(self) -> None:
        """Nothing to let go of."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One card. ``result``: "right", "wrong" or the problem's name. ``seconds``: reading alone, ``looks`` frames."""

    condition: Condition
    seed: int
    result: str
    seconds: float
    looks: int


@dataclass(slots=True)
class Tally:
    """Outcomes of one condition."""

    results: Counter[str] = field(default_factory=Counter)

    @property
    def cards(self) -> int:
        """Cards tried."""
        return self.results.total()


class _Watch:
    """Frames with the time spent on rendering them taken out."""

    def __init__(self, frames: Iterator[NDArray[np.uint8]]) -> None:
        self._frames = frames
        self.seconds = 0.0

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return self

    def __next__(self) -> NDArray[np.uint8]:
        start = time.perf_counter()
        try:
            return next(self._frames)
        finally:
            self.seconds += time.perf_counter() - start


def try_card(seed: int, condition: Condition, models: ModelStore) -> Outcome:
    """Render one card, read it as the kiosk would, compare."""
    content = sample_content(seed, TODAY)
    truth = compose(content.birth, content.expiry.year, content.code, foreign=content.gregorian)
    frames = _Watch(front_frames(content, seed, condition))
    camera = RenderedCamera(frames)
    reader = OcrCardFront(camera, models, TODAY, clock=camera.clock)
    start = time.perf_counter()
    try:
        number = reader.read(FRAMES_PER_READ / 15)
        result = "right" if number == truth and condition not in BACKS else "wrong"
    except CardFrontUnreadable as refusal:
        result = refusal.problem.value
    return Outcome(condition, seed, result, time.perf_counter() - start - frames.seconds, camera.shown)


def plan(n: int, first_seed: int) -> list[tuple[int, Condition]]:
    """``n`` fronts over the readable conditions in turn, then a third as many over the spoiled ones."""
    spoiled = sorted(SPOILED, key=list(Condition).index)
    jobs = [(first_seed + i, READABLE[i % len(READABLE)]) for i in range(n)]
    return jobs + [(first_seed + n + i, spoiled[i % len(spoiled)]) for i in range(math.ceil(n / 3))]


_models: ModelStore | None = None


def _work(job: tuple[int, Condition, str]) -> Outcome:
    global _models  # noqa: PLW0603 - one recogniser per worker process
    if _models is None:
        _models = ModelStore(Path(job[2]))
    return try_card(job[0], job[1], _models)


def run(
    n: int,
    first_seed: int = 1,
    workers: int = 1,
    models: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Outcome]:
    """Try ``n`` readable fronts and n/3 spoiled ones."""
    folder = str(models or default_path().parent)
    jobs = [(seed, condition, folder) for seed, condition in plan(n, first_seed)]
    outcomes: list[Outcome] = []
    if workers == 1:
        for job in jobs:
            outcomes.append(_work(job))
            progress(len(outcomes), len(jobs))
        return outcomes
    with ProcessPoolExecutor(workers) as pool:
        for outcome in pool.map(_work, jobs, chunksize=4):
            outcomes.append(outcome)
            progress(len(outcomes), len(jobs))
    return outcomes


def upper_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """Clopper-Pearson one-sided upper bound of a proportion, by bisection on the binomial tail."""
    if trials == 0 or events >= trials:
        return 1.0
    low, high = events / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(events, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def lower_bound(events: int, trials: int, confidence: float = 0.95) -> float:
    """Clopper-Pearson one-sided lower bound of a proportion."""
    return 1 - upper_bound(trials - events, trials, confidence)


def _at_most(events: int, trials: int, chance: float) -> float:
    """P(X <= events), X ~ Binomial(trials, chance), summed in logs."""
    total = 0.0
    for k in range(events + 1):
        ways = math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        total += math.exp(ways + k * math.log(chance) + (trials - k) * math.log1p(-chance))
    return total


@dataclass(frozen=True, slots=True)
class Summary:
    """right, readable: cards read right of those not spoiled. wrong, tried: wrong numbers of all. ms: median read."""

    right: int
    readable: int
    wrong: int
    tried: int
    backs_read: int
    ms: float

    @property
    def met(self) -> bool:
        """The aims."""
        return self.wrong == 0 and self.backs_read == 0 and self.right >= AIM_RIGHT * self.readable


def summarise(outcomes: list[Outcome]) -> Summary:
    """Count what the aims speak of."""
    readable = [outcome for outcome in outcomes if outcome.condition not in SPOILED]
    read = ("right", "wrong")
    times = sorted(1000 * outcome.seconds for outcome in readable if outcome.result == "right")
    return Summary(
        right=sum(outcome.result == "right" for outcome in readable),
        readable=len(readable),
        wrong=sum(outcome.result == "wrong" for outcome in outcomes),
        tried=len(outcomes),
        backs_read=sum(outcome.condition in BACKS and outcome.result in read for outcome in outcomes),
        ms=times[len(times) // 2] if times else math.nan,
    )


def table(outcomes: list[Outcome]) -> str:
    """One line per condition, readable ones first."""
    tallies: dict[Condition, Tally] = {}
    for outcome in outcomes:
        tallies.setdefault(outcome.condition, Tally()).results[outcome.result] += 1
    lines = [f"{'condition':18} {'cards':>5} {'right':>5} {'wrong':>5}  {'right >=':>8} {'wrong <=':>8}  refused as"]
    for condition in sorted(tallies, key=list(Condition).index):
        tally = tallies[condition]
        right, wrong = tally.results["right"], tally.results["wrong"]
        refused = ", ".join(f"{name} {count}" for name, count in tally.results.most_common() if name not in READ)
        least = "" if condition in SPOILED else f"{lower_bound(right, tally.cards):.1%}"
        most = upper_bound(wrong, tally.cards)
        lines.append(f"{condition:18} {tally.cards:5} {right:5} {wrong:5}  {least:>8} {most:8.1%}  {refused}")
    return "\n".join(lines)


READ = ("right", "wrong")


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m hw_sim.cardfront.evaluate", description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=500, help="fronts meant to be read (a third as many spoiled on top)")
    parser.add_argument("--seed", type=int, default=1, help="first seed")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--models", type=Path, default=None, help="folder of the .onnx files")
    options = parser.parse_args(arguments)

    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done}/{total}")

    outcomes = run(options.n, options.seed, options.workers, options.models, show)
    summary = summarise(outcomes)
    out = sys.stdout.write
    out(table(outcomes) + "\n\n")
    share = summary.right / max(1, summary.readable)
    least = lower_bound(summary.right, summary.readable)
    out(f"read right, not spoiled: {summary.right}/{summary.readable} = {share:.2%} (at least {least:.2%})\n")
    most = upper_bound(summary.wrong, summary.tried)
    out(f"read wrong, of all: {summary.wrong}/{summary.tried} (at most {most:.2%})\n")
    out(f"backs read: {summary.backs_read}; median time of a read: {summary.ms:.0f} ms on one thread\n")
    for outcome in outcomes:
        if outcome.result == "wrong" or (outcome.condition in READABLE and outcome.result != "right"):
            out(f"look at: seed {outcome.seed} {outcome.condition} -> {outcome.result}\n")
    return 0 if summary.met else 1


if __name__ == "__main__":
    sys.exit(main())
