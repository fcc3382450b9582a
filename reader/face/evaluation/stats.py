"""Error rates with their uncertainty: Clopper-Pearson intervals, detection error trade-off, subject bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Rate:
    """``errors`` of ``trials``, with a two-sided 95 % interval low..high; value is NaN without trials."""

    errors: int
    trials: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The observed rate."""
        return self.errors / self.trials if self.trials else math.nan

    def __str__(self) -> str:
        return f"{self.value:.3%} [{self.low:.3%}, {self.high:.3%}] ({self.errors}/{self.trials})"


def rate(errors: int, trials: int, confidence: float = 0.95) -> Rate:
    """Return the rate with its exact interval (Clopper & Pearson 1934), which assumes independent trials."""
    if not 0 <= errors <= trials:
        raise ValueError(f"{errors} errors cannot come from {trials} trials")
    tail = (1.0 - confidence) / 2.0
    low = 0.0 if errors == 0 else _beta_quantile(tail, errors, trials - errors + 1)
    high = 1.0 if errors == trials else _beta_quantile(1.0 - tail, errors + 1, trials - errors)
    return Rate(errors, trials, low, high)


def _beta_quantile(probability: float, a: float, b: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(80):
        middle = (low + high) / 2.0
        if _beta_cdf(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _beta_cdf(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function by its continued fraction (Abramowitz & Stegun 26.5.8)."""
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - _beta_cdf(1.0 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    tiny = 1e-300
    c, d = 1.0, 1.0 / max(1.0 - (a + b) * x / (a + 1.0), tiny)
    total = d
    for m in range(1, 10_000):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d = 1.0 / (_away_from_zero(1.0 + term * d, tiny))
            c = _away_from_zero(1.0 + term / c, tiny)
            total *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return front * total


def _away_from_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny


def threshold_at(impostors: Scores, fmr: float) -> float:
    """Return the lowest threshold whose false match rate over ``impostors`` does not exceed ``fmr`` (accept: >=)."""
    if impostors.size == 0:
        raise ValueError("no impostor comparisons: a false match rate cannot be set")
    allowed = math.floor(impostors.size * fmr)
    if allowed >= impostors.size:
        return float(impostors.min())
    highest = np.partition(impostors, impostors.size - allowed - 1)
    return float(np.nextafter(highest[impostors.size - allowed - 1], np.inf))


@dataclass(frozen=True, slots=True)
class Curve:
    """Detection error trade-off: at ``thresholds`` rising, false accepts fall and false rejects rise (fractions)."""

    thresholds: NDArray[np.float64]
    false_accept: NDArray[np.float64]
    false_reject: NDArray[np.float64]

    @property
    def equal_error(self) -> tuple[float, float]:
        """Equal error rate and its threshold."""
        gap = np.abs(self.false_accept - self.false_reject)
        best = int(np.argmin(gap))
        return float(self.false_accept[best] + self.false_reject[best]) / 2.0, float(self.thresholds[best])


def curve(genuine: Scores, impostors: Scores, points: int = 2000) -> Curve:
    """Return the trade-off between ``genuine`` (higher is better) and ``impostors`` at up to ``points`` thresholds."""
    if genuine.size == 0 or impostors.size == 0:
        raise ValueError("a trade-off needs genuine and impostor scores")
    low, high = np.sort(genuine), np.sort(impostors)
    every = np.unique(np.concatenate([low, high[:: max(1, high.size // points)], high[-points:]]))
    if every.size > 2 * points:
        every = every[np.linspace(0, every.size - 1, 2 * points).astype(np.intp)]
    thresholds = np.append(every, np.nextafter(every[-1], np.inf)).astype(np.float64)
    return Curve(
        thresholds=thresholds,
        false_accept=1.0 - np.searchsorted(high, thresholds, side="left") / high.size,
        false_reject=np.searchsorted(low, thresholds, side="left") / low.size,
    )


def subject_bootstrap(
    values: Scores, subjects: Sequence[str], statistic: Callable[[Scores], float], rounds: int = 500, seed: int = 1
) -> tuple[float, float]:
    """Return the 95 % percentile interval of ``statistic`` when whole subjects are drawn with replacement.

    Comparisons of one person are not independent, so the exact binomial interval is too narrow (ISO/IEC 19795-1, B.2).
    """
    names, member = np.unique(np.asarray(subjects), return_inverse=True)
    groups = [values[member == k] for k in range(len(names))]
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(rounds):
        chosen = generator.integers(0, len(groups), len(groups))
        drawn.append(statistic(np.concatenate([groups[k] for k in chosen])))
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)
