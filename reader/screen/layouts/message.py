"""One sentence, one picture, at most two answers."""

from __future__ import annotations

from dataclasses import replace

from reader.screen.page import Page
from reader.screen.panels import Shape
from reader.screen.scene import Rect


def compose(page: Page) -> None:
    """Lay out headline, body, picture and answers for the panel's shape."""
    content = page.model.content
    area = page.answers(page.content, content.choices)
    gap = page.mm(page.sizes.gap)
    words = (content.headline, content.body, content.tries, content.note)
    if page.shape is Shape.WIDE:
        picture, text = area.split_x(page.mm(68), gap * 2)
        page.art(picture, content.picture, urgency=content.urgency)
        page.sentence(text, *words)
        return
    if page.shape is Shape.LOW:
        head, rest = area.split_y(round(area.h * 0.46), gap)
        page.text(head, content.headline, page.sizes.headline, bold=True)
        picture, text = rest.split_x(round(area.w * 0.36), gap * 2)
        page.art(picture, content.picture, urgency=content.urgency)
        _lines(page, text)
        return
    head, rest = area.split_y(round(area.h * 0.34), gap)
    page.text(head, content.headline, page.sizes.headline, bold=True, centred=True)
    foot = round(rest.h * 0.32) if content.body or content.tries or content.note else 0
    page.art(replace(rest, h=rest.h - foot - gap), content.picture, urgency=content.urgency)
    _lines(page, Rect(rest.x, rest.bottom - foot, rest.w, foot), centred=True)


def _lines(page: Page, rect: Rect, centred: bool = False) -> None:
    """Set body, tries and note one under the other."""
    content = page.model.content
    follow = [words for words in (content.body, content.tries, content.note) if words is not None]
    if not follow:
        return
    for cell, words in zip(rect.column(len(follow), page.mm(1.0)), follow, strict=True):
        page.text(cell, words, page.sizes.body, colour=page.colours.soft_text, centred=centred)
