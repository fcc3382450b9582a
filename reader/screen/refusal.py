"""What the screen shows a technician when settings were refused: file, line, reason, remedy. No session, no patient.

Its words stand here and not in the catalogue: patients never read them, and the reasons come as the checks give them:
Japanese sentences, and under them a small line in English that a technician can search for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pygame

from reader.config.load import Problem
from reader.devices.ports import Panel
from reader.screen.fonts import font
from reader.screen.panels import shape_of
from reader.screen.theme import theme_for

_HEADLINE = "受付へお声がけください"
_SUBTITLES = ("この機械は、まだ使えません", "Not in service: the set-up needs a technician")
_MORE = "ほかに{count}か所あります。kaopi provision check で全部わかります"
_MARGIN_MM, _HEAD_MM, _TEXT_MM, _SMALL_MM = 8.0, 7.0, 3.8, 3.0
_LONG_WORD = 20
# What must not be torn: a Latin word that goes on, or what may not begin a line.
_TAIL = re.compile(r"(?:「?[!-~]+|.[、。」：]+)$")


def draw_refusal(surface: pygame.Surface, panel: Panel, problems: Sequence[Problem]) -> int:
    """Fill ``surface`` with as many problems as fit, whole; return how many that is."""
    colours = theme_for(shape_of(panel)).palette
    surface.fill(colours.ground)
    margin = round(_MARGIN_MM * panel.px_per_mm)
    width, bottom = surface.get_width() - 2 * margin, surface.get_height() - margin
    head_mm = _HEAD_MM
    while len(_set(panel, _HEADLINE, head_mm, width, bold=True)[0]) > 1:
        head_mm *= 0.9
    y = _lines(surface, panel, _HEADLINE, head_mm, margin, margin, width, bold=True)
    for subtitle in _SUBTITLES:
        y = _lines(surface, panel, subtitle, _TEXT_MM, margin, y, width)
    y += margin // 2
    last = bottom - round(_TEXT_MM * 1.5 * panel.px_per_mm)
    for number, problem in enumerate(problems):
        block = _block(problem)
        end = y + sum(_height(panel, text, size, width) for text, size in block)
        if end > last and number:
            _lines(surface, panel, _MORE.format(count=len(problems) - number), _TEXT_MM, margin, last, width)
            return number
        for text, size in block:
            y = _lines(surface, panel, text, size, margin, y, width, soft=size == _SMALL_MM)
        y += margin // 3
    return len(problems)


def _block(problem: Problem) -> list[tuple[str, float]]:
    """Return where, what and the technical line, each with its size."""
    place = problem.file if problem.line is None else f"{problem.file}　{problem.line}行目"
    reason = f"{problem.key}: {problem.what}. " if problem.key else f"{problem.what}. "
    technical = f"{reason}{problem.remedy}."
    if not problem.japanese:
        return [(place, _TEXT_MM), (technical, _TEXT_MM)]
    return [(f"{place}：{problem.japanese}", _TEXT_MM), (technical, _SMALL_MM)]


def _set(panel: Panel, text: str, size_mm: float, width: int, bold: bool) -> tuple[tuple[str, ...], int]:
    """Return the lines and their distance in pixels."""
    px = round(size_mm * panel.px_per_mm)
    set_lines = _broken(text, px, width, bold)
    return set_lines, round(px * 1.4)


def _face(text: str, px: int, bold: bool) -> pygame.Font:
    """Latin letters have their own face; the bold Japanese one holds only what the catalogue says."""
    return font("en" if text.isascii() else "ja", bold and (text.isascii() or text == _HEADLINE), px)


def _broken(text: str, px: int, width: int, bold: bool) -> tuple[str, ...]:
    """Break between Japanese characters or at a space; within a Latin word only where it is very long, as a path."""
    face = _face(text, px, bold)
    lines, line = [], ""
    for character in text:
        if line and face.size(line + character)[0] > width:
            tail = _TAIL.search(line + character)
            cut = len(line) if tail is None or not 0 < len(tail[0]) - 1 <= _LONG_WORD else len(line) + 1 - len(tail[0])
            lines.append(line[:cut].rstrip(" "))
            line = (line[cut:] + character).lstrip(" ")
        else:
            line += character
    return (*lines, line)


def _height(panel: Panel, text: str, size_mm: float, width: int) -> int:
    lines, step = _set(panel, text, size_mm, width, bold=False)
    return len(lines) * step


def _lines(
    surface: pygame.Surface,
    panel: Panel,
    text: str,
    size_mm: float,
    x: int,
    y: int,
    width: int,
    *,
    bold: bool = False,
    soft: bool = False,
) -> int:
    """Draw a paragraph at (x, y); return where the next one begins."""
    lines, step = _set(panel, text, size_mm, width, bold)
    face = _face(text, round(size_mm * panel.px_per_mm), bold)
    colours = theme_for(shape_of(panel)).palette
    for line in lines:
        surface.blit(face.render(line, True, colours.soft_text if soft else colours.text), (x, y))
        y += step
    return y
