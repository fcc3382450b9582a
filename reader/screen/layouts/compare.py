"""For staff: the card's photo beside the live view, and who is responsible."""

from __future__ import annotations

from typing import Final

from reader.screen.model import Words
from reader.screen.page import Page
from reader.screen.panels import Shape
from reader.screen.scene import Mirror, Rect

PORTRAIT: Final = 0.78  # width to height: a card photo is 35 x 45 mm


def compose(page: Page) -> None:
    """Lay out both pictures, their captions, the order and the two answers."""
    content = page.model.content
    gap = page.mm(page.sizes.gap)
    if page.shape is Shape.TALL:
        area = page.answers(page.content, content.choices, stacked=False)
        side, pictures = area.split_y(page.mm(30 if content.body else 24), gap)
    else:
        share = 0.6 if page.shape is Shape.WIDE else 0.56
        pictures, column = page.content.split_x(round(page.content.w * share), gap * 2)
        side = page.answers(column, content.choices, stacked=True)
    label = page.mm(page.sizes.label * 1.4)
    note_h = page.mm(page.sizes.label * 2.7) if content.note is not None else 0
    page.sentence(Rect(side.x, side.y, side.w, side.h - note_h), content.headline, content.body)
    if content.note is not None:
        foot = Rect(side.x, side.bottom - note_h, side.w, note_h)
        page.text(foot, content.note, page.sizes.label, colour=page.colours.soft_text, leading=1.2)
    left, right = pictures.row(2, gap)
    for cell, source, words in ((left, "photo", "visual_check.photo"), (right, "preview", "visual_check.live")):
        height = min(cell.h - label, round(cell.w / PORTRAIT))
        width = min(cell.w, round(height * PORTRAIT))
        top = cell.y + (cell.h - label - height) // 2
        x = cell.x + (cell.w - width) // 2
        page.text(Rect(cell.x, top, cell.w, label), Words(words), page.sizes.label, bold=True, centred=True)
        page.scene.nodes.append(Mirror(Rect(x, top + label, width, height), source, False))
