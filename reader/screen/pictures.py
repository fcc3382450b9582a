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
    phase: int = 0

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


def _kiosk(b: Brush, lit: Colour, dots: bool = False, down: float = 0) -> None:
    """The reader as the patient stands before it: screen and camera above, the slot in the foot below them."""
    top = 4 + down
    b.c.rect(24, top, 52, 38, b.p.machine, radius=5, edge=b.p.edge, stroke=1.6)
    b.c.rect(28.5, top + 7, 43, 26, b.p.ground, radius=2)
    b.c.disc(50, top + 3.6, 1.9, b.p.ground)
    if dots:
        for index in range(3):
            b.c.disc(39 + index * 11, top + 20, 3.4, b.p.primary)
    else:
        b.c.oval(50, top + 20, 8, 10, b.p.tint)
        b.c.arc(50, top + 20, 9, 0, 360, b.p.primary, 1.8)
        b.c.disc(46.6, top + 18, 1.3, b.p.primary)
        b.c.disc(53.4, top + 18, 1.3, b.p.primary)
        b.c.arc(50, top + 20, 4.4, 30, 150, b.p.primary, 1.5)
    b.c.rect(43, top + 37, 14, 8, b.p.edge)
    b.c.rect(10, top + 43, 80, 19, b.p.machine, radius=5, edge=b.p.edge, stroke=1.6)
    b.c.rect(21, top + 50.5, 58, 5.4, lit, radius=2.7)


def _flat_card(b: Brush, far: float, near: float) -> None:
    """A card lying on its back before the slot, photo up: ``far`` and ``near`` are its edges; what is in is not seen.

    The slot is at 60 units; a card is 24 units deep as seen from where a patient stands.
    """
    depth = 24.0

    def at(u: float, v: float) -> tuple[float, float]:
        y = near - depth * (1 - v)
        half = 23.0 + 5.0 * (y - 60.0) / 36.0
        return 50 + (2 * u - 1) * half, y

    def patch(u: float, v: float, width: float, height: float, fill: Colour) -> None:
        top, low = max(v, 1 - (near - far) / depth), v + height
        if low > top:
            b.c.polygon([at(u, top), at(u + width, top), at(u + width, low), at(u, low)], fill)

    hidden = near - far < depth
    top = 1 - (near - far) / depth
    rim = [at(0, 0.95), at(0.03, 1), at(0.97, 1), at(1, 0.95)]
    rim += [at(1, top), at(0, top)] if hidden else [at(1, 0.05), at(0.97, 0), at(0.03, 0), at(0, 0.05)]
    b.c.polygon(rim, mix(b.p.ground, b.p.primary, 0.04))
    patch(0.08, 0.13, 0.5, 0.13, b.p.primary)
    for row, length in enumerate((0.44, 0.5, 0.36)):
        patch(0.08, 0.4 + 0.17 * row, length, 0.08, b.p.hairline)
    patch(0.66, 0.16, 0.27, 0.7, b.p.tint)
    if top < 0.3:
        head, chest = at(0.795, 0.42), at(0.795, 0.72)
        b.c.oval(head[0], head[1], 3.4, 3.2, b.p.hair)
        b.c.oval(chest[0], chest[1], 5.0, 2.9, b.p.hair)
    b.c.line([*rim, rim[0]] if not hidden else [rim[5], *rim[:5]], b.p.edge, 1.5)


def _arrows(b: Brush, colour: Colour, left: str, right: str, width: float = 5) -> None:
    """An arrow on either side of the card: "in" points to the slot, "out" to the patient."""
    for x, way in ((13.0, left), (87.0, right)):
        ends = ((x, 95.0), (x, 75.0)) if way == "in" else ((x, 74.0), (x, 94.0))
        b.c.arrow(*ends, colour, width)


def _badge(b: Brush, x: float, y: float, size: float) -> None:
    """A check mark on its disc."""
    b.c.disc(x, y, size, b.p.primary)
    b.c.line(
        [(x - size * 0.47, y), (x - size * 0.12, y + size * 0.35), (x + size * 0.53, y - size * 0.35)],
        b.p.on_primary,
        size * 0.27,
    )


def _code(b: Brush, y: float) -> None:
    """Four places for four digits, none of them shown."""
    b.c.rect(7, y, 86, 27, b.p.ground, radius=7, edge=b.p.edge, stroke=1.8)
    for index in range(4):
        b.c.disc(20 + index * 20, y + 13.5, 6.4, b.p.primary)


def _person(b: Brush, x: float, y: float, size: float, cloth: Colour, cap: bool = False) -> None:
    """Head and shoulders with a friendly face: nobody in particular."""
    b.c.rect(x - size * 0.62, y + size * 0.5, size * 1.24, size * 1.1, cloth, radius=size * 0.5)
    b.c.rect(x - size * 0.14, y + size * 0.3, size * 0.28, size * 0.34, b.p.skin, radius=size * 0.1)
    b.c.oval(x, y - size * 0.05, size * 0.43, size * 0.48, b.p.hair)
    b.c.oval(x, y + size * 0.08, size * 0.34, size * 0.39, b.p.skin)
    for side in (-1, 1):
        b.c.disc(x + side * size * 0.13, y + size * 0.08, size * 0.035, b.p.on_skin)
    b.c.arc(x, y + size * 0.16, size * 0.12, 30, 150, b.p.on_skin, size * 0.04)
    if cap:
        b.c.line(
            [(x - size * 0.2, y + size * 0.62), (x, y + size * 0.86), (x + size * 0.2, y + size * 0.62)],
            b.p.ground,
            size * 0.08,
        )


def _card_in(b: Brush) -> None:
    _ground(b)
    _kiosk(b, b.accent)
    _flat_card(b, 71 - 3 * b.phase, 95 - 3 * b.phase)
    _arrows(b, b.accent, "in", "in")


def _card_out(b: Brush) -> None:
    _ground(b)
    _kiosk(b, b.accent)
    _flat_card(b, 59, 79 + 2 * b.phase)
    _arrows(b, b.accent, "out", "out", 5 + min(b.urgency, 1))
    for ring in range(min(b.urgency, 3)):
        b.c.arc(50, 72, 15 + ring * 6, 60, 120, b.accent, 2.6)


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
    _kiosk(b, b.p.primary)
    _flat_card(b, 59, 77 - 2 * b.phase)
    _arrows(b, b.p.primary, "in", "in", 6)


def _card_again(b: Brush) -> None:
    _ground(b)
    _kiosk(b, b.p.primary)
    _flat_card(b, 67, 91)
    _arrows(b, b.p.primary, "out", "in")


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


def _pin(b: Brush) -> None:
    _ground(b)
    _card(b, 22, 9, 56)
    _code(b, 56)


def _pin_or_staff(b: Brush) -> None:
    _ground(b)
    _person(b, 50, 26, 33, b.p.primary, cap=True)
    _code(b, 64)


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
    _badge(b, 72, 74, 17)


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
    _kiosk(b, b.p.primary, dots=True, down=15)


def _card_stays(b: Brush) -> None:
    _ground(b)
    _kiosk(b, b.p.primary, dots=True, down=11)
    _flat_card(b, 70, 82)


def _register(b: Brush) -> None:
    _ground(b)
    _card(b, 10, 24, 76)
    _badge(b, 77, 74, 18)


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
    Picture.CARD_STAYS: _card_stays,
    Picture.PIN: _pin,
    Picture.PIN_OR_STAFF: _pin_or_staff,
    Picture.REGISTER: _register,
    Picture.CALENDAR: _calendar,
    Picture.PAPERS: _papers,
    Picture.PRESCRIPTION: _prescription,
    Picture.DONE: _done,
}


#: Pictures whose card moves.
MOVING: Final = frozenset({Picture.CARD_IN, Picture.CARD_OUT, Picture.CARD_PUSH})


def picture(
    name: Picture, width: int, height: int, palette: Palette, ground: Colour, urgency: int, phase: int = 0
) -> pygame.Surface:
    """Return an illustration on its ground. phase: how far its card has moved, where it has one that moves."""
    return _picture(name, width, height, palette, ground, urgency, phase if name in MOVING else 0)


@lru_cache(maxsize=40)
def _picture(
    name: Picture, width: int, height: int, palette: Palette, ground: Colour, urgency: int, phase: int
) -> pygame.Surface:
    canvas = Canvas(width, height, ground)
    PICTURES[name](Brush(canvas, palette, urgency, phase))
    return canvas.finish()
