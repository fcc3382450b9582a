"""Presentation attacks by species: each seed gives another one with its own artefact, hands, room and light."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw_sim.attackers.artefacts import device, eyes_on_print, ic_print, portrait_crop, print_of, skin_of
from hw_sim.attackers.held import HeldPrint, HeldScreen
from hw_sim.people.person import Person
from hw_sim.people.raster import Lens
from hw_sim.people.render import render
from hw_sim.people.scene import Actor, Key, Life, Light, Pose, Scene, Track, Visitor, standing, still
from hw_sim.people.sensor import Exposure


class Species(StrEnum):
    """Presentation attack instrument species (ISO/IEC 30107-3), and three attacks with real faces."""

    PRINT_FLAT = "print-flat"
    PRINT_BENT = "print-bent"
    PRINT_CUT_EYES = "print-cut-eyes"
    IC_PHOTO = "ic-photo"
    PHONE = "phone-photo"
    TABLET = "tablet-photo"
    VIDEO = "video-replay"
    SHOULDER = "over-the-shoulder"
    SWAP = "swap"
    PRINT_PUT_AWAY = "print-put-away"  # for every movement that is asked for, which the attacker's own head then makes
    SWAP_AFTER_MATCH = "swap-after-match"  # while the card is still being checked


# In these no artefact imitates a face: a real person stands where the holder of the card should.
REAL_FACES = frozenset({Species.SHOULDER, Species.SWAP, Species.SWAP_AFTER_MATCH})


@dataclass(frozen=True, eq=False)
class Presentation:
    """One attack. target: whose card is in the slot; attacker: who stands there. facts: what was drawn, for reports."""

    species: Species
    seed: int
    target: Person
    attacker: Person
    scene: Scene
    facts: Mapping[str, float]


def presentation(
    species: Species, target: Person, attacker: Person, seed: int, *, matched_at: float | None = None
) -> Presentation:
    """Return the attack of this species and seed on ``target``'s card. Same arguments, same scene.

    matched_at: of a swap alone: when the target is matched, after which it is to come; else the seed says when.
    """
    random = np.random.default_rng([list(Species).index(species), seed, 71])
    known = {} if matched_at is None else {"matched_at": matched_at}
    scene, facts = _MAKERS[species](target, attacker, seed, random, **known)
    return Presentation(species, seed, target, attacker, scene, facts)


def presentations(
    species: Species, people: Sequence[Person], count: int = 150, seed: int = 0
) -> Iterator[Presentation]:
    """Yield ``count`` attacks, going round targets and attackers. Needs two people at least."""
    if len(people) < 2:
        raise ValueError("an attack needs a target and somebody else: at least two people")
    for number in range(count):
        target = people[number % len(people)]
        attacker = people[(number + 1 + number // len(people) % (len(people) - 1)) % len(people)]
        yield presentation(species, target, attacker, seed + number)


def _light(random: np.random.Generator) -> Light:
    return Light(
        ambient=float(random.uniform(150, 420)),
        front=float(random.uniform(40, 140)),
        side=float(random.uniform(-0.5, 0.5)),
        back=float(random.uniform(150, 900)),
    )


def _hand(random: np.random.Generator, seed: int) -> Life:
    return Life(seed + 500, liveliness=float(random.uniform(0.4, 1.5)), blinks=False)


def _wander(pose: Pose, random: np.random.Generator, reach: float = 1.0) -> Track[Pose]:
    """Move a held thing about as people do to please a camera: nearer, farther, a slow turn each way."""
    keys, at = [], 0.0
    for _ in range(9):
        keys.append(
            Key(
                at,
                replace(
                    pose,
                    x_mm=pose.x_mm + reach * float(random.normal(0, 6)),
                    y_mm=pose.y_mm + reach * float(random.normal(0, 5)),
                    distance_mm=pose.distance_mm + reach * float(random.normal(0, 9)),
                    yaw=pose.yaw + reach * float(random.normal(0, 5)),
                    pitch=pose.pitch + reach * float(random.normal(0, 4)),
                    roll=pose.roll + reach * float(random.normal(0, 2)),
                ),
            )
        )
        at += float(random.uniform(0.8, 2.2))
    return Track(tuple(keys))


def _bystander(attacker: Person, near: Pose, random: np.random.Generator, seed: int) -> tuple[Actor, ...]:
    """The one who holds the thing: hidden behind it, half aside, or out of the picture."""
    kind = random.random()
    if kind < 0.4:
        return ()
    aside = 0.0 if kind < 0.7 else float(random.choice([-1, 1])) * float(random.uniform(150, 260))
    pose = Pose(
        x_mm=near.x_mm * 1.6 + aside,
        y_mm=float(random.uniform(-10, 60)),
        distance_mm=near.distance_mm + float(random.uniform(180, 320)),
        yaw=-aside / 25.0,
    )
    return (Visitor(attacker, still(pose), Life(seed + 900)),)


def _scene(actors: tuple[Actor, ...], random: np.random.Generator, seed: int) -> Scene:
    return Scene(actors, still(_light(random)), room=seed, seed=seed)


def _print(
    target: Person, attacker: Person, seed: int, random: np.random.Generator, *, bent: bool
) -> tuple[Scene, dict[str, float]]:
    size = [(210.0, 297.0), (182.0, 257.0), (127.0, 178.0), (102.0, 152.0)][int(random.integers(0, 4))]
    eyes = min(size[0] * float(random.uniform(0.21, 0.29)), float(random.uniform(50, 66)))
    distance = float(np.clip(eyes / 63.0 * random.uniform(330, 500), 170, 480))
    border = float(random.choice([0.0, 4.0, 8.0]))
    picture, thumbs = print_of(target.live, size, eyes, random, border_mm=border, skin=skin_of(attacker))
    _, down = eyes_on_print(target.live, (size[0] - 2 * border, size[1] - 2 * border), eyes)
    pose = Pose(
        x_mm=float(random.normal(0, 12)),
        y_mm=-down + float(random.normal(0, 8)),
        distance_mm=distance,
        yaw=float(random.normal(0, 5)),
        pitch=float(random.normal(0, 5)),
        roll=float(random.normal(0, 3)),
    )
    bend = float(random.choice([-1.0, 1.0, 1.0]) * random.uniform(25, 95)) if bent else float(random.normal(0, 2.0))
    held = HeldPrint(
        picture,
        thumbs,
        _wander(pose, random),
        _hand(random, seed),
        bend=bend,
        bend_across=bool(bent and random.random() < 0.15),
        gloss=float(random.choice([0.0, 0.12, 0.45, 0.8])),
    )
    facts = {"width_mm": size[0], "eyes_mm": eyes, "distance_mm": distance, "bend": bend, "gloss": held.gloss}
    return _scene((*_bystander(attacker, pose, random, seed), held), random, seed), facts


def _mask(
    target: Person, attacker: Person, seed: int, random: np.random.Generator, *, cut_eyes: bool
) -> tuple[Scene, dict[str, float]]:
    """A life-size print before the attacker's face, who looks through holes for the eyes or puts it away to turn."""
    size, eyes = (210.0, 297.0), 63.0
    border = float(random.choice([0.0, 5.0]))
    picture, thumbs = print_of(
        target.live, size, eyes, random, border_mm=border, cut_eyes=cut_eyes, skin=skin_of(attacker)
    )
    right, down = eyes_on_print(target.live, (size[0] - 2 * border, size[1] - 2 * border), eyes)
    gap, distance = float(random.uniform(18, 45)), float(random.uniform(330, 520))
    pose = Pose(float(random.normal(0, 12)), float(random.normal(0, 8)), distance, yaw=float(random.normal(0, 4)))
    path, hand = _wander(pose, random, 0.5), Life(seed + 500, liveliness=0.8)
    shifted = Track(
        tuple(
            replace(key, value=replace(key.value, x_mm=key.value.x_mm - right, y_mm=key.value.y_mm - down))
            for key in path.keys
        )
    )
    # Paper and face move together: same hand, same head. The eyes seen through the holes stand a little farther back.
    behind = Track(
        tuple(
            replace(
                key,
                value=replace(
                    key.value,
                    distance_mm=key.value.distance_mm + gap,
                    x_mm=key.value.x_mm * (1 + gap / distance),
                    y_mm=key.value.y_mm * (1 + gap / distance),
                ),
            )
            for key in path.keys
        )
    )
    bend = float(random.uniform(15, 70))
    held = HeldPrint(
        picture,
        thumbs,
        shifted,
        replace(hand, blinks=False),
        bend=bend,
        gloss=float(random.choice([0.0, 0.3])),
        put_away=not cut_eyes,
    )
    facts = {"distance_mm": distance, "gap_mm": gap, "bend": bend}
    return _scene((Visitor(attacker, behind, hand), held), random, seed), facts


def _ic_photo(
    target: Person, attacker: Person, seed: int, random: np.random.Generator
) -> tuple[Scene, dict[str, float]]:
    height = float(random.uniform(110, 260))
    size = (height * 0.8, height)
    picture, thumbs = ic_print(target, size, random, skin_of(attacker))
    eyes = height * 0.135  # how far apart the pupils stand in such a crop
    distance = float(np.clip(eyes / 63.0 * random.uniform(330, 560), 150, 480))
    pose = Pose(float(random.normal(0, 10)), float(random.normal(12, 8)), distance, roll=float(random.normal(0, 3)))
    held = HeldPrint(
        picture,
        thumbs,
        _wander(pose, random),
        _hand(random, seed),
        bend=float(random.normal(0, 8)),
        gloss=float(random.choice([0.0, 0.4])),
    )
    facts = {"height_mm": height, "distance_mm": distance, "bend": held.bend}
    return _scene((*_bystander(attacker, pose, random, seed), held), random, seed), facts


# Width, height, display (x, y, w, h) in millimetres and its pixels, held upright: common sizes of telephone and tablet.
_PHONES = (
    ((71.0, 147.0), (3.0, 4.0, 65.0, 139.0), (1170, 2532)),
    ((75.0, 160.0), (3.5, 5.0, 68.0, 150.0), (1080, 2340)),
    ((67.0, 138.0), (4.0, 17.0, 58.5, 104.0), (750, 1334)),
)
_TABLETS = (
    ((170.0, 240.0), (10.0, 21.0, 148.0, 197.0), (1536, 2048)),
    ((160.0, 247.0), (11.0, 14.0, 136.0, 217.0), (800, 1280)),
    ((135.0, 203.0), (7.0, 21.0, 120.0, 160.0), (1488, 1984)),
)


_PICTURES = 60  # of a recording: two seconds


def _replay(
    target: Person, attacker: Person, seed: int, random: np.random.Generator, *, tablet: bool, moving: bool
) -> tuple[Scene, dict[str, float]]:
    shapes = _TABLETS if tablet else _PHONES
    size, display, pixels = shapes[int(random.integers(0, len(shapes)))]
    body, thumbs, inside = device(size, display, random, skin_of(attacker))
    width, height = display[2], display[3]
    if moving:
        shown: Sequence[NDArray[np.uint8]] = _Film(target, seed % 6, width / height)
        eyes = 0.28 * width
    else:
        eyes = min(float(random.uniform(0.3, 0.44)) * width, 60.0)
        shown = (portrait_crop(target.live, (width, height), eyes, 4.0)[0],)
    distance = float(np.clip(eyes / 63.0 * random.uniform(320, 480), 130, 460))
    middle_x, middle_y = inside[0] + width / 2 - body.mm[0] / 2, inside[1] + height * 0.42 - body.mm[1] / 2
    pose = Pose(
        x_mm=-middle_x + float(random.normal(0, 10)),
        y_mm=-middle_y + float(random.normal(0, 8)),
        distance_mm=distance,
        yaw=float(random.normal(0, 6)),
        pitch=float(random.normal(0, 5)),
        roll=float(random.normal(0, 3)),
    )
    held = HeldScreen(
        body,
        thumbs,
        shown,
        30.0,
        inside,
        pixels,
        _wander(pose, random, 0.8),
        _hand(random, seed),
        nits_as_lux=float(random.uniform(450, 1500)),
        refresh_hz=float(random.choice([60.0, 120.0, 240.0, 480.0])),
        swing=float(random.choice([0.02, 0.1, 0.35, 0.8])),
        glare=float(random.uniform(0, 900)),
        glare_at=(float(random.uniform(-0.2, 1.1)), float(random.uniform(-0.1, 0.7))),
    )
    facts = {
        "width_mm": size[0],
        "distance_mm": distance,
        "white_lux": held.nits_as_lux,
        "refresh_hz": held.refresh_hz,
        "swing": held.swing,
        "glare_lux": held.glare,
    }
    return _scene((*_bystander(attacker, pose, random, seed), held), random, seed), facts


def _video(target: Person, attacker: Person, seed: int, random: np.random.Generator) -> tuple[Scene, dict[str, float]]:
    return _replay(target, attacker, seed, random, tablet=bool(random.random() < 0.5), moving=True)


class _Film(Sequence[NDArray[np.uint8]]):
    """A recording of the target, cropped to a display; taken when the first picture of it is looked at."""

    def __init__(self, target: Person, take: int, aspect: float) -> None:
        self._target, self._take, self._aspect = target, take, aspect

    def __len__(self) -> int:
        return _PICTURES

    def __getitem__(self, number: Any) -> Any:
        return _filled(_recording(self._target, self._take)[number], self._aspect)


@lru_cache(maxsize=2)  # 62 MB each
def _recording(target: Person, take: int) -> tuple[NDArray[np.uint8], ...]:
    """Film the target with another camera: two seconds that blink and sway, upright."""
    light = Light(ambient=400.0, front=160.0, side=0.2 - 0.1 * take, back=300.0)
    scene = standing(target, Pose(distance_mm=520.0, y_mm=-22.0), light, seed=40 + take)
    lens = Lens(480, 720, 34.0)
    # From the first blink on, so that every recording has one.
    start = next((n / 10 for n in range(60) if (pose := scene.pose(n / 10)) and pose.blink > 0.3), 0.0)
    exposure = Exposure(10_000.0, 2.2)
    return tuple(render(scene, max(0.0, start - 1.0) + n / 30.0, exposure, lens) for n in range(_PICTURES))


def _filled(frame: NDArray[np.uint8], aspect: float) -> NDArray[np.uint8]:
    """Crop a frame to the display's shape, face in the middle."""
    height, width = frame.shape[:2]
    if width / height > aspect:
        keep = round(height * aspect)
        left = (width - keep) // 2
        return np.ascontiguousarray(frame[:, left : left + keep])
    keep = round(width / aspect)
    top = max(0, round((height - keep) * 0.45))
    return np.ascontiguousarray(frame[top : top + keep])


def _shoulder(
    target: Person, attacker: Person, seed: int, random: np.random.Generator
) -> tuple[Scene, dict[str, float]]:
    """The card's holder behind somebody else's shoulder: the face that matches is not the one in front."""
    side = float(random.choice([-1, 1]))
    front = Pose(float(random.normal(-side * 35, 12)), float(random.normal(0, 10)), float(random.uniform(380, 520)))
    back = Pose(
        side * float(random.uniform(130, 230)),
        float(random.uniform(-60, 10)),
        front.distance_mm + float(random.uniform(120, 380)),
        yaw=-side * float(random.uniform(0, 12)),
    )
    actors = (Visitor(target, still(back), Life(seed + 3)), Visitor(attacker, still(front), Life(seed + 4)))
    return _scene(actors, random, seed), {"front_mm": front.distance_mm, "back_mm": back.distance_mm}


def _swap(
    target: Person, attacker: Person, seed: int, random: np.random.Generator, matched_at: float | None = None
) -> tuple[Scene, dict[str, float]]:
    """The holder steps aside for somebody else, or somebody else's head comes in front; soon after ``matched_at``."""
    at = float(random.uniform(1.2, 3.0))
    if matched_at is not None:
        at = matched_at + at / 5
    side = float(random.choice([-1, 1]))
    stand = Pose(float(random.normal(0, 10)), float(random.normal(0, 8)), float(random.uniform(400, 500)))
    pace = float(random.uniform(0.25, 0.7))
    away = replace(stand, x_mm=side * 560.0, yaw=side * 20.0)
    come = replace(stand, x_mm=-side * 560.0, yaw=-side * -20.0, distance_mm=stand.distance_mm - 30.0)
    there = replace(stand, distance_mm=stand.distance_mm - 30.0)
    overtake = bool(random.random() < 0.4)  # the second head slides in front of the first, which never leaves
    first = Track((Key(0.0, stand), Key(at, stand), Key(at + pace, stand if overtake else away)))
    second = Track((Key(0.0, come), Key(at, come), Key(at + pace, there)))
    actors = (Visitor(target, first, Life(seed + 3)), Visitor(attacker, second, Life(seed + 4), there=(at, 1e9)))
    return _scene(actors, random, seed), {"at_s": at, "pace_s": pace, "overtake": float(overtake)}


_MAKERS: Mapping[Species, Callable[..., tuple[Scene, dict[str, float]]]] = {
    Species.PRINT_FLAT: partial(_print, bent=False),
    Species.PRINT_BENT: partial(_print, bent=True),
    Species.PRINT_CUT_EYES: partial(_mask, cut_eyes=True),
    Species.IC_PHOTO: _ic_photo,
    Species.PHONE: partial(_replay, tablet=False, moving=False),
    Species.TABLET: partial(_replay, tablet=True, moving=False),
    Species.VIDEO: _video,
    Species.SHOULDER: _shoulder,
    Species.SWAP: _swap,
    Species.PRINT_PUT_AWAY: partial(_mask, cut_eyes=False),
    Species.SWAP_AFTER_MATCH: _swap,
}
