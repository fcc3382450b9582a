"""Today's figures from today's results: how patients were verified, why faces failed, how long a patient takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import pairwise

from reader.desk.store import StoredResult
from reader.session.failures import Failure
from reader.session.vocabulary import Method, Outcome
from reader.uplink.messages import JST

FACE_FAILURES = (
    Failure.FACE_NOT_MATCHED,
    Failure.FACE_NOT_LIVE,
    Failure.FACE_NOT_SEEN,
    Failure.FACE_LIGHT,
    Failure.PATIENT_LEFT,
)
BINS_S = (10, 20, 30, 45, 60, 90)


@dataclass(frozen=True, slots=True)
class Figures:
    """methods: accepted patients by method. outcomes: all visits. failures: visits that ended for a face failure.

    seconds: accepted patients by duration, one count per bin of BINS_S and one beyond. median_s, p90_s: None if none.
    """

    visits: int
    methods: dict[Method, int]
    outcomes: dict[Outcome, int]
    failures: dict[Failure, int]
    seconds: tuple[int, ...]
    median_s: float | None
    p90_s: float | None


def day_start(now: datetime) -> datetime:
    """Return the beginning of ``now``'s day in Japan."""
    return datetime.combine(now.astimezone(JST).date(), time(), JST)


def figures(results: Iterable[StoredResult]) -> Figures:
    """Count a set of results."""
    rows = list(results)
    accepted = [row.message for row in rows if row.message.outcome is Outcome.ACCEPTED]
    methods = Counter(message.verification.method for message in accepted)
    failures = Counter(row.message.failure for row in rows)
    took = sorted((message.finished_at - message.started_at).total_seconds() for message in accepted)
    return Figures(
        visits=len(rows),
        methods={method: methods[method] for method in Method},
        outcomes={outcome: sum(row.message.outcome is outcome for row in rows) for outcome in Outcome},
        failures={failure: failures[failure] for failure in FACE_FAILURES if failures[failure]},
        seconds=_bins(took),
        median_s=took[len(took) // 2] if took else None,
        p90_s=took[min(len(took) - 1, int(len(took) * 0.9))] if took else None,
    )


def _bins(took: Sequence[float]) -> tuple[int, ...]:
    edges = (0.0, *map(float, BINS_S), float("inf"))
    return tuple(sum(low <= one < high for one in took) for low, high in pairwise(edges))
