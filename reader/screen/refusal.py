"""What the screen shows a technician when settings were refused: file, line, reason, remedy. No session, no patient.

Its words stand here and not in the catalogue: patients never read them, and the reasons come as the checks give them.
"""

from __future__ import annotations

from collections.abc import Sequence

import pygame

from reader.config.load import Problem
from reader.devices.ports import Panel
from reader.screen.fonts import font
from reader.screen.panels import shape_of
from reader.screen.theme import theme_for

_HEADLINE = "受付へお声がけください"
_SUBTITLES = ("この機械は、まだ使えません", "Not in service: the set-up needs a technician")
_MORE = "＋{count}　→ kaopi provision check"
_MARGIN_MM, _HEAD_MM, _TEXT_MM = 8.0, 7.0, 3.6
_LONG_WORD = 20


def draw_refusal(surface: pygame.Surface, panel: Panel, problems: Sequence[Problem]) -> int:
    """Fill ``surface`` with as many problems as fit, whole; return how many that is."""
    colours = theme_for(shape_of(panel)).palette
    surface.fill(colours.ground)
    margin = round(_MARGIN_MM * panel.px_per_mm)
    width, bottom = surface.get_width() - 2 * margin, surface.get_height() - margin
    y = _lines(surface, panel, _HEADLINE, _HEAD_MM, margin, margin, width, bold=True)
    for subtitle in _SUBTITLES:
        y = _lines(surface, panel, subtitle, _TEXT_MM, margin, y, width)
    y += margin // 2
    last = bottom - round(_TEXT_MM * 1.5 * panel.px_per_mm)
    for number, problem in enumerate(problems):
        place = problem.file if problem.line is None else f"{problem.file}, line {problem.line}"
        reason = f"{problem.key}: {problem.what}. " if problem.key else f"{problem.what}. "
        block = ((place, True), (f"{reason}{problem.remedy}.", False))
        end = y
        for text, bold in block:
            end += _height(panel, text, _TEXT_MM, width, bold=bold)
        if end > last and number:
            _lines(surface, panel, _MORE.format(count=len(problems) - number), _TEXT_MM, margin, last, width)
            return number
        for text, bold in block:
            y = _lines(surface, panel, text, _TEXT_MM, margin, y, width, bold=bold)
        y += margin // 4
    return len(problems)


def _set(panel: Panel, text: str, size_mm: float, width: int, bold: bool) -> tuple[tuple[str, ...], int]:
    """Return the lines and their distance in pixels."""
    px = round(size_mm * panel.px_per_mm)
    set_lines = _broken(text, px, width, bold)
    return set_lines, round(px * 1.4)


def _face(text: str, px: int, bold: bool) -> pygame.Font:
    """Latin letters have their own face; the bold Japanese one holds only what the catalogue says."""
    return font("en" if text.isascii() else "ja", bold and (text.isascii() or text == _HEADLINE), px)


def _broken(text: str, px: int, width: int, bold: bool) -> tuple[str, ...]:
    """Break at a space where there is one near the end, else anywhere: paths and keys have none."""
    face = _face(text, px, bold)
    lines, line = [], ""
    for character in text:
        if line and face.size(line + character)[0] > width:
            head, space, tail = line.rpartition(" ")
            if not space or len(tail) > _LONG_WORD:
                head, tail = line, ""
            lines.append(head)
            line = tail
        line += character
    return (*lines, line)


def _height(panel: Panel, text: str, size_mm: float, width: int, *, bold: bool) -> int:
    lines, step = _set(panel, text, size_mm, width, bold)
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
) -> int:
    """Draw a paragraph at (x, y); return where the next one begins."""
    lines, step = _set(panel, text, size_mm, width, bold)
    face = _face(text, round(size_mm * panel.px_per_mm), bold)
    colours = theme_for(shape_of(panel)).palette
    for line in lines:
        surface.blit(face.render(line, True, colours.text), (x, y))
        y += step
    return y
