"""What happens before the camera, as values over time: who stands where, how they move, and the light.

Everything is frozen and a pure function of the scene's own time in seconds; randomness comes from seeds.
World axes: x to the right of the picture, y down, z away from the camera; millimetres. Angles in degrees with the
signs of ``reader.face.geometry.Pose``: yaw > 0 to the patient's own left (the picture's right), pitch > 0 looking
up, roll > 0 clockwise in the picture.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from hw_sim.people.person import Person


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a head (or a thing held up) is. x_mm, y_mm, distance_mm: the middle between the pupils
    with the head straight, distance along the optical axis; the head turns about its neck.

    blink, mouth: 0 open eyes, closed mouth .. 1 closed eyes, open mouth. gaze_yaw, gaze_pitch: eyes within the head.
    """

    x_mm: float = 0.0
    y_mm: float = 0.0
    distance_mm: float = 450.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    blink: float = 0.0
    mouth: float = 0.0
    gaze_yaw: float = 0.0
    gaze_pitch: float = 0.0


@dataclass(frozen=True, slots=True)
class Light:
    """Light at the patient, in lux.

    ambient: room light from all around. front: from the kiosk's side (screen, lamps above it). side: -1..1, how much
    of the room's light comes from the picture's left (-1) or right (1). back: what a white card behind the patient
    would get; it fills the window. direct_sun: parallel light on the face, from sun_from (-1 left .. 1 right).
    flicker_hz: mains frequency of unfiltered lamps (50, 60, or 0 for none); flicker_depth: 0..1 of the room's light.
    """

    ambient: float = 260.0
    front: float = 90.0
    side: float = 0.15
    back: float = 500.0
    direct_sun: float = 0.0
    sun_from: float = 0.7
    flicker_hz: float = 0.0
    flicker_depth: float = 0.25


LIGHTS: Mapping[str, Light] = {
    "clinic": Light(),
    "dim": Light(ambient=25.0, front=15.0, back=10.0),
    "dark": Light(ambient=3.0, front=2.0, back=1.0),
    "side": Light(ambient=300.0, front=25.0, side=0.9, back=300.0),
    "back": Light(ambient=140.0, front=30.0, back=9_000.0),
    "sun": Light(ambient=900.0, front=120.0, back=3_000.0, direct_sun=14_000.0),
    "flicker": Light(flicker_hz=50.0, flicker_depth=0.7),
}


class Easing(StrEnum):
    """How a value goes from one keyframe to the next."""

    STEP = "step"
    LINEAR = "linear"
    SMOOTH = "smooth"


V = TypeVar("V", Pose, Light)


@dataclass(frozen=True, slots=True)
class Key(Generic[V]):
    """A value at a time; ``easing`` leads from here to the next key."""

    at: float
    value: V
    easing: Easing = Easing.SMOOTH


@dataclass(frozen=True, slots=True)
class Track(Generic[V]):
    """Keyframes in order of time. Before the first and after the last the value rests."""

    keys: tuple[Key[V], ...]

    def __post_init__(self) -> None:
        if not self.keys:
            raise ValueError("a track needs at least one key")
        times = [key.at for key in self.keys]
        if times != sorted(times):
            raise ValueError(f"keys must be in order of time, these are at {times}")

    def at(self, t: float) -> V:
        """Return the value at ``t`` seconds."""
        index = bisect_right([key.at for key in self.keys], t) - 1
        if index < 0:
            return self.keys[0].value
        key = self.keys[index]
        if index == len(self.keys) - 1 or key.easing is Easing.STEP:
            return key.value
        after = self.keys[index + 1]
        part = (t - key.at) / max(after.at - key.at, 1e-9)
        if key.easing is Easing.SMOOTH:
            part = part * part * (3.0 - 2.0 * part)
        return _blend(key.value, after.value, part)


def still(value: V) -> Track[V]:
    """Return a track that rests at one value."""
    return Track((Key(0.0, value),))


def _blend(a: V, b: V, part: float) -> V:
    mixed = {one.name: getattr(a, one.name) * (1 - part) + getattr(b, one.name) * part for one in fields(a)}
    return type(a)(**mixed)


class Accessory(StrEnum):
    """What a face may wear."""

    GLASSES = "glasses"
    DARK_GLASSES = "dark-glasses"
    MASK = "mask"
    MASK_BELOW_NOSE = "mask-below-nose"


@dataclass(frozen=True, slots=True)
class Life:
    """What a living head does by itself: sway, breath, tremor, glances, blinks every two to six seconds.

    liveliness scales the movement (0: stands like a statue); blinks: whether the eyes blink by themselves.
    """

    seed: int = 1
    liveliness: float = 1.0
    blinks: bool = True

    def touch(self, pose: Pose, t: float) -> Pose:
        """Return ``pose`` as it is at ``t`` in a living body."""
        k = self.liveliness
        waves = _waves(self.seed, t)
        blink = max(pose.blink, _blink(self.seed, t)) if self.blinks else pose.blink
        glance_yaw, glance_pitch = _glance(self.seed, t)
        return replace(
            pose,
            x_mm=pose.x_mm + k * 3.2 * waves[0],
            y_mm=pose.y_mm + k * 1.6 * waves[1],
            distance_mm=pose.distance_mm + k * 5.0 * waves[2],
            yaw=pose.yaw + k * 1.6 * waves[3],
            pitch=pose.pitch + k * 1.2 * waves[4],
            roll=pose.roll + k * 0.8 * waves[5],
            blink=blink,
            mouth=pose.mouth + k * 0.02 * (1 + waves[6]),
            gaze_yaw=pose.gaze_yaw + k * glance_yaw,
            gaze_pitch=pose.gaze_pitch + k * glance_pitch,
        )


STILL = Life(liveliness=0.0, blinks=False)


@lru_cache(maxsize=256)
def _partials(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    random = np.random.default_rng([seed, 11])
    return random.uniform(0.11, 1.0, (8, 5)) * np.array([0.6, 1.1, 1.9, 3.1, 7.0]), random.uniform(0, 2 * np.pi, (8, 5))


def _waves(seed: int, t: float) -> NDArray[np.float64]:
    """Return eight independent slow noises, each about -1..1: sway below 1 Hz with a little tremor on top."""
    speeds, phases = _partials(seed)
    return np.asarray(np.sin(2 * np.pi * speeds * t + phases) @ np.array([0.55, 0.3, 0.15, 0.06, 0.03]))


_CLOSE_S, _SHUT_S, _OPEN_S = 0.09, 0.05, 0.17  # Caffier, Erdmann & Ullsperger 2003: about 0.3 s from lid to lid


@lru_cache(maxsize=256)
def _blink_times(seed: int, part: int) -> tuple[float, ...]:
    """Blinks of the ``part``-th minute."""
    random = np.random.default_rng([seed, 23, abs(part)])
    times, at = [], float(random.uniform(1.0, 4.0))
    while at < 59.0:
        times.append(60.0 * part + at)
        at += float(random.uniform(2.0, 6.0))
    return tuple(times)


def _blink(seed: int, t: float) -> float:
    for start in _blink_times(seed, math.floor(t / 60.0)):
        into = t - start
        if 0 <= into < _CLOSE_S:
            return math.sin(into / _CLOSE_S * math.pi / 2) ** 2
        if _CLOSE_S <= into < _CLOSE_S + _SHUT_S:
            return 1.0
        if _CLOSE_S + _SHUT_S <= into < _CLOSE_S + _SHUT_S + _OPEN_S:
            return math.cos((into - _CLOSE_S - _SHUT_S) / _OPEN_S * math.pi / 2) ** 2
    return 0.0


def _glance(seed: int, t: float) -> tuple[float, float]:
    """Eyes rest, then jump: a new small target every second or so."""
    random = np.random.default_rng([seed, 37, abs(math.floor(t / 1.3))])
    yaw, pitch = random.normal(0.0, 2.2, 2)
    return float(np.clip(yaw, -6, 6)), float(np.clip(pitch, -4, 4)) * 0.6


class Actor(Protocol):
    """Anything before the camera that has a place; ``hw_sim.people.render`` knows how to draw each kind."""

    @property
    def path(self) -> Track[Pose]:
        """Where it is meant to be."""

    def pose(self, t: float) -> Pose | None:
        """Return where it is at ``t``, None while it is not there."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person before the camera. there: (from, to) in seconds of the scene, None for always."""

    person: Person
    path: Track[Pose] = field(default_factory=lambda: still(Pose()))
    life: Life = field(default_factory=Life)
    wears: frozenset[Accessory] = frozenset()
    there: tuple[float, float] | None = None

    def pose(self, t: float) -> Pose | None:
        """Return the pose at ``t`` with its micro-motion, None while the person is away."""
        if self.there is not None and not self.there[0] <= t < self.there[1]:
            return None
        return self.life.touch(self.path.at(t), t)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything the camera may see. actors may stand in any order; room chooses the backdrop."""

    actors: tuple[Actor, ...] = ()
    light: Track[Light] = field(default_factory=lambda: still(Light()))
    room: int = 0
    seed: int = 0

    def pose(self, t: float) -> Pose | None:
        """Return the pose of the nearest visitor at ``t``, None when nobody is there."""
        poses = [actor.pose(t) for actor in self.actors if isinstance(actor, Visitor)]
        return min((pose for pose in poses if pose is not None), key=lambda one: one.distance_mm, default=None)


def standing(
    person: Person, pose: Pose | None = None, light: Light | str = "clinic", *, seed: int = 1, **more: object
) -> Scene:
    """Return a person who stands and looks at the kiosk. ``more``: Visitor's ``wears`` and ``there``."""
    visitor = replace(Visitor(person, still(pose or Pose()), Life(seed)), **more)  # type: ignore[arg-type]
    return Scene((visitor,), still(LIGHTS[light] if isinstance(light, str) else light), room=seed, seed=seed)


def from_the_slot(stand: Pose, up_s: float, down_s: float = 0.0) -> Track[Pose]:
    """Return the path of a head that is bowed over the card slot until ``down_s`` and up by ``up_s``."""
    return Track((Key(down_s, _over_the_slot(replace(stand, y_mm=stand.y_mm + 10))), Key(up_s, stand)))


def _over_the_slot(pose: Pose) -> Pose:
    return replace(pose, pitch=-14.0, gaze_pitch=-12.0)


def _with_visitors(scene: Scene, moved: Callable[[Visitor], Visitor]) -> Scene:
    actors = (moved(actor) if isinstance(actor, Visitor) else actor for actor in scene.actors)
    return replace(scene, actors=tuple(actors))


def looking_up(scene: Scene, up_s: float, down_s: float = 0.0) -> Scene:
    """Return the same scene, its visitors having just put a card in: they look up from the slot to the camera."""
    return _with_visitors(scene, lambda one: replace(one, path=from_the_slot(one.path.at(up_s), up_s, down_s)))


def walking_up(scene: Scene, speed_mm_s: float = 500.0, start_mm: float = 1100.0) -> Scene:
    """Return the same scene, its visitors on the way there: they look down at the slot, then up at the camera."""
    side = float(np.random.default_rng([scene.seed, 5]).uniform(-120, 120))

    def walks(one: Visitor) -> Visitor:
        stand = one.path.at(0.0)
        there = max(0.2, (start_mm - stand.distance_mm) / speed_mm_s)
        keys = (
            Key(0.0, Pose(x_mm=side, y_mm=-30.0, distance_mm=start_mm, pitch=-8.0)),
            Key(there, _over_the_slot(replace(stand, x_mm=stand.x_mm + side * 0.1))),
            Key(there + 0.7, stand),
        )
        return replace(one, path=Track(keys))

    return _with_visitors(scene, walks)


def leaving(scene: Scene, at: float) -> Scene:
    """Return the same scene, its visitors stepping aside at ``at`` and gone 0.8 s later."""

    def leaves(one: Visitor) -> Visitor:
        here = one.path.at(at)
        kept = tuple(key for key in one.path.keys if key.at < at)
        away = replace(here, x_mm=here.x_mm + 700.0, distance_mm=here.distance_mm + 150.0, yaw=here.yaw + 25.0)
        path = Track((*kept, Key(at, here), Key(at + 0.8, away)))
        return replace(one, path=path, there=(one.there[0] if one.there else -math.inf, at + 0.8))

    return _with_visitors(scene, leaves)


def joined(scene: Scene, other: Person, at: float = 0.0, pose: Pose | None = None, *, seed: int = 7) -> Scene:
    """Return the same scene with a second person beside the first from ``at`` on."""
    place = pose or Pose(x_mm=190.0, y_mm=-20.0, distance_mm=560.0, yaw=-8.0)
    second = Visitor(other, still(place), Life(seed), there=(at, math.inf))
    return replace(scene, actors=(*scene.actors, second))


def light_step(scene: Scene, at: float, after: Light) -> Scene:
    """Return the same scene with the light jumping to ``after`` at ``at`` (a curtain opens, lamps go off)."""
    kept = tuple(key for key in scene.light.keys if key.at < at) or (Key(-1.0, scene.light.at(at)),)
    last = replace(kept[-1], easing=Easing.STEP)
    return replace(scene, light=Track((*kept[:-1], last, Key(at, after))))
