"""Colours and sizes: Digital Agency Design System colours, sizes in millimetres. Contrast is computed, not believed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from reader.screen.panels import Shape

Colour = tuple[int, int, int]


def _hex(code: str) -> Colour:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


@dataclass(frozen=True, slots=True)
class Palette:
    """Every colour a screen may use. Text colours reach 7:1 on the grounds they are used on (tests prove it)."""

    ground: Colour  # behind everything
    surface: Colour  # strip, panels
    text: Colour
    soft_text: Colour
    primary: Colour  # filled buttons, rings
    on_primary: Colour
    tint: Colour  # quiet areas behind pictures
    button: Colour  # unfilled buttons
    edge: Colour  # outlines that must be seen (3:1)
    hairline: Colour  # decoration only
    good: Colour
    on_good: Colour
    attention: Colour
    attention_tint: Colour
    on_attention: Colour
    urgent: Colour  # large text with icon and word only (5.8:1)
    on_urgent: Colour
    focus: Colour
    skin: Colour
    on_skin: Colour
    hair: Colour
    machine: Colour


CALM: Final = Palette(
    ground=_hex("#ffffff"),
    surface=_hex("#f2f2f2"),
    text=_hex("#1a1a1a"),
    soft_text=_hex("#4d4d4d"),
    primary=_hex("#0017c1"),
    on_primary=_hex("#ffffff"),
    tint=_hex("#e8f1fe"),
    button=_hex("#ffffff"),
    edge=_hex("#4d4d4d"),
    hairline=_hex("#cccccc"),
    good=_hex("#115a36"),
    on_good=_hex("#ffffff"),
    attention=_hex("#1a1a1a"),
    attention_tint=_hex("#fff0cc"),
    on_attention=_hex("#1a1a1a"),
    urgent=_hex("#a90000"),
    on_urgent=_hex("#ffffff"),
    focus=_hex("#ffd43d"),
    skin=_hex("#f4dcc8"),
    on_skin=_hex("#333333"),
    hair=_hex("#4d4d4d"),
    machine=_hex("#4d4d4d"),
)

CLEAR: Final = Palette(
    ground=_hex("#000000"),
    surface=_hex("#1a1a1a"),
    text=_hex("#ffffff"),
    soft_text=_hex("#ffffff"),
    primary=_hex("#ffd43d"),
    on_primary=_hex("#000000"),
    tint=_hex("#1a1a1a"),
    button=_hex("#000000"),
    edge=_hex("#ffffff"),
    hairline=_hex("#767676"),
    good=_hex("#9bd4b5"),
    on_good=_hex("#000000"),
    attention=_hex("#ffd43d"),
    attention_tint=_hex("#333333"),
    on_attention=_hex("#ffffff"),
    urgent=_hex("#ffd43d"),
    on_urgent=_hex("#000000"),
    focus=_hex("#57b8ff"),
    skin=_hex("#d9d9d9"),
    on_skin=_hex("#1a1a1a"),
    hair=_hex("#999999"),
    machine=_hex("#333333"),
)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Lengths in millimetres. Text sizes are em heights; ``floor`` is JIS S 0032's 13.5 pt."""

    headline: float
    body: float
    button: float
    label: float
    target: float  # smallest side of anything to be touched
    gap: float = 3.2
    margin: float = 4.0
    header: float = 10.0
    radius: float = 2.6
    stroke: float = 0.6
    floor: float = 4.76
    leading: float = 1.32


SIZES: Final = {
    Shape.WIDE: Sizes(headline=13.5, body=9.5, button=9.5, label=6.0, target=20.0),
    Shape.LOW: Sizes(headline=10.0, body=7.4, button=8.4, label=5.0, target=16.5, gap=2.4, margin=2.4, header=7.0),
    Shape.TALL: Sizes(headline=9.6, body=7.4, button=8.4, label=5.0, target=16.5, gap=3.2, margin=3.0, header=8.0),
}


@dataclass(frozen=True, slots=True)
class Theme:
    """What a page is drawn with."""

    palette: Palette
    sizes: Sizes


def theme_for(shape: Shape, large_text: bool = False, high_contrast: bool = False) -> Theme:
    """Return the theme of a panel shape in the variant the patient asked for."""
    sizes = SIZES[shape]
    if large_text:
        grow = 1.22
        sizes = replace(sizes, headline=sizes.headline * grow, body=sizes.body * grow, button=sizes.button * 1.12)
    return Theme(CLEAR if high_contrast else CALM, sizes)


def luminance(colour: Colour) -> float:
    """Relative luminance, WCAG 2.2 definition."""

    def linear(channel: int) -> float:
        value = channel / 255
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(channel) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio, WCAG 2.2 definition: 1 (none) to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)
