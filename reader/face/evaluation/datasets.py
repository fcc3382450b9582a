"""Folders of pictures a lab can measure on.

The layout a clinic or lab fills (``kaopi eval collect`` writes it):

    DATA/people/SUBJECT/SESSION/000123.png     live frames; a session is one visit, frames in order of their number
    DATA/people/SUBJECT/card.png               optional portrait as on a card (.jp2, .png or .jpg)
    DATA/attacks/SPECIES/SUBJECT/SESSION/…     presentation attacks by species (print, replay, mask …)
    DATA/groups.csv                            optional: subject,group

Two public research sets are understood as they are distributed: LFW with its ``pairs.txt`` (Huang et al. 2007), and
NUAA (Tan et al. 2010) as ``live/`` and ``print/`` with files named subject_glasses_position_session_frame.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from reader.face.image import BadImage, Pixels, as_rgb

LIVE = "live"
_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jp2", ".bmp"})


class DataMissing(RuntimeError):
    """The folder holds nothing that can be measured; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture on disk. species is "live" or the kind of attack; frame orders the pictures of a session."""

    path: Path
    subject: str
    session: str
    frame: int
    species: str = LIVE


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pictures and the genuine pairs among them, by path."""

    pictures: tuple[Picture, ...]
    genuine: tuple[tuple[Path, Path], ...]
    second: tuple[Path, ...]


def default_data() -> Path:
    """Return ``$KAOPI_DATA``, else ``../shared/data`` beside the checkout."""
    named = os.environ.get("KAOPI_DATA")
    return Path(named) if named else Path(__file__).resolve().parents[4] / "shared" / "data"


def read_picture(path: Path) -> Pixels:
    """Read a picture as uint8 RGB. Raises BadImage naming the file."""
    try:
        data = np.fromfile(path, np.uint8)
        decoded = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
        if decoded is None:
            raise BadImage("it cannot be decoded")
        rgb = as_rgb(decoded)
        return rgb if decoded.ndim == 2 else np.ascontiguousarray(rgb[:, :, ::-1])
    except (OSError, cv2.error, BadImage) as error:
        raise BadImage(f"{path}: {error}") from None


def read_pairs(folder: Path) -> Pairs:
    """Read a folder in the form of LFW: ``images/NAME/NAME_0001.jpg`` and ``pairs.txt``. Raises DataMissing."""
    listing = folder / "pairs.txt"
    if not listing.is_file():
        raise DataMissing(f"{listing} is missing")
    files = {path.stem: path for path in sorted((folder / "images").rglob("*.jpg"))}
    if not files:
        raise DataMissing(f"{folder / 'images'} holds no .jpg")
    genuine: list[tuple[Path, Path]] = []
    second: dict[Path, None] = {}
    for line in listing.read_text(encoding="utf-8").splitlines()[1:]:
        fields = line.split("\t")
        if len(fields) == 3:
            names = (f"{fields[0]}_{int(fields[1]):04d}", f"{fields[0]}_{int(fields[2]):04d}")
            if all(name in files for name in names):
                genuine.append((files[names[0]], files[names[1]]))
        elif len(fields) == 4:
            names = (f"{fields[0]}_{int(fields[1]):04d}", f"{fields[2]}_{int(fields[3]):04d}")
        else:
            continue
        if names[1] in files:
            second[files[names[1]]] = None
    pictures = tuple(Picture(path, stem.rsplit("_", 1)[0], "1", 0) for stem, path in files.items())
    return Pairs(pictures, tuple(genuine), tuple(second))


def read_people(folder: Path) -> tuple[Picture, ...]:
    """Read a lab folder or a NUAA folder. Raises DataMissing."""
    pictures = tuple(_nuaa(folder) if (folder / "print").is_dir() else _lab(folder))
    if not pictures:
        raise DataMissing(f"{folder} holds no pictures: expected people/SUBJECT/SESSION/*.png, see docs/evaluation.md")
    return tuple(sorted(pictures, key=lambda one: (one.species, one.subject, one.session, one.frame, one.path)))


def read_groups(folder: Path) -> dict[str, str]:
    """Return subject -> group from ``groups.csv``, empty where there is none."""
    path = folder / "groups.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["subject"]: row["group"] for row in csv.DictReader(stream)}


def read_cards(folder: Path, subjects: Iterable[str]) -> tuple[Picture, ...]:
    """Return the card portraits of a lab folder, of the subjects who have one."""
    found = []
    for subject in sorted(set(subjects)):
        paths = (folder / "people" / subject / f"card{suffix}" for suffix in (".jp2", ".png", ".jpg"))
        found += [Picture(path, subject, "card", 0) for path in paths if path.is_file()][:1]
    return tuple(found)


def _nuaa(folder: Path) -> Iterable[Picture]:
    for species in (LIVE, "print"):
        for path in sorted((folder / species).rglob("*.jpg")):
            fields = path.stem.split("_")
            if len(fields) == 5:
                yield Picture(path, fields[0], fields[3], int(fields[4]), species)


def _lab(folder: Path) -> Iterable[Picture]:
    roots = [(folder / "people", LIVE)]
    if (folder / "attacks").is_dir():
        roots += [(path, path.name) for path in sorted((folder / "attacks").iterdir()) if path.is_dir()]
    for root, species in roots:
        for path in sorted(root.glob("*/*/*")):
            if path.suffix.lower() in _SUFFIXES:
                digits = "".join(letter for letter in path.stem if letter.isdigit())
                yield Picture(path, path.parents[1].name, path.parent.name, int(digits or 0), species)
