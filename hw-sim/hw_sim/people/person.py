"""A virtual patient: an id and photographs, one to live and one for the card wherever there are two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.people.portrait import Portrait, open_portrait
from hw_sim.people.sources import Catalog, PhotosMissing, Say, default_cache, fetch, load_catalog
from reader.face.geometry import CHIN, five_points

IC_SIZE = (192, 240)  # width, height of the card's photograph
_EYES_TO_CHIN = 0.25  # of the picture's height: a head of about 32 mm in 45 mm, as on passports and My Number cards
_EYE_LINE = 0.44


@dataclass(frozen=True, eq=False)
class Person:
    """Someone who visits the clinic. portraits: the live photograph first, the card's last (they may be the same)."""

    id: str
    portraits: tuple[Portrait, ...] = field(repr=False)
    showcase: bool = False

    @property
    def live(self) -> Portrait:
        """The photograph that the camera meets."""
        return self.portraits[0]

    @property
    def card_differs(self) -> bool:
        """Whether the card's photograph is another one than the live one."""
        return len(self.portraits) > 1

    def ic_photo(self) -> NDArray[np.uint8]:
        """Return the portrait as the chip holds it: grey uint8 (240, 192), face centred, plain light background."""
        return ic_photo(self.portraits[-1])


def ic_photo(portrait: Portrait) -> NDArray[np.uint8]:
    """Crop, level and grey a photograph as for an identity card: uint8 (240, 192)."""
    width, height = IC_SIZE
    eyes = five_points(portrait.points)[:2]
    middle = (eyes[0] + eyes[1]) / 2
    across = eyes[1] - eyes[0]
    drop = float(np.linalg.norm(portrait.points[CHIN, :2] - middle))
    scale = _EYES_TO_CHIN * height / drop
    length = float(np.hypot(across[0], across[1]))
    cos, sin = float(across[0]) / length * scale, float(across[1]) / length * scale
    turn = np.array([[cos, sin, 0.0], [-sin, cos, 0.0]], np.float64)
    turn[:, 2] = np.array([width / 2, _EYE_LINE * height]) - turn[:, :2] @ middle.astype(np.float64)
    grey = cv2.cvtColor(portrait.pixels, cv2.COLOR_RGB2GRAY)
    size = (width * 2, height * 2)  # twice as large, then averaged: no jagged hair
    warped = cv2.warpAffine(grey, turn * 2, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    matte = cv2.warpAffine(portrait.matte, turn * 2, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = matte.astype(np.float32) / 255.0
    shade = np.linspace(222.0, 206.0, size[1], dtype=np.float32)[:, None]
    mixed = warped.astype(np.float32) * alpha + shade * (1.0 - alpha)
    small = cv2.resize(mixed, IC_SIZE, interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(small + 0.5, 0, 255), np.uint8)


@cache
def load_person(person: str, cache_dir: Path | None = None, models: Path | None = None) -> Person:
    """Return one shipped person, fetching the photographs at first use. Raises KeyError or PhotosMissing."""
    return _person(load_catalog(), person, cache_dir, models, lambda line: print(line, flush=True))  # noqa: T201


def load_people(
    cache_dir: Path | None = None, models: Path | None = None, *, showcase: bool = False
) -> tuple[Person, ...]:
    """Return everyone who is shipped, or with ``showcase`` those who may be shown in public."""
    return tuple(load_person(name, cache_dir, models) for name in load_catalog().people(showcase=showcase))


def _person(catalog: Catalog, person: str, cache_dir: Path | None, models: Path | None, say: Say) -> Person:
    photos = catalog.of(person)
    paths = fetch(cache_dir, Catalog(catalog.packages, photos), say)
    store = cache_dir or default_cache()
    portraits = tuple(open_portrait(paths[one], store, models, short_hair=one.short_hair) for one in photos)
    return Person(person, portraits, photos[0].showcase)


def evaluation_people(folder: Path, limit: int, models: Path | None = None, skip: int = 0) -> Iterator[Person]:
    """Yield people with two photographs each from evaluation data: one folder a person, pictures inside.

    The first that a living face could look like is met by the camera, the other is on the card. Whoever has none such,
    or a picture without a face, is passed over. Nothing is kept on disk; ids are "e001", … in the order of the folders,
    of which the first ``skip`` are left out. Raises PhotosMissing when ``folder`` is not there.
    """
    if not folder.is_dir():
        raise PhotosMissing(f"no evaluation data in {folder}; set KAOPI_DATA to the folder that holds it")
    given = 0
    for home in sorted(one for one in folder.iterdir() if one.is_dir())[skip:]:
        pictures = sorted(home.glob("*.jpg"))
        if len(pictures) < 2:
            continue
        try:
            portraits = tuple(open_portrait(one, None, models) for one in pictures[:2])
        except PhotosMissing:
            continue
        live = next((one for one in portraits if one.could_live), None)
        if live is None:
            continue
        given += 1
        yield Person(f"e{given:03d}", (live, *(one for one in portraits if one is not live)))
        if given >= limit:
            return
