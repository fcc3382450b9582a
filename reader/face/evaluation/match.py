"""1:1 comparison on a folder of pictures, in the terms of ISO/IEC 19795-1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from reader.face.embedder import Embedding
from reader.face.evaluation import stats
from reader.face.evaluation.datasets import Pairs, Picture
from reader.face.evaluation.likeness import Inside, alike, thresholds_inside
from reader.face.evaluation.pipeline import Described, Describing, Side
from reader.face.evaluation.stats import Rate, Scores
from reader.face.template import SIZE

GROUP_FMR = 1e-4
GROUPS = (6, 10, 16)  # into how many groups people who look alike are gathered


@dataclass(frozen=True, slots=True)
class AtFmr:
    """FNMR where the impostors of the same set give ``fmr``. low, high: 95 % bootstrap over subjects."""

    fmr: float
    threshold: float
    fnmr: Rate
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MatchReport:
    """Scores and rates of one protocol.

    failed: pictures in which no face was found (failure to enrol or acquire). alike: number of groups of people who
    look alike -> thresholds that keep ``GROUP_FMR`` inside them.
    """

    name: str
    genuine: Scores
    impostors: Scores
    subjects: tuple[str, ...]  # of each genuine comparison
    failed: int
    at: tuple[AtFmr, ...] = ()
    fixed_threshold: float | None = None
    fmr: Rate | None = None
    fnmr: Rate | None = None
    groups: Mapping[str, tuple[Rate, Rate]] = field(default_factory=dict)
    alike: Mapping[int, Inside] = field(default_factory=dict)


def compare_pairs(
    pairs: Pairs, describe: Describing, *, as_card: bool = False, fmrs: Sequence[float] = (1e-3, 1e-4, 1e-5)
) -> MatchReport:
    """Compare the genuine pairs, and everybody with everybody else for the impostors.

    With ``as_card`` the second picture of every pair stands for the card's portrait. Impostors are all pairs of
    different subjects (clean: each pair once; card: every picture against every portrait).
    """
    probes = describe(pairs.pictures, Side.LIVE if as_card else Side.COLOUR)
    row = {picture.path: k for k, picture in enumerate(probes.pictures)}
    who = np.array([picture.subject for picture in probes.pictures])
    if as_card:
        wanted = set(pairs.second)
        portraits = describe([one for one in pairs.pictures if one.path in wanted], Side.CARD)
        scores = probes.embeddings @ portraits.embeddings.T
        other = np.array([picture.subject for picture in portraits.pictures])
        column = {picture.path: k for k, picture in enumerate(portraits.pictures)}
        impostors = scores[who[:, None] != other[None, :]]
        failed = probes.failed + portraits.failed
    else:
        scores = probes.embeddings @ probes.embeddings.T
        column, other = row, who
        impostors = scores[np.triu(who[:, None] != who[None, :], 1)]
        failed = probes.failed
    usable = [(row[a], column[b]) for a, b in pairs.genuine if a in row and b in column]
    genuine = np.array([scores[a, b] for a, b in usable], np.float32)
    subjects = tuple(str(who[a]) for a, _ in usable)
    name = "pairs, second picture as card portrait" if as_card else "pairs"
    inside = {
        count: thresholds_inside(scores, who, other, alike(probes.embeddings, who, count), GROUP_FMR)
        for count in GROUPS
        if count <= len(set(who))
    }
    at = at_fmrs(genuine, impostors, subjects, fmrs)
    return MatchReport(name, genuine, impostors, subjects, failed, at, alike=inside)


def at_fmrs(genuine: Scores, impostors: Scores, subjects: Sequence[str], fmrs: Sequence[float]) -> tuple[AtFmr, ...]:
    """Return FNMR at each false match rate that the number of impostor comparisons can resolve."""
    found = []
    for fmr in fmrs:
        if impostors.size * fmr < 1.0:
            continue
        threshold = stats.threshold_at(impostors, fmr)
        low, high = stats.subject_bootstrap(genuine, subjects, lambda s, t=threshold: float((s < t).mean()))  # type: ignore[misc]
        found.append(AtFmr(fmr, threshold, stats.rate(int((genuine < threshold).sum()), genuine.size), low, high))
    return tuple(found)


def compare_sessions(
    pictures: Sequence[Picture],
    threshold: float,
    describe: Describing,
    *,
    portraits: Sequence[Picture] = (),
    groups: Mapping[str, str] | None = None,
    size: int = SIZE,
) -> MatchReport:
    """Compare templates of ``size`` successive live frames with portraits of another day, as the kiosk does.

    portraits: of the subjects' own cards; where there are none, every live picture of another session stands for one,
    made grey and small. ``threshold`` is fixed beforehand on other data.
    """
    live = describe(pictures, Side.LIVE)
    cards = describe(portraits, Side.PORTRAIT) if portraits else describe(pictures, Side.CARD)
    templates, owners = _templates(live, size)
    scores = templates @ cards.embeddings.T
    card_subjects = np.array([one.subject for one in cards.pictures])
    card_sessions = np.array([one.session for one in cards.pictures])
    subject = np.array([one[0] for one in owners])
    session = np.array([one[1] for one in owners])
    same = subject[:, None] == card_subjects[None, :]
    other_day = session[:, None] != card_sessions[None, :]
    genuine, impostors = scores[same & other_day], scores[~same & other_day]
    names = np.broadcast_to(subject[:, None], scores.shape)
    subjects = tuple(str(one) for one in names[same & other_day])
    by_group: dict[str, tuple[Rate, Rate]] = {}
    for group in sorted(set((groups or {}).values())):
        inside = np.array([(groups or {}).get(str(one)) == group for one in subject])
        within = np.array([(groups or {}).get(str(one)) == group for one in card_subjects])
        own, strange = (
            scores[same & other_day & inside[:, None]],
            scores[(~same & other_day) & np.outer(inside, within)],
        )
        by_group[group] = (_false_matches(strange, threshold), _false_non_matches(own, threshold))
    return MatchReport(
        name=f"sessions, templates of {size} frames against card portraits",
        genuine=genuine,
        impostors=impostors,
        subjects=subjects,
        failed=live.failed + cards.failed,
        at=at_fmrs(genuine, impostors, subjects, (1e-3, 1e-4)),
        fixed_threshold=threshold,
        fmr=_false_matches(impostors, threshold),
        fnmr=_false_non_matches(genuine, threshold),
        groups=by_group,
    )


def _false_matches(impostors: Scores, threshold: float) -> Rate:
    return stats.rate(int((impostors >= threshold).sum()), impostors.size)


def _false_non_matches(genuine: Scores, threshold: float) -> Rate:
    return stats.rate(int((genuine < threshold).sum()), genuine.size)


def _templates(live: Described, size: int) -> tuple[Embedding, list[tuple[str, str]]]:
    """Return one template per ``size`` successive frames of a session, and whose it is."""
    sessions: dict[tuple[str, str], list[int]] = {}
    for k, picture in enumerate(live.pictures):
        sessions.setdefault((picture.subject, picture.session), []).append(k)
    rows, owners = [], []
    for owner, members in sessions.items():
        for start in range(0, len(members) - size + 1, size):
            total = live.embeddings[members[start : start + size]].sum(axis=0)
            rows.append(total / np.linalg.norm(total))
            owners.append(owner)
    if not rows:
        raise ValueError(f"no session has {size} frames with a face")
    return np.stack(rows).astype(np.float32), owners
