"""For staff: the card's photo beside the live view, and who is responsible."""

from __future__ import annotations

from typing import Final

from reader.screen.model import Words
from reader.screen.page import Page
from reader.screen.panels import Shape
from reader.screen.scene import Mirror, Rect

PORTRAIT: Final = 0.8  # width to height: the card photo is 35 x 45 mm


def compose(page: Page) -> None:
    """Lay out both pictures, their captions, the order and the two answers."""
    content = page.model.content
    gap = page.mm(page.sizes.gap)
    area = page.answers(page.content, content.choices)
    head, rest = area.split_y(page.mm(page.sizes.headline * 1.25), gap // 2)
    label = page.mm(page.sizes.label * 1.3)
    pictures, note = rest.split_y(rest.h - (label if content.note else 0), 0)
    if content.note is not None:
        page.text(note, content.note, page.sizes.label, colour=page.colours.soft_text)
    head_words = content.headline if content.body is None else content.body
    page.text(head, head_words, page.sizes.headline * 0.85, bold=True)
    if page.shape is Shape.TALL:
        left, right = pictures.row(2, gap)
    else:
        left, right = pictures.row(2, gap * 2)
    for cell, source, words in ((left, "photo", "visual_check.photo"), (right, "preview", "visual_check.live")):
        caption, picture = cell.split_y(label, page.mm(0.5))
        page.text(caption, Words(words), page.sizes.label, bold=True, centred=True)
        width = min(picture.w, round(picture.h * PORTRAIT))
        picture = Rect(picture.x + (picture.w - width) // 2, picture.y, width, picture.h)
        page.scene.nodes.append(Mirror(picture, source, False))
