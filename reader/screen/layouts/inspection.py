"""A page of the inspection: one row a part, with its condition as sign and word, its remedy, and its code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reader.screen.model import Picture, Words
from reader.screen.page import Page
from reader.screen.panels import Shape
from reader.screen.scene import Icon, Rect
from reader.session.vocabulary import CheckedPart, Condition

# Staff read this standing close, and it is much: letters may be as small as JIS S 0032 allows at 35 cm.
FLOOR_MM: Final = 3.4
ROW_MM: Final = 10.5
ROW_WITH_REMEDY_MM: Final = {Shape.WIDE: 22.0, Shape.LOW: 19.5, Shape.TALL: 26.0}
CODE_MM: Final = {Shape.WIDE: 34.0, Shape.LOW: 30.0, Shape.TALL: 25.0}
SIGN_MM: Final = 6.5
WORD_MM: Final = 18.0
SIGNS: Final = {
    Condition.OK: "check",
    Condition.ATTENTION: "attention",
    Condition.FAULT: "cross",
    Condition.SKIPPED: "minus",
}


def compose(page: Page) -> None:
    """Lay out headline, page number, the rows of this page and the answers."""
    content, gap = page.model.content, page.mm(page.sizes.gap)
    area, rest = page.content, content.choices
    if page.shape is Shape.TALL:  # too narrow for four side by side
        area, rest = page.answers(area, rest[-2:], stacked=False), rest[:-2]
    area = page.answers(area, rest, stacked=False)
    head, area = area.split_y(page.mm(page.sizes.headline * 1.2), gap // 2)
    title, number = head.split_x(round(head.w * 0.84), gap)
    page.text(title, content.headline, page.sizes.headline * 0.85, bold=True)
    if not content.parts:
        page.art(area, Picture.WAIT)
        return
    between = page.mm(1.2)
    pages = paged([_height(page, part) + between for part in content.parts], area.h + between)
    shown = content.page % len(pages)
    count = Words("staff_corner.page", (("number", str(shown + 1)), ("total", str(len(pages)))))
    page.text(number, count, page.sizes.body, colour=page.colours.soft_text, centred=True)
    y = area.y
    for part in content.parts[pages[shown]]:
        height = _height(page, part)
        _row(page, part, Rect(area.x, y, area.w, height))
        y += height + between


def paged(heights: Sequence[int], room: int) -> list[slice]:
    """Cut rows into pages that hold no more than ``room``, at least one row a page."""
    pages, start, used = [], 0, 0
    for index, height in enumerate(heights):
        if index > start and used + height > room:
            pages.append(slice(start, index))
            start, used = index, 0
        used += height
    return [*pages, slice(start, len(heights))]


def _height(page: Page, part: CheckedPart) -> int:
    return page.mm(ROW_WITH_REMEDY_MM[page.shape] if part.remedy else ROW_MM)


def _row(page: Page, part: CheckedPart, cell: Rect) -> None:
    """One part: sign and word, title and code, and under them what to do."""
    notable = part.condition in (Condition.ATTENTION, Condition.FAULT)
    ground = page.colours.attention_tint if notable else page.colours.surface
    ink = page.colours.on_attention if notable else page.colours.text
    page.box(cell, ground)
    line, rest = cell.inset(page.mm(1.6), page.mm(0.8)).split_y(page.mm(ROW_MM - 1.6), 0)
    side, label = page.mm(SIGN_MM), page.sizes.label
    sign = Rect(line.x, line.y + (line.h - side) // 2, side, side)
    page.scene.nodes.append(Icon(sign, SIGNS[part.condition], ink, ground))
    word = Rect(sign.right + page.mm(1.2), line.y, page.mm(WORD_MM), line.h)
    page.text(
        word,
        Words(f"staff_corner.condition.{part.condition.value}"),
        label,
        bold=True,
        colour=ink,
        ground=ground,
        floor_mm=FLOOR_MM,
    )
    code = Rect(line.right - page.mm(CODE_MM[page.shape]), line.y, page.mm(CODE_MM[page.shape]), line.h)
    page.raw(code, part.code, "en", label * 0.7, colour=ink, ground=ground, floor_mm=FLOOR_MM)
    left = word.right + page.mm(1.2)
    name = Rect(left, line.y, code.x - page.mm(1.2) - left, line.h)
    page.raw(name, part.title, "ja", label, colour=ink, ground=ground, floor_mm=FLOOR_MM, leading=1.1)
    if part.remedy:
        room = Rect(sign.right + page.mm(1.2), rest.y, rest.right - sign.right - page.mm(1.2), rest.h)
        page.raw(
            room, part.remedy, "ja", label * 0.9, colour=ink, ground=ground, floor_mm=FLOOR_MM, leading=1.15, top=True
        )
