"""Breaking a sentence into lines and finding the largest size at which it fits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from reader.screen.fonts import font
from reader.text import BREAK, SOURCE, TIE

# Kinsoku (JIS X 4051): what may not begin, and what may not end a line.
_NOT_FIRST: Final = frozenset("、。，．・：；？！」』）〕】〉》々ーゃゅょっぁぃぅぇぉャュョッァィゥェォ％,.!?:;)%")
_NOT_LAST: Final = frozenset("「『（〔【〈《(")
_SPACED: Final = frozenset({"en", "ko", "vi", "pt-BR", "ne", "tl"})
_UNSPACED: Final = frozenset({SOURCE, "zh-Hans", "zh-Hant"})
_SHRINK: Final = 0.96


@dataclass(frozen=True, slots=True)
class Setting:
    """A set sentence. fits: nothing overflows and no word is torn."""

    lines: tuple[str, ...]
    px: int
    fits: bool


def pieces(text: str, language: str, marked: bool = False) -> list[str]:
    """Cut a sentence where a line may end. A trailing space belongs to the piece before it.

    marked: a sentence of the catalogue, whose lines end in Japanese and Chinese only where the writer put a mark.
    """
    if BREAK in text:
        return [piece.replace(TIE, " ") for piece in text.split(BREAK) if piece]
    if language in _SPACED or text.isascii():
        words = [word.replace(TIE, " ") for word in text.split(" ")]
        return [word + " " for word in words[:-1]] + words[-1:]
    if marked and language in _UNSPACED:  # easy Japanese spaces its words; plain Japanese stays whole
        words = text.split(" ")
        return [word + " " for word in words[:-1]] + words[-1:]
    result: list[str] = []
    for char in text:
        glued = result and (char in _NOT_FIRST or result[-1][-1] in _NOT_LAST or _both_latin(result[-1][-1], char))
        if glued:
            result[-1] += char
        else:
            result.append(char)
    return result


def _both_latin(one: str, other: str) -> bool:
    return one.isascii() and other.isascii() and not one.isspace()


def _width(text: str, language: str, bold: bool, px: int) -> int:
    return font(language, bold, px).size(text.rstrip(" "))[0]


def _greedy(parts: list[str], language: str, bold: bool, px: int, width: int, limit: int) -> tuple[list[str], bool]:
    """Fill lines; False when a single piece is wider than the line."""
    lines: list[str] = []
    whole = True
    for part in parts:
        short = bool(lines) and len(lines[-1] + part) <= limit
        if short and _width(lines[-1] + part, language, bold, px) <= width:
            lines[-1] += part
        else:
            lines.append(part)
            whole = whole and _width(part, language, bold, px) <= width
    return [line.rstrip(" ") for line in lines], whole


@lru_cache(maxsize=512)  # a language on one panel; every minute of the clock is one more
def set_text(
    text: str,
    language: str,
    bold: bool,
    px: int,
    floor_px: int,
    width: int,
    height: int,
    leading: float,
    limit: int = 999,
    marked: bool = False,
    exact: bool = False,
) -> Setting:
    """Return the largest setting from ``px`` down to ``floor_px`` that fits; at the floor it may not (``fits``).

    limit: characters a line may have, where the pieces allow. marked: see ``pieces``. exact: look for the
    very largest size, so that a larger wish never ends in a smaller one.
    """
    paragraphs = [pieces(paragraph, language, marked) for paragraph in text.split("\n")]
    size = px
    while True:
        lines: list[str] = []
        whole = True
        for parts in paragraphs:
            broken, ok = _greedy(parts, language, bold, size, width, limit)
            lines += _even(parts, broken, language, bold, size, width, limit)
            whole = whole and ok
        fits = whole and len(lines) * size * leading <= height + 1
        if fits or size <= floor_px:
            return Setting(tuple(lines), size, fits)
        size = size - 1 if exact else max(floor_px, min(size - 1, int(size * _SHRINK)))


def _even(parts: list[str], broken: list[str], language: str, bold: bool, px: int, width: int, limit: int) -> list[str]:
    """Make lines of one paragraph as equal as possible without adding one."""
    if len(broken) < 2:
        return broken
    low, high = width // 2, width
    best = broken
    while high - low > 8:
        middle = (low + high) // 2
        lines, whole = _greedy(parts, language, bold, px, middle, limit)
        if whole and len(lines) <= len(broken):
            best, high = lines, middle
        else:
            low = middle
    return best
