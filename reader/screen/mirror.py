"""The live view: mirrored, cropped to its frame, with the oval and the ring that fills."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import pygame
from numpy.typing import NDArray

from reader.screen.model import PROGRESS_STEPS
from reader.screen.scene import Rect
from reader.screen.shapes import Canvas
from reader.screen.theme import Colour, Palette
from reader.session.vocabulary import Guidance

VEIL: Final = 150  # how strongly what lies outside the oval is quietened, of 255
OVAL_ASPECT: Final = 0.76  # width to height of the oval: a head with hair
Arrow = tuple[float, float]

#: Where to move, in the mirror (x to the right, y down).
DIRECTIONS: Final[dict[Guidance, Arrow]] = {
    Guidance.MOVE_LEFT: (-1, 0),
    Guidance.MOVE_RIGHT: (1, 0),
    Guidance.TURN_LEFT: (-1, 0),
    Guidance.TURN_RIGHT: (1, 0),
    Guidance.MOVE_UP: (0, -1),
    Guidance.MOVE_DOWN: (0, 1),
}


def crop(height: int, width: int, rect: Rect) -> tuple[slice, slice]:
    """Return the middle part of the frame that has the shape of ``rect``."""
    wanted = rect.w / rect.h
    if width / height > wanted:
        keep = max(1, round(height * wanted))
        left = (width - keep) // 2
        return slice(0, height), slice(left, left + keep)
    keep = max(1, round(width / wanted))
    top = (height - keep) // 2
    return slice(top, top + keep), slice(0, width)


def mirrored(pixels: NDArray[np.uint8], rect: Rect, mirror: bool = True) -> pygame.Surface:
    """Return the frame, cropped, mirrored and scaled to ``rect``. pixels: uint8 (H, W) or (H, W, 3)."""
    rows, columns = crop(pixels.shape[0], pixels.shape[1], rect)
    part = pixels[rows, columns]
    shrinks = rect.w < part.shape[1] * 0.6
    # LINEAR_EXACT is bit-exact on every processor, and ten times faster than SDL's smoothscale.
    scaled = cv2.resize(part, (rect.w, rect.h), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR_EXACT)
    if mirror:
        scaled = cv2.flip(scaled, 1)
    if scaled.ndim == 2:
        scaled = cv2.cvtColor(scaled, cv2.COLOR_GRAY2RGB)
    return pygame.image.frombuffer(np.ascontiguousarray(scaled, dtype=np.uint8).data, (rect.w, rect.h), "RGB")


def oval_in(width: int, height: int, ring: int) -> tuple[float, float]:
    """Return the half axes of the oval that leaves room for the ring."""
    ry = (height - 3 * ring) / 2
    rx = min(ry * OVAL_ASPECT, (width - 3 * ring) / 2)
    return rx, min(ry, rx / OVAL_ASPECT)


@lru_cache(maxsize=4)
def overlay(width: int, height: int, radius: int, ring: int, progress: int, palette: Palette) -> pygame.Surface:
    """Return what lies over the live view: soft corners, the veil, and the ring with its progress."""
    empty, full, complete, turn = _rings(width, height, radius, ring, palette)
    if progress >= PROGRESS_STEPS:
        pixels = complete
    else:
        pixels = np.where((turn <= progress / PROGRESS_STEPS)[..., None] & (progress > 0), full, empty)
    foreign = pygame.image.frombuffer(np.ascontiguousarray(pixels).data, (width, height), "RGBA")
    # In SDL's own channel order each frame's blit is five times faster.
    native = pygame.Surface((width, height), pygame.SRCALPHA)
    native.blit(foreign, (0, 0), special_flags=pygame.BLEND_RGBA_ADD)
    return native


Ring = NDArray[np.uint8]


@lru_cache(maxsize=4)
def _rings(
    width: int, height: int, radius: int, ring: int, palette: Palette
) -> tuple[Ring, Ring, Ring, NDArray[np.float64]]:
    """Return the overlay empty, filling and complete, as RGBA (H, W, 4), and each pixel's turn from the top, 0..1.

    Computed once: a step of progress then only chooses between them, pixel by pixel.
    """
    rx, ry = oval_in(width, height, ring)
    y, x = np.ogrid[0:height, 0:width]
    dx, dy = x + 0.5 - width / 2, y + 0.5 - height / 2
    # Distance to the ellipse by its implicit form over its gradient: exact enough for an edge.
    norm = np.hypot(dx / rx, dy / ry)
    slope = np.hypot(dx / (rx * rx), dy / (ry * ry)) / np.maximum(norm, 1e-6)
    distance = (norm - 1.0) / np.maximum(slope, 1e-9)
    outside = np.clip(distance + 0.5, 0, 1) * (VEIL / 255)
    band = np.clip(ring / 2 + 0.5 - np.abs(distance - ring / 2), 0, 1)
    line = np.maximum(np.clip(1.6 - np.abs(distance), 0, 1), np.clip(1.6 - np.abs(distance - ring), 0, 1))
    corner = _corners(width, height, radius)

    def layers(ink: Colour, lined: bool) -> Ring:
        """From the back: veil, ring, a thin line on both sides of the part not yet filled, the rounded corners."""
        colour, alpha = _over(_flat(palette.ground, band), outside, _flat(ink, band), band)
        if lined:
            colour, alpha = _over(colour, alpha, _flat(palette.edge, band), line)
        colour, alpha = _over(colour, alpha, _flat(palette.ground, band), corner)
        rgba: Ring = np.dstack((colour, np.clip(alpha, 0, 1) * 255)).round().astype(np.uint8)
        return rgba

    turn = np.mod(np.arctan2(dx, -dy) / (2 * math.pi), 1.0)  # clockwise from the top
    return layers(palette.ground, True), layers(palette.primary, False), layers(palette.good, False), turn


Layer = NDArray[np.float64]


def _flat(colour: Colour, like: Layer) -> Layer:
    """One colour over the whole picture."""
    return np.broadcast_to(np.array(colour, np.float64), (*like.shape, 3))


def _over(colour: Layer, alpha: Layer, top: Layer, cover: Layer) -> tuple[Layer, Layer]:
    """Lay ``top`` over what is there (Porter-Duff "over", straight alpha)."""
    result = cover + alpha * (1 - cover)
    share = np.where(result > 0, cover / np.maximum(result, 1e-9), 0.0)[..., None]
    return top * share + colour * (1 - share), result


def _corners(width: int, height: int, radius: int) -> Layer:
    """Coverage of what lies outside the rounded corners."""
    radius = min(radius, width // 2, height // 2)
    axis = radius - (np.arange(radius) + 0.5)
    tile = np.clip(np.hypot(axis[:, None], axis[None, :]) - radius + 0.5, 0, 1)
    cover = np.zeros((height, width))
    cover[:radius, :radius] = tile
    cover[:radius, -radius:] = tile[:, ::-1]
    cover[-radius:, :radius] = tile[::-1]
    cover[-radius:, -radius:] = tile[::-1, ::-1]
    return cover


def sign_place(rect: Rect, guidance: Guidance, ring: int) -> tuple[int, int, int] | None:
    """Return left, top and side of the sign for a guidance, or None: beside the oval, on the side to move to."""
    side = max(12, round(min(rect.w, rect.h) * (0.2 if guidance in DIRECTIONS else 0.26)))
    if guidance in DIRECTIONS:
        across, down = DIRECTIONS[guidance]
        rx, ry = oval_in(rect.w, rect.h, ring)
        x = rect.w / 2 + across * min(rx + ring, rect.w / 2 - side * 0.55)
        y = rect.h / 2 + down * min(ry + ring, rect.h / 2 - side * 0.55)
    elif guidance in _SIGNS:
        x, y = side * 0.54, side * 0.54  # where the ring fills last
    else:
        return None
    return round(rect.x + x - side / 2), round(rect.y + y - side / 2), side


@lru_cache(maxsize=32)
def sign(guidance: Guidance, side: int, palette: Palette) -> pygame.Surface:
    """Return the sign on its disc, so that it shows on any background."""
    canvas = Canvas(side, side, palette.primary)
    if guidance in DIRECTIONS:
        across, down = DIRECTIONS[guidance]
        canvas.arrow((50 - 24 * across, 50 - 24 * down), (50 + 24 * across, 50 + 24 * down), palette.on_primary, 11)
    else:
        _SIGNS[guidance](canvas, palette.on_primary)
    result = pygame.Surface((side, side), pygame.SRCALPHA)
    result.blit(canvas.finish(), (0, 0))
    axis = np.arange(side) + 0.5 - side / 2
    view = pygame.surfarray.pixels_alpha(result)
    view[:] = (np.clip(side / 2 - np.hypot(axis[:, None], axis[None, :]), 0, 1) * 255).astype(np.uint8)
    del view
    return result


def _head(c: Canvas, ink: Colour, x: float, y: float, size: float) -> None:
    """A face in outline; ``size`` is its half height."""
    c.oval(x, y, size * 0.76, size, ink)
    c.oval(x, y, size * 0.76 - 4, size - 4, c.ground)
    for side in (-1, 1):
        c.disc(x + side * size * 0.28, y - size * 0.08, 2.4, ink)
    c.arc(x, y + size * 0.22, size * 0.26, 30, 150, ink, 2.6)


def _closer(c: Canvas, ink: Colour) -> None:
    """Seen from the side: the machine, and somebody who steps towards it."""
    _before_machine(c, ink)
    c.arrow((60, 74), (36, 74), ink, 6)


def _farther(c: Canvas, ink: Colour) -> None:
    _before_machine(c, ink)
    c.arrow((36, 74), (60, 74), ink, 6)


def _before_machine(c: Canvas, ink: Colour) -> None:
    c.rect(18, 28, 9, 40, ink, radius=3)
    c.disc(66, 38, 13, ink)
    c.polygon([(56, 34), (50, 42), (57, 44)], ink)  # the nose points to the screen
    c.line([(32, 38), (38, 38)], ink, 3)
    c.line([(42, 38), (47, 38)], ink, 3)


def _sun(c: Canvas, ink: Colour, x: float, y: float, size: float) -> None:
    c.disc(x, y, size, ink)
    for step in range(8):
        dx, dy = math.cos(math.pi * step / 4), math.sin(math.pi * step / 4)
        c.line([(x + size * 1.45 * dx, y + size * 1.45 * dy), (x + size * 2.0 * dx, y + size * 2.0 * dy)], ink, 3.6)


def _to_light(c: Canvas, ink: Colour) -> None:
    _sun(c, ink, 31, 38, 9)
    c.arrow((48, 80), (34, 64), ink, 5)
    _head(c, ink, 64, 53, 22)


def _light_behind(c: Canvas, ink: Colour) -> None:
    _sun(c, ink, 63, 36, 11)
    c.oval(45, 57, 25, 30, c.ground)
    _head(c, ink, 45, 57, 25)


def _light_ahead(c: Canvas, ink: Colour) -> None:
    _sun(c, ink, 50, 26, 8)
    for x in (36, 50, 64):
        c.line([(50 + (x - 50) * 0.7, 43), (x, 51)], ink, 3.4)
    _head(c, ink, 50, 72, 19)


def _light_beside(c: Canvas, ink: Colour) -> None:
    _sun(c, ink, 26, 50, 8)
    for y in (40, 50, 60):
        c.line([(43, y), (50, y)], ink, 3.4)
    _head(c, ink, 70, 50, 22)


def _uncover(c: Canvas, ink: Colour) -> None:
    """A head in cap and mask, and where both are to go: away."""
    _head(c, ink, 43, 50, 27)
    c.polygon([(23, 42), (27, 27), (43, 21), (59, 27), (63, 42)], ink)
    c.line([(23, 42), (72, 42)], ink, 5)
    c.rect(28, 54, 30, 18, ink, radius=6)
    c.arrow((66, 63), (82, 63), ink, 5)


def _eye(c: Canvas, ink: Colour) -> None:
    c.line([(20, 50), (32, 39), (50, 34), (68, 39), (80, 50), (68, 61), (50, 66), (32, 61), (20, 50)], ink, 5)
    c.disc(50, 50, 9, ink)


def _alone(c: Canvas, ink: Colour) -> None:
    """One of two steps aside."""
    _head(c, ink, 36, 50, 25)
    c.oval(72, 48, 11, 14, ink)
    c.line([(60, 64), (84, 32)], c.ground, 9)
    c.line([(60, 64), (84, 32)], ink, 4)


def _still(c: Canvas, ink: Colour) -> None:
    """A face within its frame, looking ahead."""
    _head(c, ink, 50, 50, 22)
    for x, y in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        c.line([(50 + 30 * x, 50 + 18 * y), (50 + 30 * x, 50 + 30 * y), (50 + 18 * x, 50 + 30 * y)], ink, 4.5)


_SIGNS: Final[dict[Guidance, Callable[[Canvas, Colour], None]]] = {
    Guidance.ONE_PERSON: _alone,
    Guidance.COME_CLOSER: _closer,
    Guidance.STEP_BACK: _farther,
    Guidance.LOOK_STRAIGHT: _still,
    Guidance.HOLD_STILL: _still,
    Guidance.BLURRED: _still,
    Guidance.TOO_DARK: _to_light,
    Guidance.BACKLIGHT: _light_behind,
    Guidance.DIRECT_LIGHT: _light_ahead,
    Guidance.SIDE_LIGHT: _light_beside,
    Guidance.UNCOVER_FACE: _uncover,
    Guidance.OPEN_EYES: _eye,
    Guidance.BLINK: _eye,
}
