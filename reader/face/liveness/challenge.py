"""Cue: a movement asked for at random and answered by the face on the same track."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from reader.face.geometry import Points, Pose, roundness
from reader.face.liveness.motion import depth_residual
from reader.session.vocabulary import Guidance
from reader.vault import overwrite

# Turns only: a blink can be seen through holes cut into a print, and shows nothing about depth.
KINDS = (Guidance.TURN_LEFT, Guidance.TURN_RIGHT)
TURN = math.radians(14)  # comfortable for an older neck, and enough for the nose to move against the cheeks
REACTION_S = 0.15  # nobody reacts faster; what happens sooner was not an answer
LIMIT_S = 5.0
_BEGUN = math.radians(3)  # a head that sways stays below
_NOD = math.radians(5)
_ENOUGH = math.radians(30)  # what lies beyond shows no more, and the mesh gets worse there
_DEEPER = math.radians(1)  # less is the mesh's own noise, and every deeper frame costs a comparison
_BACK = math.radians(2)  # when the head has come back this far, its turn is over
# Up to a turn, the share of its greatest width that a face must keep. Heads keep 0.967 and 0.921; sheets swung by 40
# degrees keep at most 0.944 or 0.908: the mesh sees little of a sheet's turn at first, and too much of it in the end.
_ROUND = ((math.radians(10), 0.95), (_ENOUGH, 0.915))
_LONGEST_S = 0.8  # or after this long beyond TURN: a turned head may also stay there
_NEAR = math.radians(10)  # of straight ahead
_SWAY = math.radians(3.5)  # a head that moves less is at rest, the mesh's noise included
_REST_S = 0.25
_ASIDE_S = 1.0  # a head that has turned as asked may stay a moment before it comes back
_PATIENCE_S, _ASIDE_PATIENCE_S = 1.5, 3.0  # there are heads that are never at rest


class Rest:
    """Whether a head can be asked to move: at rest straight ahead, or aside for longer, like somebody off to one side.

    A head on its way back from the last movement would seem to make a wrong one. Begin anew after each movement.
    """

    def __init__(self) -> None:
        self._pose = Pose(math.inf, math.inf, math.inf)
        self._since = 0.0
        self._began = math.inf

    def add(self, pose: Pose, at: float) -> bool:
        """Take one frame's pose; return whether a movement may be asked for now."""
        self._began = min(self._began, at)
        # A head that still looks up gets narrower over its height without having turned.
        if max(abs(pose.yaw - self._pose.yaw), abs(pose.pitch - self._pose.pitch)) > _SWAY:
            self._pose, self._since = pose, at
        aside = abs(pose.yaw) >= _NEAR
        rest_s, patience_s = (_ASIDE_S, _ASIDE_PATIENCE_S) if aside else (_REST_S, _PATIENCE_S)
        return at - self._since >= rest_s or at - self._began >= patience_s


@dataclass(slots=True)
class Answer:
    """How one challenge went.

    passed: in time, to the right side, by something round. depth: ``depth_residual`` between its start and its end, 0
    where nothing turned far enough.
    """

    kind: Guidance
    passed: bool
    depth: float = 0.0


class Challenge:
    """One movement. Created when it is asked; fed with every frame until it has an answer."""

    def __init__(self, kind: Guidance, at: float, start: Points, pose: Pose) -> None:
        self.kind = kind
        self._asked_at = at
        self._depth = 0.0
        self._set_out(start.copy(), pose)
        self._farthest = 0.0
        self._turned_at: float | None = None
        self.begun = False  # whether the head has begun to move
        self.counts = False  # whether the last frame's depth is the answer's: whose face it was must then be asked

    def _set_out(self, start: Points, pose: Pose) -> None:
        """Measure from here on. Takes ownership of ``start``."""
        self._start = start
        self._from = pose
        self._widest = roundness(start)
        self._is_round = True

    def is_begun_by(self, pose: Pose) -> bool:
        """Tell whether a head in this pose has begun to turn."""
        return abs(pose.yaw - self._from.yaw) > _BEGUN

    def add(self, points: Points, pose: Pose, at: float) -> Answer | None:
        """Take one frame; return the answer once there is one."""
        self.counts = False
        waited = at - self._asked_at
        turned = pose.yaw - self._from.yaw
        if waited > LIMIT_S and self._turned_at is None:
            return self._close(passed=False)
        if waited < REACTION_S:
            return self._close(passed=False) if abs(turned) > TURN else None
        self.begun = self.is_begun_by(pose)
        if self._turned_at is None and abs(turned) < _NOD < abs(pose.pitch - self._from.pitch):
            overwrite(self._start)
            self._set_out(points.copy(), pose)  # it still looked up, which is no turn but makes a face narrower too
            self.begun = False
            return None
        self._measure(points, abs(turned))
        wanted = turned if self.kind is Guidance.TURN_LEFT else -turned
        if wanted > TURN and self._turned_at is None:
            self._turned_at = at
        if self._turned_at is not None:
            return self._go_on(points, wanted, at - self._turned_at)
        if wanted < -TURN:
            return self._close(passed=False)  # the wrong way: a recording does not know which way was asked
        return None

    def _go_on(self, points: Points, wanted: float, beyond_s: float) -> Answer | None:
        """Take a frame of a head that has turned far enough; it has answered when it is on its way back, or stays."""
        if max(TURN, self._farthest + _DEEPER) < wanted <= _ENOUGH:
            self._farthest = wanted
            self._depth = depth_residual(self._start, points)
            self.counts = True
        elif self._farthest and (wanted < self._farthest - _BACK or beyond_s > _LONGEST_S):
            return self._close(passed=self._is_round)
        elif beyond_s > LIMIT_S:
            return self._close(passed=False)
        return None

    def _measure(self, points: Points, turned: float) -> None:
        """Note how narrow the face gets on its way: a mesh draws depth into what is flat, but not width."""
        wide = roundness(points)
        self._widest = max(self._widest, wide)
        if self.begun and any(turned <= limit and wide < share * self._widest for limit, share in _ROUND):
            self._is_round = False

    def close(self) -> None:
        """Overwrite the remembered points."""
        overwrite(self._start)

    def _close(self, passed: bool) -> Answer:
        self.close()
        return Answer(self.kind, passed, self._depth)


def draw(rng: random.Random) -> Guidance:
    """Return a movement at random. The last one may come again: what never repeats can be foreseen."""
    return rng.choice(KINDS)
