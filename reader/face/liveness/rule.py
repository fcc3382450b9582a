"""The rule that turns cues into a verdict.

Evidence adds up in nats (log-odds of a living person against an attack), on one track only:

    passive     mean over at least ten frames, -12 .. +8.5: prints of a research set reach 2.2, half of its living 4.9
    depth       the face was seen to be solid while it turned or nodded by itself; without it a turn is always asked for
    turn        a turn asked for at random was made in time and to the right side, by a solid head; it decides where the
                depth is a head's own, was seen before as well, and nothing is seen to be held up
    border      straight edges on both sides go with the face: paper or a screen in somebody's hands
    bands       brightness bands run over the face and not over the room: a screen's refreshing
    blinks      eyelids moved, which no photograph does; a film does, so it weighs little
    flat        a pose changed as a flat surface would change it: a strong sign of paper or a screen
    repeats     a picture came again exactly: a veto that nothing outweighs

Strong evidence and depth without a challenge are enough; otherwise a turn is asked for, at most twice, and one of them
must be made. It is asked for early where nothing that is still to come could make it needless.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reader.face.liveness.challenge import Answer

LEAST_FRAMES = 10
SOONEST = 5  # frames after which a turn is asked for where nothing that is still to come could make it needless
_BEST_LOOK = 8.5
LEAST_TURN_DEPTH = 0.045  # of the eye distance, at the turn's end: heads show 0.06 and more, bent sheets up to 0.034
SURE_TURN_DEPTH = 0.06
LEAST_BANDS = 0.03  # living faces under steady light reach 0.016
LEAST_BORDER = 0.06  # long hair hangs straight too: two in a hundred of the living reach it
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
    refuse: float = -9.0  # for less, whom turns could still save is asked: nets err in light they do not know
    depth: float = 1.0
    border: float = -4.0
    bands: float = -2.0  # a nodding head can look banded
    blink: float = 0.5
    turn: float = 4.5
    sure_turn: float = 10.0  # where depth was seen by itself as well
    lone_turn: float = 7.0  # as deep, but no depth was seen by itself: a film may turn so by chance
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

    @property
    def held(self) -> bool:
        """Whether edges go with the face, as of something held up."""
        return self.border >= LEAST_BORDER

    @property
    def banded(self) -> bool:
        """Whether bands run over the face alone, as over a screen."""
        return self.bands >= LEAST_BANDS


def turned(answer: Answer) -> bool:
    """Tell whether a movement that was asked for was made, by something with depth."""
    return answer.passed and answer.depth >= LEAST_TURN_DEPTH


def evidence(cues: Cues, weights: Weights) -> float:
    """Return the sum of evidence in nats."""
    total = cues.passive + weights.depth * cues.solid + weights.flat * (cues.flat and not cues.solid)
    total += weights.border * cues.held + weights.bands * cues.banded
    total += weights.blink * (cues.blinks > 0)
    for answer in cues.answers:
        if not answer.passed:
            total += weights.failed
        elif not turned(answer):
            total += weights.flat
        else:
            total += _of_a_turn(cues, weights) if answer.depth >= SURE_TURN_DEPTH else weights.turn
    return total


def _of_a_turn(cues: Cues, weights: Weights) -> float:
    """Return what a turn as deep as a head's own is worth beside the other cues."""
    if cues.held or cues.banded or cues.flat:
        return weights.turn
    return weights.sure_turn if cues.solid else weights.lone_turn


def verdict(cues: Cues, weights: Weights, always_challenge: bool = False) -> Verdict:
    """Return what follows from the cues."""
    if cues.frames < LEAST_FRAMES:
        asked_anyway = always_challenge or _most_unasked(cues, weights) < weights.unasked
        early = cues.frames >= SOONEST and not cues.answers and asked_anyway and not _is_lost(cues, weights)
        return Verdict.CHALLENGE if early else Verdict.MORE
    if cues.repeats > MOST_REPEATS:
        return Verdict.FAKE
    total = evidence(cues, weights)
    asked = len(cues.answers)
    if total >= weights.accept and any(turned(answer) for answer in cues.answers):
        return Verdict.LIVE
    shown = (cues.solid and not cues.flat) or not weights.unasked_depth
    if not asked and not always_challenge and shown and total >= weights.unasked:
        return Verdict.LIVE if cues.settled else Verdict.MORE
    return Verdict.FAKE if _is_lost(cues, weights) else Verdict.CHALLENGE


def _is_lost(cues: Cues, weights: Weights) -> bool:
    """Tell whether not even the turns that are left could help: nobody is asked to turn for nothing."""
    left, total = weights.most_challenges - len(cues.answers), evidence(cues, weights)
    return left <= 0 or total <= weights.refuse or total + left * _of_a_turn(cues, weights) < weights.accept


def _most_unasked(cues: Cues, weights: Weights) -> float:
    """Return the most evidence that looks and movements by itself can still come to by ``LEAST_FRAMES`` frames."""
    best = (cues.passive * cues.frames + _BEST_LOOK * (LEAST_FRAMES - cues.frames)) / LEAST_FRAMES
    return best + weights.depth + weights.blink
