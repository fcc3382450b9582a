"""One photograph made ready: its face mesh, and the person cut out of the background. Both are kept in the cache."""

from __future__ import annotations

import hashlib
import math
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.made_by import version_of
from hw_sim.people.sources import PhotosMissing
from reader.face import detector as detecting
from reader.face import geometry, image
from reader.face import landmarks as meshing
from reader.face.detector import FaceDetector
from reader.face.geometry import CHIN, OUTLINE, box, five_points, pose
from reader.face.guidance import LIMITS
from reader.face.image import Pixels
from reader.face.landmarks import OnnxLandmarks, region_of_detection, region_of_points
from reader.face.light import sharpness
from reader.face.modelstore import ModelRefused, ModelStore

_WORK_EYES_PX = 56.0  # distance of the pupils at which the person is cut out
_MAKERS = (detecting, geometry, image, meshing)  # whose code decides what a cut-out portrait is, besides this file
_KEEP_EYES_PX = 128.0  # more detail than this no camera picture at 300 mm can show
_STRAIGHT = math.radians(10)  # within this somebody looks straight ahead, as the kiosk measures it
_COLOUR = 4.0  # grey levels between a pixel's channels and their mean: black-and-white photographs have less
_SHARP = LIMITS.least_sharpness + 0.1  # what the virtual lens takes away must leave the face sharp


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """A photograph with its face found.

    pixels: uint8 RGB (H, W, 3). points: face mesh (468, 3) in pixels. matte: uint8 (H, W), 255 where the person is.
    """

    pixels: Pixels
    points: NDArray[np.float32]
    matte: NDArray[np.uint8]

    @property
    def eyes_px(self) -> float:
        """Distance of the pupils in pixels."""
        five = five_points(self.points)
        return float(np.linalg.norm(five[1] - five[0]))

    @property
    def could_live(self) -> bool:
        """Whether a living face could look like this to a camera it is turned to: from the front, in colour, sharp.

        The pose that a scene gives somebody comes on top of the photograph's own, and no living face is black and
        white or shows ever less the nearer it comes.
        """
        head = pose(self.points)
        left, top, width, height = (int(value) for value in box(self.points))
        face = self.pixels[max(top, 0) : top + height, max(left, 0) : left + width].astype(np.float32)
        colour = float(np.abs(face - face.mean(axis=2, keepdims=True)).mean())
        if max(abs(head.yaw), abs(head.pitch)) > _STRAIGHT or colour < _COLOUR:
            return False
        return sharpness(self.pixels, self.points[:, :2]) >= _SHARP


def default_models() -> Path:
    """Return the checkout's folder of built models."""
    return Path(__file__).resolve().parents[3] / "models"


@cache
def _finder(models: Path) -> tuple[FaceDetector, OnnxLandmarks, str]:
    """Return the nets, and a hash of them and of the code that cuts people out: what another made is not taken up."""
    store = ModelStore(models)
    try:
        detector = FaceDetector(store.session("face_detector"))
        landmarks = OnnxLandmarks(store.session("face_landmarks"))
    except ModelRefused as error:
        raise PhotosMissing(f"virtual people need the face models: {error}") from None
    maker = version_of(store.manifest, ("face_detector", "face_landmarks"), (*_MAKERS, sys.modules[__name__]))
    return detector, landmarks, maker


def open_portrait(path: Path, store: Path | None, models: Path | None = None, *, short_hair: bool = False) -> Portrait:
    """Read a photograph, find its face and cut the person out, or take both from ``store`` where they are kept.

    Raises PhotosMissing when the file is no picture, shows no face, or the models are not built.
    """
    detector, landmarks, maker = _finder(models or default_models())
    data = path.read_bytes()
    name = hashlib.sha256(data + maker.encode() + bytes([short_hair])).hexdigest()[:24]
    kept = store / f"{name}.npz" if store else None
    if kept and kept.is_file():
        with np.load(kept) as found:
            return Portrait(found["pixels"], found["points"], found["matte"])
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise PhotosMissing(f"{path.name} is no picture")
    rgb = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
    portrait = prepare(rgb, detector, landmarks, path.name, short_hair=short_hair)
    if kept:
        part = kept.with_name(f".{name}.npz")
        np.savez(part, pixels=portrait.pixels, points=portrait.points, matte=portrait.matte)
        part.replace(kept)
    return portrait


def prepare(
    rgb: Pixels,
    detector: FaceDetector,
    landmarks: OnnxLandmarks,
    name: str = "the picture",
    *,
    short_hair: bool = False,
) -> Portrait:
    """Find the largest face, trim the picture around the person, and cut the person out. Raises PhotosMissing."""
    found = detector.find(rgb)
    if not found:
        raise PhotosMissing(f"no face is found in {name}")
    mesh = landmarks.find(rgb, region_of_detection(found[0]))
    for _ in range(2):
        mesh = landmarks.find(rgb, region_of_points(mesh.points))
    rgb, points = _trim(rgb, mesh.points)
    return Portrait(rgb, points, cut_out(rgb, points, short_hair=short_hair))


def _trim(rgb: Pixels, points: NDArray[np.float32]) -> tuple[Pixels, NDArray[np.float32]]:
    """Cut to the bust and shrink to the wanted detail."""
    five = five_points(points)
    eyes = float(np.linalg.norm(five[1] - five[0]))
    centre = (five[0] + five[1]) / 2
    height, width = rgb.shape[:2]
    left, right = max(0, int(centre[0] - 4.5 * eyes)), min(width, int(centre[0] + 4.5 * eyes))
    top, bottom = max(0, int(centre[1] - 3.2 * eyes)), min(height, int(centre[1] + 6.5 * eyes))
    scale = min(1.0, _KEEP_EYES_PX / eyes)
    cut = rgb[top:bottom, left:right]
    if scale < 1.0:
        cut = np.asarray(cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    moved = (points - np.array([left, top, 0.0], np.float32)) * np.float32(scale)
    return np.ascontiguousarray(cut), moved.astype(np.float32)


def cut_out(rgb: Pixels, points: NDArray[np.float32], *, short_hair: bool = False) -> NDArray[np.uint8]:
    """Return the person's matte: GrabCut (Rother, Kolmogorov & Blake 2004) told by the face mesh where to look.

    short_hair: nothing beside the neck belongs to the person.
    """
    five = five_points(points)
    eyes = float(np.linalg.norm(five[1] - five[0]))
    scale = _WORK_EYES_PX / eyes
    small = np.asarray(cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    spots = points[:, :2] * scale
    unit = _WORK_EYES_PX
    height, width = small.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    face = spots[list(OUTLINE)]
    middle, chin = face.mean(axis=0), spots[CHIN]

    hints = np.full((height, width), cv2.GC_BGD, np.uint8)
    head = ((x - middle[0]) / (2.15 * unit)) ** 2 + ((y - (middle[1] - 0.55 * unit)) / (2.3 * unit)) ** 2 < 1
    below = np.clip((y - chin[1] + 0.6 * unit) / unit, 0, None)
    torso = (y > chin[1] - 0.6 * unit) & (np.abs(x - chin[0]) < (0.9 + 2.6 * np.sqrt(below)) * unit)
    hints[head | torso] = cv2.GC_PR_BGD
    likely = ((x - middle[0]) / (1.5 * unit)) ** 2 + ((y - (middle[1] - 0.35 * unit)) / (1.85 * unit)) ** 2 < 1
    likely |= (y > chin[1] + 0.9 * unit) & (np.abs(x - chin[0]) < (0.5 + 1.35 * np.sqrt(below)) * unit)
    hints[likely] = cv2.GC_PR_FGD
    sure = np.zeros_like(hints)
    above = (face[:, 1] < middle[1])[:, None]
    grown = middle + (face - middle) * np.where(above, np.array([1.16, 1.36]), 1.03).astype(np.float32)
    cv2.fillPoly(sure, [grown.astype(np.int32)], 1)
    neck = (np.abs(x - chin[0]) < 0.55 * unit) & (y > chin[1] - 0.2 * unit)
    chest = (y > chin[1] + 2.0 * unit) & (np.abs(x - chin[0]) < 1.3 * unit)
    hints[(sure > 0) | neck | chest] = cv2.GC_FGD
    if short_hair:
        beside = (np.abs(x - chin[0]) > 1.15 * unit) & (y > chin[1] - 0.9 * unit) & (y < chin[1] + 0.45 * unit)
        hints[beside] = cv2.GC_BGD
    cv2.setRNGSeed(1)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, hints, (0, 0, 1, 1), background, foreground, 6, cv2.GC_INIT_WITH_MASK)
    inside = np.isin(hints, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    inside = _largest(np.asarray(cv2.morphologyEx(inside, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8))
    holes = _largest((1 - inside).astype(np.uint8), border=True)
    inside = (1 - holes).astype(np.uint8)
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1.6)
    soft = np.clip((soft - 0.42) / 0.45, 0, 1)  # a little inside the outline, where no background shines through
    full = cv2.resize(soft.astype(np.float32), (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(full * 255.0, 0, 255), np.uint8)


def _largest(mask: NDArray[np.uint8], *, border: bool = False) -> NDArray[np.uint8]:
    """Keep the largest connected part, or with ``border`` every part that touches the picture's edge."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count < 2:
        return mask
    if border:
        edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
        return np.isin(labels, edge[edge > 0]).astype(np.uint8)
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.asarray(labels == best, np.uint8)
