"""A face engine that is told who stands there: for scenarios about the flow, where nets would only cost time.

It answers as the real one does at its best: it sees who is there, asks for what the scene lacks, needs about a third
of a second of good frames, and says no to another person. What nets get wrong is measured elsewhere (make bench).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw_sim.people.scene import LIGHTS, Accessory, Light, Pose
from reader.devices.ports import Frame
from reader.face.engine import SURE_FOR_S, Decision, Observation
from reader.face.guidance import LIMITS
from reader.session.failures import Failure
from reader.session.vocabulary import Guidance, Ref
from reader.vault import Vault

NEEDED_FRAMES = 8  # template and passive liveness of the real engine: five frames to compare, eight to believe
_SPOILT = {
    LIGHTS["dark"]: Guidance.TOO_DARK,
    LIGHTS["back"]: Guidance.BACKLIGHT,
    LIGHTS["sun"]: Guidance.DIRECT_LIGHT,
}
_COVERS = frozenset({Accessory.MASK, Accessory.MASK_BELOW_NOSE, Accessory.DARK_GLASSES})
NEAR_MM, FAR_MM = 260.0, 800.0
LOW = 0.25  # of the distance: lower, a face leaves the part of the picture that is looked at


@dataclass(frozen=True, slots=True)
class Truth:
    """What there is to see. person: whose face, None for nobody. card: whose photo is on the chip.

    spoilt: what the picture itself is unfit for, whoever stands there.
    """

    person: str | None
    card: str
    pose: Pose
    light: Light
    others: int = 0
    alive: bool = True
    wears: frozenset[Accessory] = frozenset()
    spoilt: Guidance | None = None


class ToldTry:
    """One try."""

    def __init__(self, truth: Callable[[], Truth]) -> None:
        self._truth = truth
        self._reference: Ref | None = None
        self._good = 0
        self._over: Decision | None = None
        self._whom: str | None = None  # who was matched, and when they were last there
        self._sure_at = 0.0

    def set_reference(self, reference: Ref) -> None:
        """See Try."""
        self._reference = reference

    def observe(self, frame: Frame) -> Observation:
        """See Try."""
        truth = self._truth()
        guidance = _guidance(truth)
        if self._over is not None and self._over.failure is None:
            self._make_sure(truth, guidance, frame.at)
        if self._over is not None:
            return Observation(guidance, 1.0, decision=self._over)
        if guidance is not None:
            self._good = 0
            return Observation(guidance, 0.0)
        self._good = min(NEEDED_FRAMES, self._good + 1)
        if self._good == NEEDED_FRAMES and not truth.alive:
            self._over = Decision(matched=True, live=False, failure=Failure.FACE_NOT_LIVE)
        elif self._good == NEEDED_FRAMES and self._reference is not None:
            same = truth.person == truth.card
            self._over = Decision(same, live=True, failure=None if same else Failure.FACE_NOT_MATCHED)
            self._whom, self._sure_at = truth.person, frame.at
        return Observation(None, self._good / NEEDED_FRAMES, decision=self._over)

    def _make_sure(self, truth: Truth, guidance: Guidance | None, at: float) -> None:
        if guidance is None and truth.alive and truth.person != self._whom:
            self._over = Decision(matched=False, live=False, failure=Failure.FACE_NOT_LIVE)
        elif guidance is None and truth.alive:
            self._sure_at = at
        elif at - self._sure_at > SURE_FOR_S:
            self._over, self._good = None, 0

    def close(self) -> None:
        """See Try."""


def _guidance(truth: Truth) -> Guidance | None:
    if truth.spoilt is not None:
        return truth.spoilt
    if truth.person is None:
        return Guidance.FIND_FACE
    if truth.others:
        return Guidance.ONE_PERSON
    if truth.pose.distance_mm < NEAR_MM:
        return Guidance.STEP_BACK
    if truth.pose.distance_mm > FAR_MM:
        return Guidance.COME_CLOSER
    if truth.pose.y_mm > LOW * truth.pose.distance_mm:
        return Guidance.MOVE_UP
    if abs(math.radians(truth.pose.yaw)) > LIMITS.yaw:
        return Guidance.LOOK_STRAIGHT
    if truth.wears & _COVERS:
        return Guidance.UNCOVER_FACE
    return _SPOILT.get(truth.light)


class ToldEngine:
    """``Engine`` without nets."""

    def __init__(self, vault: Vault, truth: Callable[[], Truth]) -> None:
        self._vault = vault
        self._truth = truth

    def enroll(self, photo: NDArray[np.uint8]) -> Ref:
        """See Engine."""
        return self._vault.put("face-reference", np.zeros(1, np.float32))

    def begin(self, at: float) -> ToldTry:
        """See Engine."""
        return ToldTry(self._truth)

    def wipe(self) -> None:
        """See Engine."""
