"""The illustrations: one per thing to do, drawn from the same few parts (card, machine, person, hand of an arrow)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import pygame

from reader.screen.model import Picture
from reader.screen.shapes import Canvas, mix
from reader.screen.theme import Colour, Palette


@dataclass(frozen=True, slots=True)
class Brush:
    """A canvas with the colours of the day."""

    c: Canvas
    p: Palette
    urgency: int = 0

    @property
    def accent(self) -> Colour:
        """The colour of what matters: it warms when a reminder becomes urgent."""
        return self.p.urgent if self.urgency >= 2 else self.p.primary


def _ground(b: Brush) -> None:
    """A quiet disc that holds the picture together."""
    b.c.disc(50, 50, 50, b.p.tint)


def _card(b: Brush, x: float, y: float, w: float, photo: bool = True) -> None:
    """An ID-1 card, landscape; its photo is at the right, as on a My Number Card."""
    h = w / 1.586
    paper = mix(b.p.ground, b.p.primary, 0.04)
    b.c.rect(x, y, w, h, paper, radius=w * 0.05, edge=b.p.edge, stroke=w * 0.024)
    if not photo:
        b.c.rect(
            x + w * 0.1, y + h * 0.18, w * 0.17, h * 0.24, b.p.focus, radius=w * 0.03, edge=b.p.edge, stroke=w * 0.014
        )
        b.c.rect(x + w * 0.36, y + h * 0.22, w * 0.5, h * 0.09, b.p.hairline, radius=1)
        b.c.rect(x + w * 0.62, y + h * 0.52, w * 0.24, h * 0.34, b.p.edge)
        b.c.rect(x + w * 0.66, y + h * 0.58, w * 0.16, h * 0.22, paper)
        b.c.rect(x + w * 0.7, y + h * 0.63, w * 0.08, h * 0.11, b.p.edge)
        return
    b.c.rect(x + w * 0.08, y + h * 0.13, w * 0.5, h * 0.12, b.p.primary, radius=1)
    for row, length in enumerate((0.44, 0.5, 0.36)):
        b.c.rect(x + w * 0.08, y + h * (0.4 + 0.17 * row), w * length, h * 0.08, b.p.hairline, radius=1)
    px, py, pw, ph = x + w * 0.65, y + h * 0.2, w * 0.27, h * 0.62
    b.c.rect(px, py, pw, ph, b.p.tint, edge=b.p.edge, stroke=w * 0.012)
    b.c.disc(px + pw / 2, py + ph * 0.38, pw * 0.24, b.p.hair)
    b.c.rect(px + pw * 0.16, py + ph * 0.66, pw * 0.68, ph * 0.31, b.p.hair, radius=pw * 0.24)


def _machine(b: Brush, y: float, lit: Colour) -> None:
    """The reader seen from the front: a body whose upper edge is the slot."""
    b.c.rect(8, y, 84, 30, b.p.edge, radius=6)
    b.c.rect(16, y - 2, 68, 6, lit, radius=3)
    b.c.disc(50, y + 18, 3.2, lit)


def _person(b: Brush, x: float, y: float, size: float, cloth: Colour, cap: bool = False) -> None:
    """Head and shoulders, no face: nobody in particular."""
    b.c.rect(x - size * 0.62, y + size * 0.5, size * 1.24, size * 1.1, cloth, radius=size * 0.5)
    b.c.rect(x - size * 0.14, y + size * 0.3, size * 0.28, size * 0.34, b.p.skin, radius=size * 0.1)
    b.c.oval(x, y - size * 0.05, size * 0.43, size * 0.48, b.p.hair)
    b.c.oval(x, y + size * 0.08, size * 0.34, size * 0.39, b.p.skin)
    if cap:
        b.c.line(
            [(x - size * 0.2, y + size * 0.62), (x, y + size * 0.86), (x + size * 0.2, y + size * 0.62)],
            b.p.ground,
            size * 0.08,
        )


def _card_in(b: Brush) -> None:
    _ground(b)
    _card(b, 22, 8, 56)
    b.c.arrow((50, 45), (50, 61), b.accent, 6)
    _machine(b, 66, b.p.primary)


def _card_out(b: Brush) -> None:
    _ground(b)
    _card(b, 22, 36, 56)
    _machine(b, 66, b.accent)
    b.c.arrow((50, 31), (50, 8), b.accent, 6 + min(b.urgency, 2))
    for ring in range(min(b.urgency, 3)):
        for middle in (0, 180):
            b.c.arc(50, 24, 23 + ring * 7, middle - 26, middle + 26, b.accent, 3)


def _card_turn(b: Brush) -> None:
    _ground(b)
    _card(b, 10, 14, 46, photo=False)
    _card(b, 42, 58, 50)
    b.c.arc(58, 42, 24, -80, 20, b.p.primary, 5)
    b.c.arrow((81.4, 44), (80.2, 52), b.p.primary, 5)


def _card_sleeve(b: Brush) -> None:
    _ground(b)
    clear = mix(b.p.tint, b.p.primary, 0.18)
    b.c.rect(16, 50, 68, 44, clear, radius=5, edge=b.p.primary, stroke=1.6)
    _card(b, 22, 30, 56)
    b.c.rect(17.6, 62, 64.8, 30.4, clear, radius=3)
    b.c.rect(36, 59, 28, 6, b.p.tint, radius=3)
    b.c.arrow((50, 26), (50, 8), b.p.primary, 6)


def _card_push(b: Brush) -> None:
    _ground(b)
    _card(b, 22, 32, 56)
    _machine(b, 58, b.p.primary)
    b.c.arrow((50, 6), (50, 25), b.p.primary, 6)


def _card_again(b: Brush) -> None:
    _ground(b)
    _card(b, 22, 26, 56)
    _machine(b, 66, b.p.primary)
    b.c.arrow((10, 56), (10, 30), b.p.primary, 5)
    b.c.arrow((90, 30), (90, 56), b.p.primary, 5)


def _counter(b: Brush) -> None:
    b.c.rect(4, 74, 92, 20, b.p.edge, radius=3)
    b.c.rect(0, 70, 100, 8, b.p.hair, radius=3)


def _to_desk(b: Brush) -> None:
    _ground(b)
    _person(b, 66, 36, 30, b.p.primary, cap=True)
    _counter(b)
    b.c.arrow((8, 48), (36, 48), b.p.primary, 6)


def _staff_comes(b: Brush) -> None:
    _ground(b)
    _person(b, 40, 38, 38, b.p.primary, cap=True)
    b.c.rect(0, 94, 100, 6, b.p.ground)
    b.c.rect(66, 20, 26, 20, b.p.ground, radius=5, edge=b.p.primary, stroke=1.6)
    b.c.polygon([(69, 38), (78, 38), (67, 47)], b.p.primary)
    b.c.line([(73, 30), (77, 34), (86, 25)], b.p.primary, 3)


def _look(b: Brush) -> None:
    _ground(b)
    _person(b, 50, 44, 42, b.p.primary)


def _light(b: Brush) -> None:
    _ground(b)
    b.c.disc(24, 24, 10, b.p.focus)
    for end in ((24, 4), (44, 24), (4, 24), (38, 38), (38, 10), (10, 10), (10, 38)):
        b.c.line([(24 + (end[0] - 24) * 0.7, 24 + (end[1] - 24) * 0.7), end], b.p.focus, 3)
    _person(b, 60, 50, 38, b.p.primary)


def _pin(b: Brush) -> None:
    _ground(b)
    b.c.rect(24, 8, 52, 84, b.p.ground, radius=7, edge=b.p.edge, stroke=1.8)
    for i in range(4):
        b.c.disc(35 + i * 10, 22, 3.2, b.p.primary)
    for row in range(4):
        for column in range(3):
            if row == 3 and column != 1:
                continue
            b.c.rect(31 + column * 13.4, 32 + row * 14, 11, 11, b.p.tint, radius=2.4, edge=b.p.primary, stroke=1.1)


def _calendar(b: Brush) -> None:
    _ground(b)
    b.c.rect(18, 18, 64, 60, b.p.ground, radius=5, edge=b.p.edge, stroke=1.8)
    b.c.rect(18, 18, 64, 16, b.p.primary, radius=5)
    b.c.rect(18, 28, 64, 6, b.p.primary)
    for x in (34, 66):
        b.c.line([(x, 12), (x, 24)], b.p.edge, 4)
    for row in range(3):
        for column in range(5):
            b.c.rect(24.5 + column * 10.8, 40 + row * 11.6, 7, 7, b.p.tint, radius=1.4)
    b.c.rect(67.7, 63.2, 7, 7, b.p.primary, radius=1.4)
    _card(b, 40, 62, 46)


def _papers(b: Brush) -> None:
    _ground(b)
    b.c.rect(24, 10, 52, 74, b.p.ground, radius=4, edge=b.p.edge, stroke=1.8)
    for row in range(4):
        y = 24 + row * 15
        b.c.rect(31, y, 8, 8, b.p.tint, radius=1.6, edge=b.p.primary, stroke=1)
        b.c.line([(32.6, y + 4.2), (34.6, y + 6), (38, y + 1.8)], b.p.primary, 1.5)
        b.c.rect(44, y + 1.6, 25 - 4 * (row % 2), 4.4, b.p.hairline, radius=2)
    b.c.disc(72, 74, 17, b.p.primary)
    b.c.line([(64, 74), (70, 80), (81, 68)], b.p.on_primary, 4.6)


def _prescription(b: Brush) -> None:
    _ground(b)
    b.c.rect(10, 22, 38, 54, b.p.ground, radius=4, edge=b.p.edge, stroke=1.8)
    b.c.rect(15, 28, 28, 32, b.p.tint, radius=2)
    b.c.disc(29, 69, 2.6, b.p.edge)
    b.c.line([(21, 44), (27, 50), (37, 38)], b.p.primary, 4)
    b.c.rect(54, 26, 36, 48, b.p.ground, radius=1.5, edge=b.p.edge, stroke=1.8)
    for row in range(4):
        b.c.rect(60, 34 + row * 9, 24 - 6 * (row % 2), 3.6, b.p.hairline, radius=1.8)


def _done(b: Brush) -> None:
    b.c.disc(50, 50, 50, b.p.tint)
    b.c.disc(50, 50, 34, b.p.good)
    b.c.line([(34, 51), (46, 63), (67, 39)], b.p.on_good, 7)


def _wait(b: Brush) -> None:
    _ground(b)
    for index in range(3):
        b.c.disc(28 + index * 22, 50, 7, b.p.primary if index == 1 else mix(b.p.tint, b.p.primary, 0.45))


def _nothing(b: Brush) -> None:
    """No picture."""


PICTURES: Final[dict[Picture, Callable[[Brush], None]]] = {
    Picture.NONE: _nothing,
    Picture.WAIT: _wait,
    Picture.CARD_IN: _card_in,
    Picture.CARD_TURN: _card_turn,
    Picture.CARD_SLEEVE: _card_sleeve,
    Picture.CARD_PUSH: _card_push,
    Picture.CARD_OUT: _card_out,
    Picture.CARD_AGAIN: _card_again,
    Picture.TO_DESK: _to_desk,
    Picture.STAFF_COMES: _staff_comes,
    Picture.LOOK: _look,
    Picture.LIGHT: _light,
    Picture.PIN: _pin,
    Picture.CALENDAR: _calendar,
    Picture.PAPERS: _papers,
    Picture.PRESCRIPTION: _prescription,
    Picture.DONE: _done,
}


@lru_cache(maxsize=24)
def picture(name: Picture, width: int, height: int, palette: Palette, ground: Colour, urgency: int) -> pygame.Surface:
    """Return an illustration on its ground."""
    canvas = Canvas(width, height, ground)
    PICTURES[name](Brush(canvas, palette, urgency))
    return canvas.finish()
