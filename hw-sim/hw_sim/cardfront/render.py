"""What the slot camera sees: a specimen card on the slot bed, under the kiosk's LED, through a small lens.

Every frame of one card differs as real frames do: sensor noise, a hair of movement, a breath of light. Conditions
in ``SPOILED`` are meant to be refused; all others are meant to be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.cardfront.content import FrontContent
from hw_sim.cardfront.prints import CARD_MASK, CARD_MM, PX_PER_MM, print_back, print_front

Pixels = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]

FRAME = (1280, 720)


class Condition(StrEnum):
    """How a card lies before the camera."""

    CLEAN = "clean"
    SKEW = "skew"
    PERSPECTIVE = "perspective"
    UPSIDE_DOWN = "upside_down"
    SOFT_FOCUS = "soft_focus"
    NOISE = "noise"
    DIM = "dim"
    GRADIENT = "gradient"
    GLARE_BESIDE = "glare_beside"
    WORN = "worn"
    SLEEVE = "sleeve"
    SLEEVE_THIN = "sleeve_thin"
    HEAVY_BLUR = "heavy_blur"
    MOTION = "motion"
    GLARE_OVER = "glare_over"
    COVERED = "covered"
    BACK_SIDE = "back_side"
    BACK_UPSIDE_DOWN = "back_upside_down"
    BACK_IN_SLEEVE = "back_in_sleeve"
    BACK_GLARE = "back_glare"
    OTHER_CARD = "other_card"
    NO_CARD = "no_card"


BACKS = frozenset({Condition.BACK_SIDE, Condition.BACK_UPSIDE_DOWN, Condition.BACK_IN_SLEEVE, Condition.BACK_GLARE})
SPOILED = BACKS | {
    Condition.SLEEVE,
    Condition.SLEEVE_THIN,
    Condition.HEAVY_BLUR,
    Condition.MOTION,
    Condition.GLARE_OVER,
    Condition.COVERED,
    Condition.OTHER_CARD,
    Condition.NO_CARD,
}
READABLE = tuple(condition for condition in Condition if condition not in SPOILED)


def _bed(rng: np.random.Generator) -> Floats:
    """The slot bed: dark, slightly uneven plastic with a lip above."""
    width, height = FRAME
    shade = rng.uniform(18, 46)
    coarse = rng.normal(shade, 4, (height // 40, width // 40, 1)).astype(np.float32)
    bed = cv2.resize(coarse, FRAME, interpolation=cv2.INTER_CUBIC)[..., None] * np.array([1, 1, 1.04], np.float32)
    bed[: int(rng.uniform(4, 14))] += 26
    return np.asarray(bed, np.float32)


def _pose(rng: np.random.Generator, condition: Condition) -> Floats:
    """Corners (4, 2) of the card in the frame, pixels, clockwise from the card's own top left."""
    width, height = FRAME
    across = width * rng.uniform(0.72, 0.84)
    turn = np.deg2rad(rng.uniform(-1.5, 1.5))
    lean = rng.uniform(-0.012, 0.012, 2)
    if condition is Condition.SKEW:
        turn = np.deg2rad(rng.choice((-1, 1)) * rng.uniform(2.5, 5.0))
        across = width * rng.uniform(0.70, 0.76)
    if condition is Condition.PERSPECTIVE:
        lean = rng.choice((-1, 1), 2) * rng.uniform(0.03, 0.09, 2)
        across = width * rng.uniform(0.70, 0.78)
    if condition in (Condition.UPSIDE_DOWN, Condition.BACK_UPSIDE_DOWN):
        turn += np.pi
    half = np.array([across / 2, across / 2 * CARD_MM[1] / CARD_MM[0]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = corners @ spin
    depth = 1 + corners @ (lean / half.max())  # a tilted plane in front of the lens
    corners = corners / depth[:, None]
    room = np.maximum(0, np.array([width, height]) / 2 - np.abs(corners).max(axis=0) - 12)
    centre = np.array([width, height]) / 2 + rng.uniform(-1, 1, 2) * room * 0.7
    return np.asarray(corners + centre, np.float32)


def _blob(at: tuple[float, float], radius: tuple[float, float], angle: float = 0.0, power: float = 2.0) -> Floats:
    """A soft elliptic light over the frame, 0..1, shape (H, W)."""
    width, height = FRAME
    y, x = np.mgrid[0:height:4, 0:width:4].astype(np.float32)
    x, y = x - at[0], y - at[1]
    u = (x * np.cos(angle) + y * np.sin(angle)) / radius[0]
    v = (-x * np.sin(angle) + y * np.cos(angle)) / radius[1]
    small = np.exp(-(np.hypot(u, v) ** power)).astype(np.float32)
    return np.asarray(cv2.resize(small, FRAME, interpolation=cv2.INTER_LINEAR))


def _on_card(corners: Floats, at_mm: tuple[float, float]) -> tuple[float, float]:
    """Where a point of the card (mm) falls in the frame."""
    flat = np.array([[0, 0], [CARD_MM[0], 0], [CARD_MM[0], CARD_MM[1]], [0, CARD_MM[1]]], np.float32)
    homography = cv2.getPerspectiveTransform(flat, corners)
    point = cv2.perspectiveTransform(np.array([[at_mm]], np.float32), homography)[0, 0]
    return float(point[0]), float(point[1])


def _sleeve(scene: Floats, corners: Floats, rng: np.random.Generator, thin: bool) -> Floats:
    """A clear or frosted pocket over the card: veil, bright welded seams, streaks and wrinkles."""
    middle = corners.mean(axis=0)
    scale = CARD_MM[0] + 2 * rng.uniform(1.5, 3.5), CARD_MM[1] + 2 * rng.uniform(1.2, 2.5)
    growth = np.array([scale[0] / CARD_MM[0], scale[1] / CARD_MM[1]])
    pocket = ((corners - middle) * growth + middle).astype(np.int32)
    area = np.zeros(FRAME[::-1], np.uint8)
    cv2.fillConvexPoly(area, pocket, 255)
    veil = rng.uniform(0.12, 0.2) if thin else rng.uniform(0.24, 0.42)
    uneven = cv2.resize(rng.normal(1, 0.14, (6, 9)).astype(np.float32), FRAME, interpolation=cv2.INTER_CUBIC)
    inside = (area.astype(np.float32) / 255 * veil * np.clip(uneven, 0.6, 1.4))[..., None]
    soft = cv2.GaussianBlur(scene, (0, 0), 0.6 if thin else 1.1)
    scene = soft * (1 - inside) + 226 * inside
    seams = np.zeros(FRAME[::-1], np.float32)
    cv2.polylines(seams, [pocket], True, 1.0, 3, cv2.LINE_AA)
    inner = ((corners - middle) * (1 + (growth - 1) * 0.55) + middle).astype(np.int32)
    cv2.polylines(seams, [inner], True, 0.5, 2, cv2.LINE_AA)
    light = cv2.GaussianBlur(seams, (0, 0), 1.2) * rng.uniform(70, 130)
    for _ in range(int(rng.integers(2, 5))):
        at = _on_card(corners, (rng.uniform(5, 80), rng.uniform(5, 50)))
        length, breadth = rng.uniform(160, 480), rng.uniform(8, 34)
        streak = _blob(at, (length, breadth), rng.uniform(-0.9, 0.9), 2.4)
        light += streak * rng.uniform(70, 150) * (0.7 if thin else 1.0) * (area > 0)
    return scene + light[..., None]


def _other_card(rng: np.random.Generator) -> Pixels:
    """Some other plastic card: a plain field, a band and an embossed-looking number that is none of ours."""
    height, width = CARD_MASK.shape
    card = np.empty((height, width, 3), np.uint8)
    card[:] = rng.integers(60, 230, 3)
    card[int(height * 0.1) : int(height * 0.22)] = rng.integers(30, 250, 3)
    for line, y in enumerate((0.55, 0.72)):
        words = "4000 0012 3456 7899" if line == 0 else "VALID 12/31  MEMBER"
        at = (int(width * 0.08), int(height * y))
        cv2.putText(card, words, at, cv2.FONT_HERSHEY_SIMPLEX, 2.6 - line, (20, 20, 20), 6 - 2 * line, cv2.LINE_AA)
    return card


def front_frames(
    content: FrontContent, seed: int, condition: Condition, portrait: Pixels | None = None
) -> Iterator[Pixels]:
    """Yield endless camera frames, uint8 RGB (720, 1280, 3), of one card lying in the slot.

    ``portrait``: uint8 RGB photo to print instead of the drawn silhouette.
    """
    rng = np.random.default_rng([seed, 20])
    corners = _pose(rng, condition)
    if condition in BACKS:
        card = print_back(seed)
    elif condition is Condition.OTHER_CARD:
        card = _other_card(rng)
    else:
        card = print_front(content, seed, portrait)
    if condition is Condition.WORN:
        card = _wear(card, rng)
    width, height = FRAME
    warmth = np.array([1 + rng.uniform(-0.04, 0.06), 1.0, 1 + rng.uniform(-0.08, 0.04)], np.float32)
    level = rng.uniform(0.86, 1.02)
    shade_at = (rng.uniform(0, width), rng.uniform(0, height))
    shade = 0.88 + 0.12 * _blob(shade_at, (width * 0.8, height * 0.9))
    focus, noise = rng.uniform(0.5, 0.9), rng.uniform(1.5, 3.5)
    if condition is Condition.GRADIENT:
        shade = 0.42 + 0.58 * _blob((rng.choice((0, width)), rng.uniform(0, height)), (width * 0.8, height * 1.1))
    if condition is Condition.DIM:
        level, noise = rng.uniform(0.38, 0.5), rng.uniform(3, 5)
    if condition is Condition.NOISE:
        noise = rng.uniform(9, 14)
    if condition is Condition.SOFT_FOCUS:
        focus = rng.uniform(1.4, 2.0)
    if condition is Condition.HEAVY_BLUR:
        focus = rng.uniform(5.5, 9.0)
    bed = _bed(rng)
    flat = np.array([[0, 0], [card.shape[1], 0], [card.shape[1], card.shape[0]], [0, card.shape[0]]], np.float32)
    spots = _glare_spots(rng, condition)
    shrink = 0.5 * PX_PER_MM * CARD_MM[0] / float(np.hypot(*(corners[1] - corners[0])))
    sharp = cv2.GaussianBlur(card, (0, 0), max(0.3, shrink * 0.8))  # no detail finer than the sensor's
    sleeve_seed = int(rng.integers(1 << 30))
    number = 0
    while True:
        grain = np.random.default_rng([seed, 21, number])
        moved = corners + grain.normal(0, 0.35, (1, 2)).astype(np.float32)
        scene = bed.copy()
        if condition is not Condition.NO_CARD:
            homography = cv2.getPerspectiveTransform(flat, moved.astype(np.float32))
            placed = cv2.warpPerspective(sharp, homography, FRAME, flags=cv2.INTER_LINEAR)
            cover = cv2.warpPerspective(CARD_MASK, homography, FRAME, flags=cv2.INTER_LINEAR)
            shadow = cv2.GaussianBlur(np.roll(cover, (5, 4), (0, 1)), (0, 0), 6).astype(np.float32)[..., None] / 255
            alpha = cover.astype(np.float32)[..., None] / 255
            scene = scene * (1 - 0.5 * shadow) * (1 - alpha) + placed * alpha
            if condition in (Condition.SLEEVE, Condition.SLEEVE_THIN, Condition.BACK_IN_SLEEVE):
                pocket = np.random.default_rng(sleeve_seed)
                scene = _sleeve(scene, moved, pocket, condition is Condition.SLEEVE_THIN)
            if condition is Condition.COVERED:  # a finger over the dates
                tip = _on_card(moved, (44.0, 24.0))
                hidden = (_blob(tip, (210, 85), 0.3, 8.0) > 0.5)[..., None]
                scene = np.where(hidden, np.array([205, 160, 138], np.float32), scene)
            for at_mm, radius, power in spots:
                scene += _blob(_on_card(moved, at_mm), radius, 0.4)[..., None] * power
        scene = scene * (shade * level * grain.normal(1, 0.008))[..., None] * warmth
        if condition is Condition.MOTION:
            scene = _smear(scene, grain)
        scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), focus))
        scene += grain.standard_normal(scene.shape, dtype=np.float32) * noise
        frame = np.clip(scene, 0, 255).astype(np.uint8)
        yield _jpeg(frame, int(grain.integers(84, 95)))
        number += 1


def _glare_spots(
    rng: np.random.Generator, condition: Condition
) -> list[tuple[tuple[float, float], tuple[float, float], float]]:
    """Reflections as (place on card mm, radii px, strength)."""
    if condition is Condition.GLARE_BESIDE:
        return [((rng.uniform(64, 80), rng.uniform(26, 42)), (rng.uniform(60, 130), rng.uniform(30, 60)), 300.0)]
    if condition is Condition.GLARE_OVER:
        place = ((34.0, 20.0), (44.0, 25.0), (31.0, 47.6))[int(rng.integers(3))]
        return [(place, (rng.uniform(90, 150), rng.uniform(50, 80)), 620.0)]
    if condition is Condition.BACK_GLARE:
        return [((73.0, 39.0), (rng.uniform(90, 130), rng.uniform(60, 110)), 620.0)]
    return []


def _wear(card: Pixels, rng: np.random.Generator) -> Pixels:
    """Years in a wallet: fine scratches and a duller print."""
    worn = card.astype(np.float32)
    worn = worn * 0.9 + 238 * 0.1
    scratches = np.zeros(card.shape[:2], np.float32)
    for _ in range(40):
        start = rng.uniform((0, 0), card.shape[1::-1])
        stop = start + rng.normal(0, 220, 2)
        points = [tuple(int(v) for v in start), tuple(int(v) for v in stop)]
        cv2.line(scratches, points[0], points[1], rng.uniform(0.2, 0.6), 1, cv2.LINE_AA)
    return np.asarray(np.clip(worn + scratches[..., None] * 40, 0, 255), np.uint8)


def _smear(scene: Floats, rng: np.random.Generator) -> Floats:
    """The card still sliding in: movement during exposure."""
    length = int(rng.integers(22, 36))
    kernel = np.zeros((length, length), np.float32)
    tilt = int(rng.integers(0, length // 2))
    cv2.line(kernel, (0, tilt), (length - 1, length // 2), 1.0, 1)
    return np.asarray(cv2.filter2D(scene, -1, kernel / kernel.sum()))


def _jpeg(frame: Pixels, quality: int) -> Pixels:
    """UVC cameras send MJPEG."""
    done, data = cv2.imencode(".jpg", frame[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert done
    assert picture is not None
    return np.ascontiguousarray(picture[..., ::-1], np.uint8)
