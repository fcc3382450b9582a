"""Anti-aliased shapes: rounded rectangles by coverage, everything else by supersampling."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import pygame
from numpy.typing import NDArray

from reader.screen.theme import Colour

OVERSAMPLE: Final = 3
Point = tuple[float, float]


@lru_cache(maxsize=512)
def _corner(radius: int) -> NDArray[np.uint8]:
    """Coverage of a rounded corner, uint8 (radius, radius), its centre at the lower right."""
    axis = radius - (np.arange(radius) + 0.5)
    distance = np.hypot(axis[:, None], axis[None, :])
    coverage: NDArray[np.uint8] = (np.clip(radius - distance + 0.5, 0.0, 1.0) * 255).astype(np.uint8)
    return coverage


@lru_cache(maxsize=96)
def rounded(width: int, height: int, radius: int, colour: Colour) -> pygame.Surface:
    """Return a rounded rectangle with soft corners, on a clear ground."""
    surface = pygame.Surface((width, height), pygame.SRCALPHA)
    surface.fill((*colour, 255))
    radius = min(radius, width // 2, height // 2)
    if radius > 0:
        alpha = pygame.surfarray.pixels_alpha(surface)
        corner = _corner(radius)
        alpha[:radius, :radius] = corner
        alpha[-radius:, :radius] = corner[::-1, :]
        alpha[:radius, -radius:] = corner[:, ::-1]
        alpha[-radius:, -radius:] = corner[::-1, ::-1]
        del alpha
    return surface


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """Blend two colours; share 0 gives ``one``."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


class Canvas:
    """A drawing board of 100 x 100 units (the shorter side), three times oversampled."""

    def __init__(self, width: int, height: int, ground: Colour) -> None:
        self.size = (width, height)
        self.surface = pygame.Surface((width * OVERSAMPLE, height * OVERSAMPLE), depth=32)
        self.surface.fill(ground)
        self.ground = ground
        self.unit = min(width, height) * OVERSAMPLE / 100
        self._left = (width * OVERSAMPLE - 100 * self.unit) / 2
        self._top = (height * OVERSAMPLE - 100 * self.unit) / 2

    def _at(self, point: Point) -> Point:
        return self._left + point[0] * self.unit, self._top + point[1] * self.unit

    def rect(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        fill: Colour,
        *,
        radius: float = 0,
        edge: Colour | None = None,
        stroke: float = 0,
    ) -> None:
        """Draw a rounded rectangle; the edge lies inside."""
        if edge is not None:
            self.rect(x, y, w, h, edge, radius=radius)
            x, y, w, h, radius = x + stroke, y + stroke, w - 2 * stroke, h - 2 * stroke, max(0.0, radius - stroke)
        left, top = self._at((x, y))
        right, bottom = self._at((x + w, y + h))
        box = pygame.Rect(round(left), round(top), round(right - left), round(bottom - top))
        pygame.draw.rect(self.surface, fill, box, border_radius=round(radius * self.unit))

    def disc(self, x: float, y: float, radius: float, fill: Colour) -> None:
        """Draw a filled circle."""
        pygame.draw.circle(self.surface, fill, self._at((x, y)), radius * self.unit)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """Draw a filled ellipse around a centre."""
        left, top = self._at((x - rx, y - ry))
        box = pygame.Rect(round(left), round(top), round(2 * rx * self.unit), round(2 * ry * self.unit))
        pygame.draw.ellipse(self.surface, fill, box)

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Draw a filled polygon."""
        pygame.draw.polygon(self.surface, fill, [self._at(point) for point in points])

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Draw a polyline with round ends and joints."""
        placed = [self._at(point) for point in points]
        half = width * self.unit / 2
        for (x1, y1), (x2, y2) in itertools.pairwise(placed):
            length = math.hypot(x2 - x1, y2 - y1) or 1.0
            nx, ny = (y1 - y2) / length * half, (x2 - x1) / length * half
            pygame.draw.polygon(
                self.surface, colour, [(x1 + nx, y1 + ny), (x2 + nx, y2 + ny), (x2 - nx, y2 - ny), (x1 - nx, y1 - ny)]
            )
        for point in placed:
            pygame.draw.circle(self.surface, colour, point, half)

    def arc(self, x: float, y: float, radius: float, start: float, end: float, colour: Colour, width: float) -> None:
        """Draw part of a circle; angles in degrees, 0 to the right, clockwise."""
        count = max(4, round(abs(end - start) / 4))
        angles = [math.radians(start + (end - start) * i / count) for i in range(count + 1)]
        self.line([(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles], colour, width)

    def arrow(self, start: Point, end: Point, colour: Colour, width: float) -> None:
        """Draw an arrow with an open head."""
        self.line([start, end], colour, width)
        angle = math.atan2(end[1] - start[1], end[0] - start[0])
        size = width * 2.4
        wings = [
            (end[0] - size * math.cos(angle + turn), end[1] - size * math.sin(angle + turn)) for turn in (0.75, -0.75)
        ]
        self.line([wings[0], end, wings[1]], colour, width)

    def finish(self) -> pygame.Surface:
        """Return the drawing at its real size."""
        # A plain mean, not smoothscale: white stays exactly white, on every processor.
        large = pygame.surfarray.array3d(self.surface).astype(np.uint16)
        width, height = self.size
        cells = large.reshape(width, OVERSAMPLE, height, OVERSAMPLE, 3)
        mean = (cells.sum(axis=(1, 3)) + OVERSAMPLE * OVERSAMPLE // 2) // (OVERSAMPLE * OVERSAMPLE)
        small = pygame.Surface(self.size, depth=32)
        pygame.surfarray.blit_array(small, mean.astype(np.uint8))
        return small
