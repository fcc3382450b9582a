"""Draws the waiting room behind the patient: walls, window, door, chairs, a plant. Out of focus, as a lens sees it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from hw_sim.people.raster import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """room: reflectance (H, W, 3), linear 0..1. window: share of outdoor light that comes through (H, W, 3)."""

    room: Floats
    window: Floats


def _linear(*rgb: int) -> tuple[float, float, float]:
    red, green, blue = (float((value / 255.0) ** 2.2) for value in rgb)
    return red, green, blue


@lru_cache(maxsize=2)  # 7 MB each, and every visit has a room of its own
def backdrop(width: int, height: int, room: int) -> Backdrop:
    """Return the waiting room number ``room`` for a picture of this size."""
    random = np.random.default_rng([room, 41])
    scale = max(width, height) / 640.0
    wall = _linear(*(np.array([226, 222, 212]) + random.integers(-10, 8, 3)).tolist())
    image = np.empty((height, width, 3), np.float32)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    corner = float(random.uniform(0.2, 0.8)) * width
    shade = 0.92 - 0.18 * (y / height) + 0.06 * np.sin(x / width * 3.0) - 0.09 * (x > corner)
    image[:] = np.asarray(wall, np.float32) * shade[..., None]
    floor = int(height * random.uniform(0.84, 0.95))
    image[floor:] = np.asarray(_linear(176, 158, 134), np.float32) * (0.85 + 0.0006 * (y[floor:, :, None] - floor))
    _bar(image, 0, floor - 6 * scale, width, 6 * scale, _linear(238, 236, 230))

    window = np.zeros_like(image)
    side = bool(random.integers(0, 2))
    span = float(random.uniform(0.3, 0.42)) * width
    left = float(random.uniform(0.02, 0.1)) * width if side else width * float(random.uniform(0.9, 0.98)) - span
    top, tall = height * float(random.uniform(0.05, 0.13)), height * float(random.uniform(0.5, 0.62))
    _window(image, window, left, top, span, tall, scale, random)
    other = 0.72 if side else 0.06
    _door(image, width * (other + float(random.uniform(-0.02, 0.02))), floor, height, scale, random)
    for number in range(int(random.integers(1, 3))):
        at = width * (0.5 + 0.12 * (number - 1)) + float(random.uniform(-20, 20)) * scale
        _poster(image, at, height * float(random.uniform(0.1, 0.2)), scale, random)
    _chairs(image, width, floor, scale, random)
    if random.random() < 0.7:
        _plant(image, width * (0.06 if not side else 0.93), floor, scale, random)
    _lamps(image, width, scale, random)
    blur = 2.6 * scale
    soft = np.asarray(cv2.GaussianBlur(image, (0, 0), blur), np.float32)
    glass = np.asarray(cv2.GaussianBlur(window, (0, 0), blur), np.float32)
    grain = cv2.GaussianBlur(random.normal(0, 1, (height, width)).astype(np.float32), (0, 0), 5 * scale)
    soft *= 1.0 + 0.25 * grain[..., None]
    return Backdrop(np.clip(soft, 0.002, 0.95).astype(np.float32), np.clip(glass, 0, 2).astype(np.float32))


def _bar(image: Floats, x: float, y: float, w: float, h: float, colour: tuple[float, float, float]) -> None:
    cv2.rectangle(image, (round(x), round(y)), (round(x + w), round(y + h)), colour, -1)


def _window(
    image: Floats,
    window: Floats,
    x: float,
    y: float,
    w: float,
    h: float,
    scale: float,
    random: np.random.Generator,
) -> None:
    frame = _linear(232, 230, 224)
    _bar(image, x - 7 * scale, y - 7 * scale, w + 14 * scale, h + 14 * scale, frame)
    rows = np.linspace(0, 1, max(2, round(h)), dtype=np.float32)[:, None]
    view = np.concatenate([0.95 - 0.1 * rows, 1.02 - 0.05 * rows, 1.12 - 0.02 * rows], axis=1)[:, None, :]
    view = np.repeat(view, max(2, round(w)), axis=1)
    for _ in range(9):  # trees and houses beyond the street
        cx, cy = random.uniform(0, view.shape[1]), view.shape[0] * random.uniform(0.62, 1.05)
        colour = random.choice(np.array([[0.16, 0.24, 0.1], [0.24, 0.3, 0.15], [0.42, 0.4, 0.38], [0.5, 0.46, 0.4]]))
        cv2.circle(view, (round(cx), round(cy)), round(random.uniform(14, 38) * scale), colour.tolist(), -1)
    view = np.ascontiguousarray(cv2.GaussianBlur(view, (0, 0), 5 * scale), np.float32)
    if random.random() < 0.5:  # slatted blind, half down
        end = round(view.shape[0] * random.uniform(0.2, 0.5))
        step = max(4, round(9 * scale))
        for line in range(0, end, step):
            view[line : line + step * 2 // 3] *= 0.55
    left, top = round(x), round(y)
    rows_in = slice(max(0, top), min(image.shape[0], top + view.shape[0]))
    cols_in = slice(max(0, left), min(image.shape[1], left + view.shape[1]))
    part = view[rows_in.start - top : rows_in.stop - top, cols_in.start - left : cols_in.stop - left]
    window[rows_in, cols_in] = part
    image[rows_in, cols_in] = 0.03
    for share in (0.5,):
        _bar(image, x + w * share - 4 * scale, y, 8 * scale, h, frame)
        cv2.rectangle(
            window,
            (round(x + w * share - 4 * scale), round(y)),
            (round(x + w * share + 4 * scale), round(y + h)),
            (0, 0, 0),
            -1,
        )
    _bar(image, x - 12 * scale, y + h + 7 * scale, w + 24 * scale, 7 * scale, _linear(214, 210, 202))


def _door(image: Floats, x: float, floor: int, height: int, scale: float, random: np.random.Generator) -> None:
    w, top = 92 * scale, height * float(random.uniform(0.16, 0.24))
    wood = _linear(*(np.array([176, 140, 102]) + random.integers(-14, 14, 3)).tolist())
    _bar(image, x - 5 * scale, top - 5 * scale, w + 10 * scale, floor - top + 5 * scale, _linear(206, 198, 186))
    _bar(image, x, top, w, floor - top, wood)
    _bar(image, x + w * 0.84, top + (floor - top) * 0.5, 5 * scale, 18 * scale, _linear(150, 150, 155))
    _bar(image, x + w * 0.3, top + (floor - top) * 0.12, w * 0.14, (floor - top) * 0.4, _linear(202, 214, 218))


def _poster(image: Floats, x: float, y: float, scale: float, random: np.random.Generator) -> None:
    w, h = random.uniform(48, 70) * scale, random.uniform(62, 92) * scale
    _bar(image, x, y, w, h, _linear(240, 240, 238))
    hue = _linear(*random.integers(70, 200, 3).tolist())
    _bar(image, x + 4 * scale, y + 4 * scale, w - 8 * scale, h * 0.3, hue)
    for line in range(5):
        _bar(
            image,
            x + 6 * scale,
            y + h * (0.45 + 0.1 * line),
            w * float(random.uniform(0.4, 0.8)),
            2 * scale,
            _linear(110, 110, 112),
        )


def _chairs(image: Floats, width: int, floor: int, scale: float, random: np.random.Generator) -> None:
    colour = random.choice(np.array([[60, 110, 120], [140, 96, 70], [92, 104, 66], [70, 82, 128]]))
    cloth = np.asarray(_linear(*colour.tolist()))
    start = random.uniform(0.12, 0.3) * width
    for number in range(4):
        x, y = start + number * 74 * scale, floor - 96 * scale
        _bar(image, x, y, 64 * scale, 52 * scale, tuple(cloth.tolist()))
        _bar(image, x - 2 * scale, y + 54 * scale, 68 * scale, 14 * scale, tuple((cloth * 0.7).tolist()))
        _bar(image, x + 4 * scale, y + 68 * scale, 4 * scale, 30 * scale, _linear(120, 120, 124))
        _bar(image, x + 56 * scale, y + 68 * scale, 4 * scale, 30 * scale, _linear(120, 120, 124))


def _plant(image: Floats, x: float, floor: int, scale: float, random: np.random.Generator) -> None:
    _bar(image, x - 16 * scale, floor - 40 * scale, 32 * scale, 44 * scale, _linear(150, 92, 66))
    for _ in range(34):
        angle, reach = random.uniform(-2.7, -0.45), random.uniform(30, 96) * scale
        tip = (round(x + reach * np.cos(angle)), round(floor - 40 * scale + reach * np.sin(angle)))
        green = _linear(int(random.uniform(40, 86)), int(random.uniform(90, 138)), int(random.uniform(40, 70)))
        root = (round(x), round(floor - 40 * scale))
        cv2.line(image, root, tip, _linear(70, 100, 50), max(1, round(2 * scale)))
        cv2.ellipse(
            image,
            tip,
            (round(13 * scale), round(6 * scale)),
            float(np.degrees(angle)),
            0,
            360,
            green,
            -1,
        )


def _lamps(image: Floats, width: int, scale: float, random: np.random.Generator) -> None:
    for number in range(2):
        x = width * (0.22 + 0.45 * number) + float(random.uniform(-25, 25)) * scale
        cv2.ellipse(image, (round(x), 0), (round(66 * scale), round(9 * scale)), 0, 0, 360, (2.2, 2.15, 2.0), -1)
