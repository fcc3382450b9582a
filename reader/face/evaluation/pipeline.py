"""From a picture on disk to points, embeddings and cue scores, through the same code that the kiosk runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from reader.face.embedder import Embedding
from reader.face.engine import FaceEngine
from reader.face.evaluation.cardphoto import as_card_photo
from reader.face.evaluation.datasets import Picture, read_picture
from reader.face.geometry import Points
from reader.face.image import BadImage, Pixels, as_rgb
from reader.face.landmarks import Mesh
from reader.face.light import LightReading, read_light

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Face:
    """The most central face of a picture."""

    rgb: Pixels
    points: Points
    light: LightReading


def central_face(engine: FaceEngine, rgb: Pixels) -> Face | None:
    """Return the most central face, trying again with a margin around tight crops; None when there is none."""
    for part in (0, 4):
        margin = max(rgb.shape[:2]) // part if part else 0
        wide = rgb
        if margin:
            wide = np.asarray(cv2.copyMakeBorder(rgb, margin, margin, margin, margin, cv2.BORDER_REPLICATE), np.uint8)
        mesh = central_mesh(engine, wide)
        if mesh is not None:
            return Face(wide, mesh.points, read_light(mesh.crop, mesh.crop_points))
    return None


def central_mesh(engine: FaceEngine, rgb: Pixels) -> Mesh | None:
    """Return the mesh of the most central face, or None."""
    found = engine.detector.find(rgb)
    if not found:
        return None
    middle = np.array([rgb.shape[1], rgb.shape[0]]) / 2
    nearest = min(found, key=lambda one: float(np.hypot(*(np.array(one.centre) - middle))))
    mesh = engine.refined(rgb, nearest)
    return mesh if mesh.score >= 0.5 else None


@dataclass(frozen=True, slots=True)
class Described:
    """Embeddings in the order of ``pictures``; pictures without a face are left out and counted in ``failed``."""

    pictures: tuple[Picture, ...]
    embeddings: Embedding
    lights: tuple[LightReading, ...]
    failed: int


def describe(
    engine: FaceEngine,
    pictures: Iterable[Picture],
    *,
    as_card: bool = False,
    grey: bool = False,
    progress: Progress = lambda done, total: None,
) -> Described:
    """Embed every picture, or with ``as_card`` the card portrait made of it. Nothing is written to disk.

    grey: as the kiosk does with live frames, because the portrait they are compared with is grey.
    """
    every = tuple(pictures)
    kept, rows, lights = [], [], []
    failed = 0
    for number, picture in enumerate(every):
        progress(number, len(every))
        face = _face_of(engine, picture.path, as_card)
        if face is None:
            failed += 1
            continue
        kept.append(picture)
        rows.append(engine.embed(face.rgb, face.points, grey=grey or as_card))
        lights.append(face.light)
    progress(len(every), len(every))
    matrix = np.stack(rows) if rows else np.zeros((0, 1), np.float32)
    return Described(tuple(kept), matrix, tuple(lights), failed)


def _face_of(engine: FaceEngine, path: Path, as_card: bool) -> Face | None:
    try:
        face = central_face(engine, read_picture(path))
    except BadImage:
        return None
    if face is None or not as_card:
        return face
    return central_face(engine, as_rgb(as_card_photo(face.rgb, face.points)))
