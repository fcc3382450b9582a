"""People who do what the kiosk asks: guidance turns into movement after a human delay, also in an attacker's hands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from hw_sim.people.scene import Actor, Easing, Key, Pose, Scene, Track, Visitor
from reader.session.vocabulary import Guidance

_AHEAD_S = 0.05  # how far a moment's path reaches, so that movement still blurs
_LOWER_S, _LOWER_MM = 0.3, 450.0  # how quickly, and how far, a print is put away for a movement


@dataclass(frozen=True, slots=True)
class _Move:
    """What a word makes somebody do.

    shift: of the pose. passing: whether they come back from it by themselves. straighten: how much of every angle of
    the head is taken away, 0..1.
    """

    shift: Pose
    passing: bool = False
    straighten: float = 0.0


def _by(**shift: float) -> Pose:
    return Pose(**{"distance_mm": 0.0, **shift})


# Left and right are the patient's own: to their left is to the right in the picture.
_MOVES: Mapping[Guidance, _Move] = {
    Guidance.TURN_LEFT: _Move(_by(yaw=23.0), passing=True),
    Guidance.TURN_RIGHT: _Move(_by(yaw=-23.0), passing=True),
    Guidance.BLINK: _Move(_by(blink=1.0), passing=True),
    Guidance.LOOK_STRAIGHT: _Move(_by(), straighten=0.8),
    Guidance.COME_CLOSER: _Move(_by(distance_mm=-90.0)),
    Guidance.STEP_BACK: _Move(_by(distance_mm=90.0)),
    Guidance.MOVE_LEFT: _Move(_by(x_mm=60.0)),
    Guidance.MOVE_RIGHT: _Move(_by(x_mm=-60.0)),
    Guidance.MOVE_UP: _Move(_by(y_mm=-50.0)),
    Guidance.MOVE_DOWN: _Move(_by(y_mm=50.0)),
}


@dataclass(frozen=True, slots=True)
class _Reaction:
    word: Guidance
    begins: float
    takes: float

    @property
    def over(self) -> float:
        """When the person is ready for the next word."""
        return self.begins + self.takes * (3.0 if _MOVES[self.word].passing else 1.0)

    def share(self, t: float) -> float:
        """How much of the movement is done at ``t``, 0..1."""
        into = (t - self.begins) / self.takes
        if _MOVES[self.word].passing:
            into = min(into, 3.0 - into)  # there, a moment's rest, and back
        return _eased(into)

    def lowered(self, t: float) -> float:
        """How far a print that is put away for this movement is lowered at ``t``, 0..1: away before it, back after."""
        return _eased(min(t - self.begins + _LOWER_S, self.over + _LOWER_S - t) / _LOWER_S)


def _eased(share: float) -> float:
    return 0.5 - 0.5 * math.cos(math.pi * min(1.0, max(0.0, share)))


class Heeding:
    """A scene whose actors follow guidance: give it to ``VirtualCamera`` as its scene, and ``hear`` what is asked.

    With every other seed things held up are turned farther than a head turns, by 28 to 46 degrees instead of 23; with
    every other of those they are held aside before, by 12 to 28 degrees, and brought back to straight ahead or across
    where that is asked. Reaction takes 0.4 to 1.1 s and movement 0.4 to 0.8 s, from ``seed``. A word repeated during a
    movement changes nothing. Words that ask for no movement are not answered. What says that it is ``put_away`` is
    lowered for turns.
    """

    def __init__(self, scene: Scene, seed: int = 0) -> None:
        self._scene = scene
        self._random = np.random.default_rng([seed, 61])
        # A sheet shows the more depth to a mesh the farther it is turned, and some know.
        self._swing = 1.0 if seed % 2 == 0 else float(np.random.default_rng([seed, 67]).uniform(1.2, 2.0))
        # A sheet that begins aside gets wider before it gets narrower.
        side = np.random.default_rng([seed, 71])
        self._aside = float(side.uniform(12.0, 28.0) * side.choice((-1.0, 1.0))) if seed % 4 == 3 else 0.0
        self._across = float(side.uniform(0.0, 1.0))
        self._reactions: list[_Reaction] = []

    def hear(self, word: Guidance | None, t: float) -> None:
        """Take what the kiosk asks at ``t`` of the scene's time."""
        if word is None or word not in _MOVES or (self._reactions and t < self._reactions[-1].over + 0.2):
            return
        delay, takes = float(self._random.uniform(0.4, 1.1)), float(self._random.uniform(0.4, 0.8))
        self._reactions.append(_Reaction(word, t + delay, takes))

    def __call__(self, t: float) -> Scene:
        """Return the scene at ``t``."""
        if not self._reactions and not self._aside:
            return self._scene
        return replace(self._scene, actors=tuple(self._moved(actor, t) for actor in self._scene.actors))

    def _moved(self, actor: Actor, t: float) -> Actor:
        put_away = bool(getattr(actor, "put_away", False))
        held = not isinstance(actor, Visitor) and not put_away
        swing = self._swing if held else 0.0 if put_away else 1.0
        aside = self._aside if held else 0.0

        def moved(at: float) -> Pose:
            pose = actor.path.at(at)
            pose = self._shifted(replace(pose, yaw=pose.yaw + aside), at, swing=swing, aside=aside)
            return self._lowered(pose, at) if put_away else pose

        keys = tuple(Key(at, moved(at), Easing.LINEAR) for at in (t, t + _AHEAD_S))
        # Every actor is a dataclass with a path; the protocol cannot say so.
        return cast(Actor, replace(cast(Any, actor), path=Track(keys)))

    def _lowered(self, pose: Pose, t: float) -> Pose:
        """Return where a print that is put away for turns is by ``t``."""
        down = max((one.lowered(t) for one in self._reactions if _MOVES[one.word].shift.yaw), default=0.0)
        return replace(pose, y_mm=pose.y_mm + down * _LOWER_MM)

    def _shifted(self, pose: Pose, t: float, *, swing: float, aside: float) -> Pose:
        """Return where the reactions take a pose by ``t``.

        swing: how far it turns, over how far a head does. aside: degrees by which it is held aside before.
        """
        for reaction in self._reactions:
            move, share = _MOVES[reaction.word], reaction.share(t)
            by, left = move.shift, 1.0 - move.straighten * share
            back = aside * by.yaw < 0
            pose = replace(
                pose,
                x_mm=pose.x_mm + share * by.x_mm,
                y_mm=pose.y_mm + share * by.y_mm,
                distance_mm=pose.distance_mm + share * by.distance_mm,
                yaw=left * pose.yaw + share * (self._across * swing * by.yaw - aside if back else swing * by.yaw),
                pitch=left * pose.pitch,
                roll=left * pose.roll,
                blink=max(pose.blink, share * by.blink),
            )
        return pose
