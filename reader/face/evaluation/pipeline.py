"""From a picture on disk to points and embeddings, through the same code that the kiosk runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import cv2
import numpy as np

from reader.face.embedder import Embedding
from reader.face.engine import FaceEngine, NoFaceInPhoto
from reader.face.evaluation.cardphoto import as_card_photo
from reader.face.evaluation.datasets import Picture, read_picture
from reader.face.geometry import Points
from reader.face.image import BadImage, Pixels
from reader.face.landmarks import Mesh

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Face:
    """The most central face of a picture."""

    rgb: Pixels
    points: Points


def central_face(engine: FaceEngine, rgb: Pixels) -> Face | None:
    """Return the most central face, trying again with a margin around tight crops; None when there is none."""
    for part in (0, 4):
        margin = max(rgb.shape[:2]) // part if part else 0
        wide = rgb
        if margin:
            wide = np.asarray(cv2.copyMakeBorder(rgb, margin, margin, margin, margin, cv2.BORDER_REPLICATE), np.uint8)
        mesh = central_mesh(engine, wide)
        if mesh is not None:
            return Face(wide, mesh.points)
    return None


def central_mesh(engine: FaceEngine, rgb: Pixels) -> Mesh | None:
    """Return the mesh of the most central face, or None."""
    found = engine.detector.find(rgb)
    if not found:
        return None
    middle = np.array([rgb.shape[1], rgb.shape[0]]) / 2
    nearest = min(found, key=lambda one: float(np.hypot(*(np.array(one.centre) - middle))))
    mesh = engine.refined(rgb, nearest)
    return mesh if mesh.is_face else None


@dataclass(frozen=True, slots=True)
class Described:
    """Embeddings in the order of ``pictures``; pictures without a face are left out and counted in ``failed``."""

    pictures: tuple[Picture, ...]
    embeddings: Embedding
    failed: int


class Side(StrEnum):
    """What a picture stands for in a comparison."""

    COLOUR = "colour"  # a photograph, as it is
    LIVE = "live"  # a frame of the kiosk's camera: made grey, because the portrait it is compared with is grey
    CARD = "card"  # what a card's chip would hold of it: grey, small, JPEG 2000
    PORTRAIT = "portrait"  # already such a portrait


class Describing(Protocol):
    """Turns pictures into embeddings; ``describe`` with an engine, or something that remembers."""

    def __call__(self, pictures: Sequence[Picture], side: Side) -> Described:
        """Embed every picture as ``side``."""


def describing(engine: FaceEngine, progress: Progress = lambda done, total: None) -> Describing:
    """Return ``describe`` for this engine."""
    return lambda pictures, side: describe(engine, pictures, side, progress)


def describe(
    engine: FaceEngine, pictures: Sequence[Picture], side: Side, progress: Progress = lambda done, total: None
) -> Described:
    """Embed every picture as ``side``. Nothing is written to disk."""
    kept, rows = [], []
    for number, picture in enumerate(pictures):
        progress(number, len(pictures))
        try:
            rows.append(_embedding(engine, read_picture(picture.path), side))
        except (BadImage, NoFaceInPhoto):
            continue
        kept.append(picture)
    progress(len(pictures), len(pictures))
    matrix = np.stack(rows) if rows else np.zeros((0, 1), np.float32)
    return Described(tuple(kept), matrix, len(pictures) - len(kept))


def _embedding(engine: FaceEngine, rgb: Pixels, side: Side) -> Embedding:
    if side is Side.PORTRAIT:
        return engine.embed_photo(rgb)
    face = central_face(engine, rgb)
    if face is None:
        raise NoFaceInPhoto("no face was found in the picture")
    if side is Side.CARD:
        return engine.embed_photo(as_card_photo(face.rgb, face.points))
    return engine.embed(face.rgb, face.points, grey=side is Side.LIVE)
