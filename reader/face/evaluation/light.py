"""Does the light judgement call bad frames fine, or good frames bad? A sweep of altered pictures with measured truth.

Truth is what the light costs, not what it looks like. A person is lost in a picture when the comparison with their
own portrait falls below the shipped threshold, when no face is found any more, or when liveness falls so low that not
even a passed turn would lift it to acceptance; only people who are not lost in good light are counted. Light of one
kind and strength (whole stops) is bad when it loses at least ``BAD`` of all people and fine when it loses at most
``FINE``; what lies between is printed and not counted, nor is light that few pictures show. In bad light every frame
must be refused, in fine light none.

Limits are set by one half of the people (``FITTED``) and reported on the other. Strength counts from the brightness
that the kiosk's light loop aims at, because it is that light that goes bad.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.face import geometry
from reader.face.embedder import Embedding
from reader.face.engine import FaceEngine
from reader.face.evaluation import stats
from reader.face.evaluation.datasets import Pairs, read_picture
from reader.face.evaluation.pipeline import Progress, central_mesh
from reader.face.evaluation.stats import Curve, Rate
from reader.face.guidance import LIGHT_REASONS, light_reason, severity
from reader.face.image import BadImage, Pixels
from reader.face.landmarks import Mesh
from reader.face.light import read_light
from reader.session.vocabulary import Guidance
from reader.vault import overwrite

GAMMA = 2.2
EXPOSED = 0.46  # mean face luminance that the kiosk's light loop aims at
BAD, FINE = 0.50, 0.10
_LEAST_FRAMES = 10  # of one light, below which nothing is said about it
FITTED, REPORTED = 0, 1
GOOD = "good"

Linear = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture in one light. strength: photographic stops, or what the source says. lost: see the module."""

    half: int
    light: str
    strength: float
    lost: bool
    reason: Guidance | None
    severity: float


def half_of(name: str) -> int:
    """Return the half a person or a visit belongs to, always the same."""
    return zlib.crc32(name.encode()) % 2


# -- altered pictures ------------------------------------------------------------------------------------------------


def _linear(rgb: Pixels) -> Linear:
    return np.asarray((rgb.astype(np.float32) / 255.0) ** GAMMA, np.float32)


def _coded(linear: Linear) -> Pixels:
    noise = np.random.default_rng(int(linear.size)).normal(0, 1.5, linear.shape)
    return np.asarray(np.clip(np.clip(linear, 0, 1) ** (1 / GAMMA) * 255.0 + noise, 0, 255), np.uint8)


def _face_mask(rgb: Pixels, points: geometry.Points) -> Linear:
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


Alteration = Callable[[Pixels, geometry.Points, float], Pixels]
# Name, alteration, most stops, and which way a picture that was taken darker than the light loop's aim counts.
SWEEP: tuple[tuple[str, Alteration, float, int], ...] = (
    ("dim", dim, 7.5, 1),
    ("back", back, 6.5, 1),
    ("side", side, 7.0, 0),
    ("direct", direct, 5.0, -1),
)
_EACH = 4  # strengths of each kind for a picture, one from each quarter of the range


def sweep(
    engine: FaceEngine, pairs: Pairs, limit: int, progress: Progress = lambda done, total: None, seed: int = 7
) -> list[Judged]:
    """Alter the first pictures of ``limit`` genuine pairs in every way; people lost in good light are left out."""
    judged: list[Judged] = []
    chosen = np.random.default_rng(seed).permutation(len(pairs.genuine))[:limit]
    for done, number in enumerate(chosen):
        progress(done, limit)
        paths = pairs.genuine[number]
        try:
            first, second = (read_picture(path) for path in paths)
        except BadImage:
            continue
        mesh, other = central_mesh(engine, first), central_mesh(engine, second)
        if mesh is None or other is None:
            continue
        portrait = engine.embed(second, other.points)
        if is_lost(engine, first, mesh, portrait):
            continue
        half = half_of(paths[0].stem.rsplit("_", 1)[0])
        judged.append(judge(engine, first, mesh, portrait, half, GOOD, 0.0))
        darker = GAMMA * math.log2(EXPOSED / max(read_light(mesh.crop, mesh.crop_points).face, 0.05))
        random = np.random.default_rng(int(number))
        for name, alter, most, counts in SWEEP:
            for part in range(_EACH):
                stops = float(random.uniform(part * most / _EACH, (part + 1) * most / _EACH))
                altered = alter(first, mesh.points, stops)
                again = engine.landmarks.find(altered, mesh.region)
                strength = math.floor(stops + counts * darker)
                judged.append(judge(engine, altered, again, portrait, half, name, strength))
    progress(limit, limit)
    return judged


def is_lost(engine: FaceEngine, rgb: Pixels, mesh: Mesh, portrait: Embedding) -> bool:
    """Tell whether this picture of a person would not lead to acceptance, even with a passed turn."""
    if not mesh.is_face:
        return True
    embedding = engine.embed(rgb, mesh.points)
    matched = float(embedding @ portrait) >= engine.threshold
    overwrite(embedding)
    return not matched or engine.passive.look(rgb, mesh.points) + engine.weights.turn < engine.weights.accept


def judge(
    engine: FaceEngine, rgb: Pixels, mesh: Mesh | None, portrait: Embedding, half: int, name: str, strength: float
) -> Judged:
    """Return how a picture with this mesh (None: no face found) is judged, and whether it is lost."""
    if mesh is None or not mesh.is_face:
        return Judged(half, name, strength, lost=True, reason=Guidance.FIND_FACE, severity=float("inf"))
    light = read_light(mesh.crop, mesh.crop_points)
    lost = is_lost(engine, rgb, mesh, portrait)
    return Judged(half, name, strength, lost, light_reason(light), severity(light))


# -- tables ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GradeReport:
    """One light of one strength. fine: None where neither answer is counted."""

    light: str
    strength: float
    lost: Rate
    fine: bool | None
    refused: Rate
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class LightReport:
    """false_ok: frames in bad light called fine. false_refuse: frames in fine light refused. trade_off: as the limits
    move together; its accepts are the first, its rejects the second."""

    grades: tuple[GradeReport, ...]
    false_ok: Rate
    false_refuse: Rate
    trade_off: Curve | None


def summarise(judged: Iterable[Judged], half: int | None = None) -> LightReport:
    """Return the report, light by light: truth by everybody who was judged, rates of one half or of all."""
    grades: dict[tuple[str, float], list[Judged]] = {}
    for one in judged:
        grades.setdefault((one.light, one.strength), []).append(one)
    reports: list[GradeReport] = []
    bad_light: list[Judged] = []
    fine_light: list[Judged] = []
    for (name, strength), every in sorted(grades.items()):
        lost = stats.rate(sum(one.lost for one in every), len(every))
        fine = False if lost.value >= BAD else True if lost.value <= FINE else None
        if len(every) < _LEAST_FRAMES:
            fine = None
        ones = [one for one in every if half is None or one.half == half]
        if fine is not None:
            (fine_light if fine else bad_light).extend(ones)
        found = [one.reason for one in ones if one.reason is not None]
        reasons = {str(what): found.count(what) for what in sorted(set(found))}
        reports.append(GradeReport(name, strength, lost, fine, stats.rate(_refused(ones), len(ones)), reasons))
    return LightReport(
        tuple(reports),
        false_ok=stats.rate(len(bad_light) - _refused(bad_light), len(bad_light)),
        false_refuse=stats.rate(_refused(fine_light), len(fine_light)),
        trade_off=stats.curve(_steady(fine_light), _steady(bad_light)) if fine_light and bad_light else None,
    )


def _refused(ones: Sequence[Judged]) -> int:
    return sum(one.reason in LIGHT_REASONS or one.reason is Guidance.FIND_FACE for one in ones)


def _steady(ones: Sequence[Judged]) -> NDArray[np.float64]:
    """Return scores that are higher in better light: the share of the nearest limit that is left."""
    return np.array([1.0 - min(one.severity, 20.0) for one in ones], np.float64)
