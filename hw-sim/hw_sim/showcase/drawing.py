"""Draws a moment of a recorded visit: the kiosk with its slot, what has happened so far, and who worked on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from hw_sim.scenario.picture import COLOURS
from hw_sim.showcase.visit import Recorded
from reader.screen import fonts
from reader.session.vocabulary import Step

SCREEN = (640, 400)
SIZE = (920, 652)
_LEFT, _TOP, _BEZEL = 24, 76, 14
_LANES = ("card link", "camera", "inference", "screen", "touch", "outbox")
_STRIP_LEFT, _STRIP_TOP, _LANE = 112, 520, 18
_PAPER, _INK, _SOFT, _RULE, _BLUE, _BODY = "#fdfdfd", "#1a1a1a", "#5c5f66", "#d8dade", "#0017c1", "#2d3138"
_WORDS = (("スッ", "the card goes in"), ("顔", "the camera looks"), ("ピッ", "one tap"))
_FINE = 3  # shapes are drawn this much larger and shrunk, so that edges are smooth
_SLIDE_S = 0.35  # that a card takes into the slot
_POINTS_S = 0.4  # that a finger is over its button before it touches


@dataclass(frozen=True, slots=True)
class Story:
    """What of a visit is told beside it. zero: the second the card went in; end: of the strip."""

    recorded: Recorded
    zero: float
    end: float
    marks: tuple[tuple[float, str], ...]


def story(recorded: Recorded) -> Story:
    """Return the visit with its moments named. Raises VisitError where one is missing."""
    verified, safe = recorded.entered(Step.CONSENT), recorded.entered(Step.DONE)
    zero = next(at for at, inside in recorded.card if inside)
    out = next(at for at, inside in recorded.card if not inside)
    marks = (
        (zero, "card in"),
        (verified, "face verified"),
        (recorded.touches[-1][0], "agreed"),
        (safe, "result is safe"),
        (out, "card out"),
    )
    return Story(recorded, zero, recorded.shots[-1].at, marks)


def frame(told: Story, at: float) -> Image.Image:
    """Return the picture of second ``at``."""
    image = _stage().copy()
    draw = ImageDraw.Draw(image)
    shot = max((one for one in told.recorded.shots if one.at <= at), key=lambda one: one.at,
               default=told.recorded.shots[0])  # fmt: skip
    _headings(draw, told, at)
    image.paste(shot.screen, (_LEFT + _BEZEL, _TOP + _BEZEL))
    _card(image, told, at)
    _finger(image, told, at)
    _marks(draw, told, at)
    _strip(draw, told, at)
    return image


@cache
def _font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = f"japanese-{'bold' if bold else 'regular'}.ttf"
    return ImageFont.truetype(str(Path(fonts.__file__).parent / "fonts" / name), size)


@cache
def _stage() -> Image.Image:
    """What never changes: paper, the kiosk's body, the slot."""
    big = Image.new("RGB", (SIZE[0] * _FINE, SIZE[1] * _FINE), _PAPER)
    draw = ImageDraw.Draw(big)

    def box(x: float, y: float, w: float, h: float, radius: float, fill: str) -> None:
        draw.rounded_rectangle([x * _FINE, y * _FINE, (x + w) * _FINE, (y + h) * _FINE], radius * _FINE, fill)

    width, height = SCREEN[0] + 2 * _BEZEL, SCREEN[1] + 2 * _BEZEL
    box(_LEFT, _TOP, width, height, 16, _BODY)
    box(_SLOT_X - 22, _SLOT_Y - 9, _CARD[0] + 44, 18, 9, _BODY)
    return big.resize(SIZE, Image.Resampling.LANCZOS)


_CARD = (150, 94)
_SLOT_X = _LEFT + 2 * _BEZEL + SCREEN[0] + 42
_SLOT_Y = _TOP + SCREEN[1] + 2 * _BEZEL - 112


@cache
def _card_picture() -> Image.Image:
    """A card as anybody's: bands for the lines, a head for the portrait."""
    big = Image.new("RGBA", (_CARD[0] * _FINE, _CARD[1] * _FINE), (0, 0, 0, 0))
    draw = ImageDraw.Draw(big)

    def box(x: float, y: float, w: float, h: float, radius: float, fill: str, outline: str | None = None) -> None:
        at = [x * _FINE, y * _FINE, (x + w) * _FINE - 1, (y + h) * _FINE - 1]
        draw.rounded_rectangle(at, radius * _FINE, fill, outline, 2 * _FINE)

    box(0, 0, *_CARD, 8, "#f3e6f0", "#7a6a86")
    box(10, 12, 76, 10, 3, _BLUE)
    for number in range(3):
        box(10, 34 + 17 * number, (66, 76, 54)[number], 7, 3, "#a9a0b4")
    box(100, 24, 40, 52, 4, "#ffffff", "#7a6a86")
    draw.ellipse([n * _FINE for n in (111, 32, 129, 50)], "#5a5563")
    draw.pieslice([n * _FINE for n in (105, 53, 135, 93)], 180, 360, "#5a5563")
    return big.resize(_CARD, Image.Resampling.LANCZOS)


def inside(told: Story, at: float) -> float:
    """Return how far the card is in the slot, 0 to 1."""
    share = 0.0
    for when, put_in in told.recorded.card:
        if at >= when - (_SLIDE_S if put_in else 0.0):
            moved = min(1.0, (at - when + (_SLIDE_S if put_in else 0.0)) / _SLIDE_S)
            share = moved if put_in else 1.0 - moved
    return share


def _card(image: Image.Image, told: Story, at: float) -> None:
    """The card goes up into the slot; what is inside is hidden by it."""
    hidden = round(_CARD[1] * 0.78 * inside(told, at))
    seen = _card_picture().crop((0, hidden, *_CARD))
    away = 10 if hidden == 0 else 0
    image.paste(seen, (_SLOT_X, _SLOT_Y + 4 + away), seen)
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle([_SLOT_X - 22, _SLOT_Y - 9, _SLOT_X + _CARD[0] + 22, _SLOT_Y + 4], 6, _BODY)


def _finger(image: Image.Image, told: Story, at: float) -> None:
    for when, x, y in told.recorded.touches:
        if -_POINTS_S <= at - when <= 0.05:  # the finger is seen until the screen has answered
            size, grown = 64, min(1.0, 0.3 + (at - when + _POINTS_S) / _POINTS_S)
            spot = Image.new("RGBA", (size * _FINE, size * _FINE), (0, 0, 0, 0))
            reach = size * _FINE / 2 * grown
            middle = size * _FINE / 2
            box = [middle - reach, middle - reach, middle + reach - 1, middle + reach - 1]
            ImageDraw.Draw(spot).ellipse(box, (206, 0, 0, 90), (206, 0, 0, 230), 3 * _FINE)
            spot = spot.resize((size, size), Image.Resampling.LANCZOS)
            left = _LEFT + _BEZEL + round(x * SCREEN[0]) - size // 2
            image.paste(spot, (left, _TOP + _BEZEL + round(y * SCREEN[1]) - size // 2), spot)


def _headings(draw: ImageDraw.ImageDraw, told: Story, at: float) -> None:
    """スッ・顔・ピッ, the one that is on in blue."""
    recorded = told.recorded
    starts = (told.zero - _SLIDE_S, recorded.entered(Step.FACE), recorded.entered(Step.CONSENT))
    ends = (*starts[1:], recorded.entered(Step.DONE))
    for number, (word, says) in enumerate(
        (("スッ", "the card goes in"), ("顔", "the camera looks"), ("ピッ", "one tap"))
    ):
        on = starts[number] <= at < ends[number]
        done = at >= ends[number]
        x = _LEFT + number * 232
        colour = _BLUE if on else _INK if done else "#b4b8c0"
        draw.text((x, 16), word, colour, _font(34, bold=True))
        draw.text((x + draw.textlength(word, _font(34, bold=True)) + 10, 31), says, _SOFT if on or done else "#b4b8c0",
                  _font(15))  # fmt: skip
        draw.rectangle([x, 62, x + 204, 65], _BLUE if on else _RULE)


def _marks(draw: ImageDraw.ImageDraw, told: Story, at: float) -> None:
    x, y = _SLOT_X - 18, _TOP + 2
    draw.text((x, y), f"{max(0.0, min(at, told.marks[-1][0]) - told.zero):.1f} s", _INK, _font(34, bold=True))
    for number, (when, says) in enumerate(told.marks):
        if at >= when:
            draw.text((x, y + 62 + 36 * number), f"{when - told.zero:.1f}", _BLUE, _font(17, bold=True))
            draw.text((x + 44, y + 62 + 36 * number), says, _INK, _font(17))


def _strip(draw: ImageDraw.ImageDraw, told: Story, at: float) -> None:
    """Lanes of work up to now."""
    start, width = told.zero - 0.6, SIZE[0] - _STRIP_LEFT - 24
    scale = width / (told.end - start)
    for number, lane in enumerate(_LANES):
        y = _STRIP_TOP + number * _LANE
        draw.text((_STRIP_LEFT - 10, y + _LANE / 2), lane, _SOFT, _font(13), anchor="rm")
        draw.rectangle([_STRIP_LEFT, y + _LANE - 2, _STRIP_LEFT + width, y + _LANE - 2], _RULE)
        for span in told.recorded.spans:
            if span.lane == lane and start <= span.start <= at:
                x = _STRIP_LEFT + (span.start - start) * scale
                until = _STRIP_LEFT + (min(span.end, at) - start) * scale
                draw.rectangle([x, y + 3, max(until, x + 1), y + _LANE - 5], COLOURS[lane])
    bottom = _STRIP_TOP + len(_LANES) * _LANE
    for second in range(int(told.end - told.zero) + 1):
        x = _STRIP_LEFT + (told.zero + second - start) * scale
        draw.text((x, bottom + 4), f"{second} s", _SOFT, _font(13), anchor="ma")
    x = _STRIP_LEFT + (max(start, min(at, told.end)) - start) * scale
    draw.line([x, _STRIP_TOP - 4, x, bottom], _INK, 2)
