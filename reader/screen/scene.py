"""A composed screen: rectangles, text lines, pictures and targets in pixels, before anything is rasterised."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reader.screen.model import Picture
from reader.screen.theme import Colour
from reader.session.vocabulary import Button, ConsentItem, Guidance


class PadKey(StrEnum):
    """Keys of the pad that are not digits."""

    BACKSPACE = "backspace"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Touch:
    """What a finger or key meant: a button (with item or language), a digit 0..9, or a pad key; one of them.

    LANGUAGE without ``language`` and without ``button`` EASY_JAPANESE opens the language list (the shell's doing).
    """

    button: Button | None = None
    item: ConsentItem | None = None
    language: str | None = None
    digit: int | None = None
    pad: PadKey | None = None

    @property
    def opens_languages(self) -> bool:
        """Whether this only opens or closes the language list: nothing for the session."""
        return self.button is Button.LANGUAGE and self.language is None


@dataclass(frozen=True, slots=True)
class Rect:
    """Pixels: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """First column right of it."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """First row below it."""
        return self.y + self.h

    def holds(self, x: int, y: int) -> bool:
        """Whether the point lies inside."""
        return self.x <= x < self.right and self.y <= y < self.bottom

    def inset(self, dx: int, dy: int | None = None) -> Rect:
        """Shrink on every side."""
        dy = dx if dy is None else dy
        return Rect(self.x + dx, self.y + dy, max(0, self.w - 2 * dx), max(0, self.h - 2 * dy))

    def row(self, count: int, gap: int) -> list[Rect]:
        """Divide into ``count`` equal columns."""
        width = (self.w - gap * (count - 1)) / count
        edges = [(round(self.x + i * (width + gap)), round(self.x + i * (width + gap) + width)) for i in range(count)]
        return [Rect(left, self.y, right - left, self.h) for left, right in edges]

    def column(self, count: int, gap: int) -> list[Rect]:
        """Divide into ``count`` equal rows."""
        height = (self.h - gap * (count - 1)) / count
        edges = [
            (round(self.y + i * (height + gap)), round(self.y + i * (height + gap) + height)) for i in range(count)
        ]
        return [Rect(self.x, top, self.w, bottom - top) for top, bottom in edges]

    def split_x(self, left: int, gap: int) -> tuple[Rect, Rect]:
        """Cut off ``left`` pixels at the left."""
        return Rect(self.x, self.y, left, self.h), Rect(self.x + left + gap, self.y, self.w - left - gap, self.h)

    def split_y(self, top: int, gap: int) -> tuple[Rect, Rect]:
        """Cut off ``top`` pixels at the top."""
        return Rect(self.x, self.y, self.w, top), Rect(self.x, self.y + top + gap, self.w, self.h - top - gap)


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rounded rectangle, perhaps with an edge."""

    rect: Rect
    fill: Colour
    radius: int = 0
    edge: Colour | None = None
    stroke: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """Lines already broken and sized. ground: what lies behind, for the contrast check. fits: nothing is cut off."""

    rect: Rect
    lines: tuple[str, ...]
    px: int
    line_px: int
    bold: bool
    colour: Colour
    ground: Colour
    language: str
    centred: bool = False
    fits: bool = True
    large: bool = False  # counts as large text for contrast (>= 18 pt bold)
    text_id: str = ""


@dataclass(frozen=True, slots=True)
class Art:
    """An illustration."""

    rect: Rect
    picture: Picture
    ground: Colour
    urgency: int = 0


@dataclass(frozen=True, slots=True)
class Dots:
    """The pad's digits as dots."""

    rect: Rect
    filled: int
    total: int


@dataclass(frozen=True, slots=True)
class Icon:
    """A small vector sign."""

    rect: Rect
    name: str
    colour: Colour
    ground: Colour


@dataclass(frozen=True, slots=True)
class Mirror:
    """The live view. oval: with the ring that fills; otherwise plain. source: "preview" or "photo"."""

    rect: Rect
    source: str
    oval: bool
    guidance: Guidance | None = None


@dataclass(frozen=True, slots=True)
class Veil:
    """A half-clear sheet over everything drawn so far."""

    rect: Rect
    colour: Colour
    alpha: int


@dataclass(frozen=True, slots=True)
class Frame:
    """The focus ring: two outlines, one inside the other."""

    rect: Rect
    radius: int
    width: int
    colour: Colour
    outer: Colour


Node = Box | Text | Art | Dots | Icon | Mirror | Veil | Frame


@dataclass(frozen=True, slots=True)
class Target:
    """Something to be touched, and what that means. ``label``: text id spoken when a keypad points at it."""

    rect: Rect
    touch: Touch
    label: str


@dataclass(slots=True)
class Scene:
    """Everything on one screen, back to front."""

    nodes: list[Node] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
