"""Does the light judgement call bad frames fine, or good frames bad? A sweep of altered pictures with known truth.

Truth is what was done to the picture, graded in photographic stops: the strongest grades must be refused, the
weakest must not. Grades between are printed but not counted, because reasonable people differ about them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from reader.face import geometry
from reader.face.engine import FaceEngine
from reader.face.evaluation import stats
from reader.face.evaluation.datasets import Pairs, Picture, read_picture
from reader.face.evaluation.pipeline import Progress, Side, central_mesh, describe
from reader.face.evaluation.stats import Rate
from reader.face.guidance import LIGHT_REASONS, light_reason
from reader.face.image import BadImage, Pixels
from reader.face.light import read_light
from reader.session.vocabulary import Guidance

GAMMA = 2.2


@dataclass(frozen=True, slots=True)
class Grade:
    """One alteration. fine: None where neither answer is counted."""

    name: str
    strength: float
    fine: bool | None
    alter: Callable[[Pixels, geometry.Points, float], Pixels]


def _linear(rgb: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.asarray((rgb.astype(np.float32) / 255.0) ** GAMMA, np.float32)


def _coded(linear: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Pixels:
    noise = np.random.default_rng(int(linear.size)).normal(0, 1.5, linear.shape)
    return np.asarray(np.clip(np.clip(linear, 0, 1) ** (1 / GAMMA) * 255.0 + noise, 0, 255), np.uint8)


def _face_mask(rgb: Pixels, points: geometry.Points) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return 1 on the head, 0 elsewhere, softly."""
    x, y, w, h = geometry.box(points)
    mask = np.zeros(rgb.shape[:2], np.float32)
    centre = (int(x + w / 2), int(y + h * 0.42))
    cv2.ellipse(mask, centre, (int(w * 0.62), int(h * 0.75)), 0, 0, 360, 1.0, -1)
    cv2.rectangle(mask, (int(x - w * 0.4), int(y + h * 1.05)), (int(x + w * 1.4), rgb.shape[0]), 1.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(w / 20, 1.0)), np.float32)


def dim(rgb: Pixels, points: geometry.Points, stops: float) -> Pixels:
    """Take light away from everything."""
    return _coded(_linear(rgb) * np.float32(2.0**-stops))


def back(rgb: Pixels, points: geometry.Points, stops: float) -> Pixels:
    """Put a bright window behind the head, and let the exposure follow the window."""
    mask = _face_mask(rgb, points)[:, :, None]
    scene = _linear(rgb) * mask * np.float32(2.0**-stops) + (1.0 - mask) * np.float32(0.9)
    return _coded(np.asarray(scene, np.float32))


def side(rgb: Pixels, points: geometry.Points, stops: float) -> Pixels:
    """Light one half of the face ``stops`` brighter than the other."""
    x, _, w, _ = geometry.box(points)
    across = np.clip((np.arange(rgb.shape[1], dtype=np.float32) - x) / max(w, 1.0), 0.0, 1.0)
    ramp = 1.0 / (1.0 + np.exp(-(across - 0.5) * 12.0))
    return _coded(_linear(rgb) * (2.0 ** (-stops * ramp))[None, :, None].astype(np.float32))


def direct(rgb: Pixels, points: geometry.Points, stops: float) -> Pixels:
    """Put the face into direct light, so that the sensor clips."""
    mask = _face_mask(rgb, points)[:, :, None]
    return _coded(_linear(rgb) * (1.0 + mask * np.float32(2.0**stops - 1.0)))


SWEEP: tuple[Grade, ...] = (
    Grade("as it is", 0.0, True, dim),
    Grade("dim", 1.0, None, dim),
    Grade("dim", 3.0, None, dim),
    Grade("dim", 6.0, False, dim),
    Grade("back", 0.5, None, back),
    Grade("back", 5.0, False, back),
    Grade("side", 0.7, True, side),
    Grade("side", 4.5, False, side),
    Grade("direct", 0.3, None, direct),
    Grade("direct", 4.0, False, direct),
)


@dataclass(frozen=True, slots=True)
class GradeReport:
    """How one grade was judged."""

    grade: Grade
    refused: Rate
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class LightReport:
    """false_ok: bad light called fine. false_refuse: good light refused. Both only over the counted grades."""

    grades: tuple[GradeReport, ...]
    false_ok: Rate
    false_refuse: Rate


def evaluate(
    engine: FaceEngine, pictures: Sequence[Picture], progress: Progress = lambda done, total: None
) -> LightReport:
    """Alter every picture by every grade of the sweep and ask for a light reason.

    ``pictures`` should be ones the comparison has been seen to succeed on: that, and not the light reading itself, is
    what makes an unaltered picture well enough lit.
    """
    judged: dict[tuple[str, float], list[Guidance | None]] = {}
    for number, picture in enumerate(pictures):
        progress(number, len(pictures))
        try:
            rgb = read_picture(picture.path)
        except BadImage:
            continue
        mesh = central_mesh(engine, rgb)
        if mesh is None:
            continue
        for grade in SWEEP:
            altered = grade.alter(rgb, mesh.points, grade.strength)
            again = engine.landmarks.find(altered, mesh.region)
            light = read_light(again.crop, mesh.crop_points)
            judged.setdefault((grade.name, grade.strength), []).append(light_reason(light))
    progress(len(pictures), len(pictures))
    return summarise(judged)


def recognised(
    engine: FaceEngine, pairs: Pairs, limit: int, progress: Progress = lambda done, total: None
) -> list[Picture]:
    """Return up to ``limit`` pictures whose genuine partner matches at the shipped threshold."""
    subject = {picture.path: picture for picture in pairs.pictures}
    found: list[Picture] = []
    for number, pair in enumerate(pairs.genuine):
        progress(min(len(found), limit), limit)
        if len(found) >= limit or number > 4 * limit:
            break
        both = describe(engine, [subject[path] for path in pair], Side.COLOUR)
        if len(both.pictures) == 2 and float(both.embeddings[0] @ both.embeddings[1]) >= engine.threshold:
            found.append(both.pictures[0])
    return found


def summarise(judged: dict[tuple[str, float], list[Guidance | None]]) -> LightReport:
    """Return the report of reasons by grade."""
    reports = []
    wrong_ok, bad, wrong_refuse, good = 0, 0, 0, 0
    for grade in SWEEP:
        found = judged.get((grade.name, grade.strength), [])
        refused = sum(one in LIGHT_REASONS for one in found)
        reasons = {str(one): found.count(one) for one in sorted(LIGHT_REASONS) if one in found}
        reports.append(GradeReport(grade, stats.rate(refused, len(found)), reasons))
        if grade.fine is True:
            wrong_refuse, good = wrong_refuse + refused, good + len(found)
        elif grade.fine is False:
            wrong_ok, bad = wrong_ok + len(found) - refused, bad + len(found)
    return LightReport(tuple(reports), stats.rate(wrong_ok, bad), stats.rate(wrong_refuse, good))
