"""Groups of people who look alike, found without labels: one false match rate over everybody hides them.

Where a set says nothing about its people, subjects are gathered by their mean embeddings (spherical k-means, Dhillon &
Modha 2001). False matches are then counted between people of the same group only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reader.face.embedder import Embedding
from reader.face.evaluation import stats

Names = Sequence[str] | NDArray[np.str_]
_ROUNDS = 50
LEAST_ERRORS = 20


def alike(embeddings: Embedding, subjects: Names, count: int, seed: int = 1) -> dict[str, int]:
    """Return the group, 0..count-1, of each subject. The same input and seed give the same groups."""
    names, member = np.unique(np.asarray(subjects), return_inverse=True)
    if not 1 <= count <= len(names):
        raise ValueError(f"{len(names)} subjects cannot make {count} groups")
    means = np.zeros((len(names), embeddings.shape[1]), np.float64)
    np.add.at(means, member, embeddings)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    centres = _far_apart(means, count, np.random.default_rng(seed))
    group = np.full(len(names), -1)
    for _ in range(_ROUNDS):
        nearest = np.argmax(means @ centres.T, axis=1)
        if (nearest == group).all():
            break
        group = nearest
        for k in range(count):
            if (group == k).any():
                centre = means[group == k].sum(axis=0)
                centres[k] = centre / np.linalg.norm(centre)
    return {str(name): int(k) for name, k in zip(names, group, strict=True)}


def _far_apart(means: NDArray[np.float64], count: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Choose centres as k-means++ does (Arthur & Vassilvitskii 2007)."""
    chosen = [int(random.integers(len(means)))]
    while len(chosen) < count:
        apart = np.clip(1.0 - (means @ means[chosen].T).max(axis=1), 0.0, None)
        chosen.append(int(random.choice(len(means), p=apart / apart.sum())))
    return means[chosen].copy()


@dataclass(frozen=True, slots=True)
class Inside:
    """Thresholds that keep a false match rate among people who look alike.

    pooled: over all comparisons inside groups. worst: that of the most confusable group among those with enough
    comparisons to tell, None where no group has.
    """

    pooled: float
    worst: float | None


def thresholds_inside(
    scores: NDArray[np.float32], rows: Names, columns: Names, group: dict[str, int], fmr: float
) -> Inside:
    """Return the thresholds at which strangers of the same group match with rate ``fmr``.

    scores: (rows, columns), one comparison each. rows, columns: whose they are. A group whose comparisons would give
    fewer than ``LEAST_ERRORS`` false matches is no evidence by itself: there a few mislabelled pictures decide.
    """
    row_group, column_group = (np.array([group[one] for one in side]) for side in (rows, columns))
    other = np.asarray(rows)[:, None] != np.asarray(columns)[None, :]
    pool, worst = [], []
    for k in sorted(set(group.values())):
        inside = np.ix_(row_group == k, column_group == k)
        pool.append(scores[inside][other[inside]])
        if pool[-1].size * fmr >= LEAST_ERRORS:
            worst.append(stats.threshold_at(pool[-1], fmr))
    return Inside(stats.threshold_at(np.concatenate(pool), fmr), max(worst, default=None))
