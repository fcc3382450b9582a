"""The live view: mirrored, cropped to its frame, with the oval and the ring that fills."""

from __future__ import annotations

import math
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


@lru_cache(maxsize=PROGRESS_STEPS * 2 + 4)
def overlay(
    width: int, height: int, radius: int, ring: int, progress: int, palette: Palette, arrow: Arrow | None
) -> pygame.Surface:
    """Return what lies over the live view: soft corners, the veil, the ring with its progress, the arrow."""
    rx, ry = oval_in(width, height, ring)
    y, x = np.ogrid[0:height, 0:width]
    dx, dy = x + 0.5 - width / 2, y + 0.5 - height / 2
    # Distance to the ellipse by its implicit form over its gradient: exact enough for an edge.
    norm = np.hypot(dx / rx, dy / ry)
    slope = np.hypot(dx / (rx * rx), dy / (ry * ry)) / np.maximum(norm, 1e-6)
    distance = (norm - 1.0) / np.maximum(slope, 1e-9)
    outside = np.clip(distance + 0.5, 0, 1)
    half = ring / 2
    band = np.clip(half + 0.5 - np.abs(distance - half), 0, 1)
    turn = np.mod(np.arctan2(dx, -dy) / (2 * math.pi), 1.0)  # clockwise from the top
    done = (turn <= progress / PROGRESS_STEPS) & (progress > 0)
    # Layers from the back: veil, ring, and a thin line on both sides of the part not yet filled.
    line = np.maximum(np.clip(1.6 - np.abs(distance), 0, 1), np.clip(1.6 - np.abs(distance - ring), 0, 1))
    line = np.where(done, 0.0, line)
    ring_ink = np.where(done[..., None], np.array(palette.primary), np.array(palette.ground)).astype(np.float64)
    colour = np.broadcast_to(np.array(palette.ground, np.float64), ring_ink.shape)
    colour, alpha = _over(colour, outside * (VEIL / 255), ring_ink, band)
    colour, alpha = _over(colour, alpha, np.broadcast_to(np.array(palette.edge, np.float64), ring_ink.shape), line)
    surface = pygame.Surface((width, height), pygame.SRCALPHA)
    pygame.surfarray.blit_array(surface, np.ascontiguousarray(colour.round().astype(np.uint8).transpose(1, 0, 2)))
    view = pygame.surfarray.pixels_alpha(surface)
    view[:] = (np.clip(alpha, 0, 1) * 255).round().astype(np.uint8).T
    del view
    _soften(surface, radius, palette.ground)
    if arrow is not None:
        _point(surface, arrow, ring, rx, ry, palette)
    return surface


Layer = NDArray[np.float64]


def _over(colour: Layer, alpha: Layer, top: Layer, cover: Layer) -> tuple[Layer, Layer]:
    """Lay ``top`` over what is there (Porter-Duff "over", straight alpha)."""
    result = cover + alpha * (1 - cover)
    share = np.where(result > 0, cover / np.maximum(result, 1e-9), 0.0)[..., None]
    return top * share + colour * (1 - share), result


def _soften(surface: pygame.Surface, radius: int, ground: Colour) -> None:
    """Round the corners by covering them with the ground."""
    width, height = surface.get_size()
    radius = min(radius, width // 2, height // 2)
    axis = radius - (np.arange(radius) + 0.5)
    cover = np.clip(np.hypot(axis[:, None], axis[None, :]) - radius + 0.5, 0, 1)
    tile = np.zeros((radius, radius, 4), np.uint8)
    tile[..., :3] = ground
    tile[..., 3] = (cover * 255).astype(np.uint8)
    corner = pygame.image.frombuffer(tile.tobytes(), (radius, radius), "RGBA")
    for flip_x in (False, True):
        for flip_y in (False, True):
            at = (width - radius if flip_x else 0, height - radius if flip_y else 0)
            turned = pygame.transform.flip(corner, flip_x, flip_y)
            surface.blit(turned, at)
            # blit blends colour; the alpha must cover fully where the corner does.
            view = pygame.surfarray.pixels_alpha(surface)
            area = view[at[0] : at[0] + radius, at[1] : at[1] + radius]
            np.maximum(area, pygame.surfarray.array_alpha(turned), out=area)
            del view, area


def _point(surface: pygame.Surface, arrow: Arrow, ring: int, rx: float, ry: float, palette: Palette) -> None:
    """Draw the arrow beside the oval, on a disc so that it shows on any background."""
    width, height = surface.get_size()
    side = max(12, round(min(width, height) * 0.2))
    reach_x, reach_y = rx + ring, ry + ring
    x = width / 2 + arrow[0] * min(reach_x, width / 2 - side * 0.55)
    y = height / 2 + arrow[1] * min(reach_y, height / 2 - side * 0.55)
    canvas = Canvas(side, side, palette.primary)
    canvas.arrow(
        (50 - 24 * arrow[0], 50 - 24 * arrow[1]), (50 + 24 * arrow[0], 50 + 24 * arrow[1]), palette.on_primary, 11
    )
    sign = pygame.Surface((side, side), pygame.SRCALPHA)
    sign.blit(canvas.finish(), (0, 0))
    axis = np.arange(side) + 0.5 - side / 2
    cover = np.clip(side / 2 - np.hypot(axis[:, None], axis[None, :]), 0, 1)
    view = pygame.surfarray.pixels_alpha(sign)
    view[:] = (cover * 255).astype(np.uint8)
    del view
    surface.blit(sign, (round(x - side / 2), round(y - side / 2)))
