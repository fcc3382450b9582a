"""Small signs for buttons, drawn as lines; none carries meaning without its word beside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import pygame

from reader.screen.shapes import Canvas
from reader.screen.theme import Colour


def _staff(c: Canvas, ink: Colour) -> None:
    c.disc(50, 30, 19, ink)
    c.rect(16, 58, 68, 60, ink, radius=30)
    c.rect(0, 94, 100, 12, c.ground)
    c.line([(38, 66), (50, 80), (62, 66)], c.ground, 6)


def _language(c: Canvas, ink: Colour) -> None:
    c.arc(50, 50, 40, 0, 360, ink, 8)
    c.line([(10, 50), (90, 50)], ink, 7)
    for side in (-1, 1):
        c.line(
            [(50 + side * dx, y) for y, dx in ((10, 0), (24, 13), (38, 19), (50, 20), (62, 19), (76, 13), (90, 0))],
            ink,
            7,
        )


def _large_text(c: Canvas, ink: Colour) -> None:
    c.line([(4, 88), (20, 46), (36, 88)], ink, 8)
    c.line([(10, 74), (30, 74)], ink, 7)
    c.line([(42, 88), (69, 14), (96, 88)], ink, 10)
    c.line([(53, 62), (85, 62)], ink, 9)


def _contrast(c: Canvas, ink: Colour) -> None:
    c.disc(50, 50, 44, ink)
    c.disc(50, 50, 35, c.ground)
    c.disc(50, 50, 28, ink)
    c.rect(50, 15, 36, 70, c.ground)
    c.arc(50, 50, 40, -90, 90, ink, 9)


def _time(c: Canvas, ink: Colour) -> None:
    c.arc(50, 50, 40, 0, 360, ink, 9)
    c.line([(50, 25), (50, 52), (68, 62)], ink, 9)


def _lower(c: Canvas, ink: Colour) -> None:
    c.arrow((50, 12), (50, 68), ink, 10)
    c.line([(18, 90), (82, 90)], ink, 10)


def _pin(c: Canvas, ink: Colour) -> None:
    for row in range(4):
        for column in range(3):
            if row < 3 or column == 1:
                c.disc(26 + column * 24, 12 + row * 25, 8.5, ink)


def _face(c: Canvas, ink: Colour) -> None:
    c.arc(50, 50, 40, 0, 360, ink, 8)
    c.disc(36, 42, 6, ink)
    c.disc(64, 42, 6, ink)
    c.arc(50, 52, 20, 25, 155, ink, 7)


def _check(c: Canvas, ink: Colour) -> None:
    c.line([(14, 54), (40, 80), (88, 24)], ink, 13)


def _backspace(c: Canvas, ink: Colour) -> None:
    c.line([(34, 18), (92, 18), (92, 82), (34, 82), (6, 50), (34, 18)], ink, 8)
    c.line([(48, 37), (74, 63)], ink, 8)
    c.line([(74, 37), (48, 63)], ink, 8)


def _cross(c: Canvas, ink: Colour) -> None:
    c.line([(20, 20), (80, 80)], ink, 11)
    c.line([(80, 20), (20, 80)], ink, 11)


def _attention(c: Canvas, ink: Colour) -> None:
    c.line([(50, 12), (94, 86), (6, 86), (50, 12)], ink, 9)
    c.line([(50, 40), (50, 58)], ink, 9)
    c.disc(50, 73, 5.5, ink)


def _minus(c: Canvas, ink: Colour) -> None:
    c.line([(22, 50), (78, 50)], ink, 11)


ICONS: Final[dict[str, Callable[[Canvas, Colour], None]]] = {
    "staff": _staff,
    "language": _language,
    "large_text": _large_text,
    "contrast": _contrast,
    "time": _time,
    "lower": _lower,
    "pin": _pin,
    "face": _face,
    "check": _check,
    "cross": _cross,
    "attention": _attention,
    "minus": _minus,
    "backspace": _backspace,
}


@lru_cache(maxsize=256)
def icon(name: str, side: int, ink: Colour, ground: Colour) -> pygame.Surface:
    """Return an icon on its ground, ``side`` pixels square."""
    canvas = Canvas(side, side, ground)
    ICONS[name](canvas, ink)
    return canvas.finish()
