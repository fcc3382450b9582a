"""Presentation attack detection on a folder of pictures, in the terms of ISO/IEC 30107-3.

Stills show only what the passive net says; whole decisions with challenges need a camera or the simulator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from reader.face.engine import FaceEngine
from reader.face.evaluation import stats
from reader.face.evaluation.datasets import LIVE, Picture, read_picture
from reader.face.evaluation.pipeline import Progress, central_face
from reader.face.evaluation.stats import Curve, Rate, Scores
from reader.face.image import BadImage


@dataclass(frozen=True, slots=True)
class SpeciesReport:
    """One kind of attack against all live presentations. Errors are at ``threshold``; eer over both error kinds.

    groups: (APCER, BPCER) of the presentations whose subject is in that group.
    """

    species: str
    frames: int
    attack: Scores
    live: Scores
    trade_off: Curve
    threshold: float
    apcer: Rate
    bpcer: Rate
    groups: Mapping[str, tuple[Rate, Rate]] = field(default_factory=dict)

    @property
    def eer(self) -> float:
        """Equal error rate."""
        return self.trade_off.equal_error[0]


@dataclass(frozen=True, slots=True)
class LivenessReport:
    """Every species, per frame and per mean of several frames. no_response: pictures without a usable face."""

    species: tuple[SpeciesReport, ...]
    no_response: Mapping[str, Rate]


def passive_scores(
    engine: FaceEngine, pictures: Sequence[Picture], progress: Progress = lambda done, total: None
) -> list[float | None]:
    """Return the passive evidence of every picture in nats, None where no face is found."""
    scores: list[float | None] = []
    for number, picture in enumerate(pictures):
        progress(number, len(pictures))
        try:
            rgb = read_picture(picture.path)
            face = central_face(engine, rgb)
        except BadImage:
            face = None
        if face is None:
            scores.append(None)
        else:
            scores.append(engine.passive.look(face.rgb, face.points))
    progress(len(pictures), len(pictures))
    return scores


def evaluate(
    engine: FaceEngine,
    pictures: Sequence[Picture],
    *,
    frames: Sequence[int] = (1, 10),
    threshold: float = 0.0,
    groups: Mapping[str, str] | None = None,
    progress: Progress = lambda done, total: None,
) -> LivenessReport:
    """Score every picture, then average ``frames`` successive ones of each session. Raises ValueError without both.

    groups: subject -> group, for rates by group.
    """
    scores = passive_scores(engine, pictures, progress)
    kinds = sorted({one.species for one in pictures} - {LIVE})
    if not kinds or all(one.species != LIVE for one in pictures):
        raise ValueError("liveness needs live pictures and at least one kind of attack")
    members: dict[str, set[str]] = {}
    for subject, group in (groups or {}).items():
        members.setdefault(group, set()).add(subject)

    def apcer(kind: str, count: int, of: set[str] | None = None) -> Rate:
        passed = _means(pictures, scores, kind, count, of) >= threshold
        return stats.rate(int(passed.sum()), passed.size)

    def bpcer(count: int, of: set[str] | None = None) -> Rate:
        refused = _means(pictures, scores, LIVE, count, of) < threshold
        return stats.rate(int(refused.sum()), refused.size)

    reports = []
    for kind in kinds:
        for count in frames:
            live, attack = (_means(pictures, scores, species, count) for species in (LIVE, kind))
            if live.size == 0 or attack.size == 0:
                continue
            by_group = {group: (apcer(kind, count, of), bpcer(count, of)) for group, of in sorted(members.items())}
            reports.append(
                SpeciesReport(
                    species=kind,
                    frames=count,
                    attack=attack,
                    live=live,
                    trade_off=stats.curve(live, attack),
                    threshold=threshold,
                    apcer=apcer(kind, count),
                    bpcer=bpcer(count),
                    groups=by_group,
                )
            )
    missed = {
        kind: stats.rate(
            sum(s is None for s, one in zip(scores, pictures, strict=True) if one.species == kind),
            sum(one.species == kind for one in pictures),
        )
        for kind in (LIVE, *kinds)
    }
    return LivenessReport(tuple(reports), missed)


def _means(
    pictures: Sequence[Picture], scores: Sequence[float | None], species: str, count: int, of: set[str] | None = None
) -> Scores:
    """Return means of ``count`` successive scores within each session, of everybody or of the subjects ``of``."""
    sessions: dict[tuple[str, str], list[float]] = {}
    for picture, score in zip(pictures, scores, strict=True):
        if picture.species == species and score is not None and (of is None or picture.subject in of):
            sessions.setdefault((picture.subject, picture.session), []).append(score)
    means = [
        float(np.mean(values[start : start + count]))
        for values in sessions.values()
        for start in range(0, len(values) - count + 1, count)
    ]
    return np.array(means, np.float64)
