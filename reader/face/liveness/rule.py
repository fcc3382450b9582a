"""The rule that turns cues into a verdict.

Evidence adds up in nats (log-odds of a live person against an attack). A repeat is a veto: no amount of other
evidence outweighs a picture that comes again. Without a challenge the passive mean over at least ten frames must
be convincing by itself; with passed challenges weaker passive evidence suffices; strongly negative evidence is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reader.face.liveness.challenge import Answer
from reader.session.vocabulary import Guidance

LEAST_FRAMES = 10


class Verdict(StrEnum):
    """What the cues amount to."""

    MORE = "more"
    CHALLENGE = "challenge"
    LIVE = "live"
    FAKE = "fake"


@dataclass(frozen=True, slots=True)
class Weights:
    """Nats per cue and the two ends of the scale."""

    accept: float = 1.5
    refuse: float = -4.5
    most_challenges: int = 2
    turn: float = 2.5
    blink: float = 2.0
    failed: float = -2.0
    flat: float = -6.0
    least_depth: float = 0.035


@dataclass(frozen=True, slots=True)
class Cues:
    """Everything known about one track. passive: mean log-odds. repeats: share of repeated frames, 0..1."""

    passive: float
    frames: int
    repeats: float
    answers: tuple[Answer, ...] = ()


def evidence(cues: Cues, weights: Weights) -> float:
    """Return the sum of evidence in nats."""
    total = cues.passive
    for answer in cues.answers:
        if not answer.passed:
            total += weights.failed
        elif answer.kind is Guidance.BLINK:
            total += weights.blink
        else:
            total += weights.turn if answer.depth >= weights.least_depth else weights.flat
    return total


def verdict(cues: Cues, weights: Weights, always_challenge: bool = False) -> Verdict:
    """Return what follows from the cues."""
    if cues.repeats > 0.2:
        return Verdict.FAKE if cues.frames >= LEAST_FRAMES else Verdict.MORE
    if cues.frames < LEAST_FRAMES:
        return Verdict.MORE
    total = evidence(cues, weights)
    asked = len(cues.answers)
    if total >= weights.accept and (asked or not always_challenge):
        return Verdict.LIVE
    if asked >= weights.most_challenges:
        return Verdict.FAKE
    if total <= weights.refuse and asked:
        return Verdict.FAKE
    return Verdict.CHALLENGE
