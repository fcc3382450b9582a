"""The rule that turns cues into a verdict.

Evidence adds up in nats (log-odds of a living person against an attack), on one track only:

    passive     mean over at least ten frames, -12 .. +8.5: prints of a research set reach 1.9, half of the living 4.5
    depth       the face was seen to be solid while it turned or nodded by itself; without it a turn is always asked for
    turn        a turn asked for at random was made in time and to the right side, by a solid head; it decides where the
                depth is a head's own and nothing is seen to be held up
    border      straight edges on both sides go with the face: paper or a screen in somebody's hands
    bands       brightness bands run over the face and not over the room: a screen's refreshing
    blinks      eyelids moved, which no photograph does; a film does, so it weighs little
    flat        a pose changed as a flat surface would change it: a strong sign of paper or a screen
    repeats     a picture came again exactly: a veto that nothing outweighs

Strong evidence and depth without a challenge are enough; otherwise a turn is asked for, at most twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reader.face.liveness.challenge import Answer

LEAST_FRAMES = 10
LEAST_TURN_DEPTH = 0.045  # of the eye distance, at the turn's end: heads show 0.06 and more, bent sheets up to 0.034
SURE_TURN_DEPTH = 0.06
LEAST_BANDS = 0.03  # living faces under steady light reach 0.016
LEAST_BORDER = 0.03  # of living people none is above 0
MOST_REPEATS = 0.2


class Verdict(StrEnum):
    """What the cues amount to."""

    MORE = "more"
    CHALLENGE = "challenge"
    LIVE = "live"
    FAKE = "fake"


@dataclass(frozen=True, slots=True)
class Weights:
    """Nats per cue and the two ends of the scale."""

    accept: float = 4.0
    unasked: float = 6.5  # where no movement was asked for; of simulated prints and screens one in a hundred reaches it
    unasked_depth: bool = True  # and the face must have been seen to be solid: of those one in two hundred is
    refuse: float = -5.0  # what two passed turns could barely outweigh
    depth: float = 1.0
    border: float = -4.0
    bands: float = -2.0  # a nodding head can look banded
    blink: float = 0.5
    turn: float = 4.5
    sure_turn: float = 9.0  # whoever was not refused at once is accepted after it
    failed: float = -3.0
    flat: float = -6.0
    most_challenges: int = 2


@dataclass(frozen=True, slots=True)
class Cues:
    """Everything known about one track.

    passive: mean nats over ``frames``. repeats: share of repeated frames, 0..1. border: ``BorderCue.score``.
    settled: the border cue has had its looks.
    bands: depth on the face beyond the room's. blinks: how many were seen. solid, flat: what turning showed.
    """

    passive: float
    frames: int
    repeats: float
    border: float = 0.0
    settled: bool = True
    bands: float = 0.0
    blinks: int = 0
    solid: bool = False
    flat: bool = False
    answers: tuple[Answer, ...] = ()


def evidence(cues: Cues, weights: Weights) -> float:
    """Return the sum of evidence in nats."""
    total = cues.passive + weights.depth * cues.solid + weights.flat * (cues.flat and not cues.solid)
    edges, banded = cues.border >= LEAST_BORDER, cues.bands >= LEAST_BANDS
    total += weights.border * edges + weights.bands * banded
    total += weights.blink * (cues.blinks > 0)
    for answer in cues.answers:
        if not answer.passed:
            total += weights.failed
        elif answer.depth >= SURE_TURN_DEPTH and not (edges or banded):
            total += weights.sure_turn
        elif answer.depth >= LEAST_TURN_DEPTH:
            total += weights.turn
        else:
            total += weights.flat
    return total


def verdict(cues: Cues, weights: Weights, always_challenge: bool = False) -> Verdict:
    """Return what follows from the cues."""
    if cues.frames < LEAST_FRAMES:
        return Verdict.MORE
    if cues.repeats > MOST_REPEATS:
        return Verdict.FAKE
    total = evidence(cues, weights)
    asked = len(cues.answers)
    if asked and total >= weights.accept:
        return Verdict.LIVE
    shown = cues.solid or not weights.unasked_depth
    if not asked and not always_challenge and shown and total >= weights.unasked:
        return Verdict.LIVE if cues.settled else Verdict.MORE
    if asked >= weights.most_challenges or total <= weights.refuse:
        return Verdict.FAKE
    return Verdict.CHALLENGE
