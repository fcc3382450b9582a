"""One sentence, one picture, at most two answers."""

from __future__ import annotations

from dataclasses import replace

from reader.screen.model import Words
from reader.screen.page import Page
from reader.screen.panels import Shape
from reader.screen.scene import Icon, Rect


def compose(page: Page) -> None:
    """Lay out headline, body, picture and answers for the panel's shape."""
    content = page.model.content
    area = page.answers(page.content, content.choices)
    gap = page.mm(page.sizes.gap)
    if content.code is not None:
        line = page.mm(page.sizes.label * 1.5)
        foot = Rect(area.x, area.bottom - line, area.w, line)
        page.text(foot, content.code, page.sizes.label, colour=page.colours.soft_text)
        area = replace(area, h=area.h - line - gap // 2)
    words = (content.headline, content.body, content.tries, content.note)
    if page.shape is Shape.WIDE:
        picture, text = area.split_x(page.mm(68), gap * 2)
        page.art(picture, content.picture, urgency=content.urgency)
        if content.rows:
            head, text = text.split_y(round(text.h * 0.34), gap)
            page.text(head, content.headline, page.sizes.headline, bold=True)
            _rows(page, text)
            return
        page.sentence(text, *words)
        return
    if page.shape is Shape.LOW:
        head, rest = area.split_y(round(area.h * (0.32 if content.rows else 0.46)), gap)
        page.text(head, content.headline, page.sizes.headline, bold=True)
        if content.rows:
            _rows(page, rest)
            return
        picture, text = rest.split_x(round(area.w * 0.36), gap * 2)
        page.art(picture, content.picture, urgency=content.urgency)
        _lines(page, text)
        return
    _tall(page, area)


def _tall(page: Page, area: Rect) -> None:
    """Headline, picture, body one under the other; the picture takes what the words leave."""
    content, gap = page.model.content, page.mm(page.sizes.gap)
    follow = [words for words in (content.body, content.tries, content.note) if words is not None]
    head_h = page.measure(replace(area, h=round(area.h * 0.4)), content.headline, page.sizes.headline, bold=True)
    room = replace(area, h=round((area.h - head_h) * (0.8 if len(follow) > 1 else 0.6)) // max(1, len(follow)))
    foot_h = sum(page.measure(room, words, page.sizes.body) + page.mm(1.5) for words in follow)
    if content.rows:
        foot_h = page.mm(page.sizes.body * 1.6) * len(content.rows)
    picture_h = area.h - head_h - foot_h - 2 * gap
    y = area.y
    if picture_h < page.mm(15):
        picture_h, y = 0, area.y + max(0, (picture_h + gap) // 2)
    page.text(replace(area, y=y, h=head_h), content.headline, page.sizes.headline, bold=True, centred=True)
    y += head_h + gap
    if picture_h:
        page.art(replace(area, y=y, h=picture_h), content.picture, urgency=content.urgency)
        y += picture_h + gap
    _lines(page, replace(area, y=y, h=area.bottom - y), centred=True)


def _lines(page: Page, rect: Rect, centred: bool = False) -> None:
    """Set body, tries and note one under the other."""
    content = page.model.content
    if content.rows:
        _rows(page, rect)
        return
    follow = [words for words in (content.body, content.tries, content.note) if words is not None]
    if not follow:
        return
    for cell, words in zip(rect.column(len(follow), page.mm(1.0)), follow, strict=True):
        page.text(cell, words, page.sizes.body, colour=page.colours.soft_text, centred=centred)


def _rows(page: Page, rect: Rect) -> None:
    """List last time's answers: what, and how it was answered; word and sign, never colour alone."""
    rows = page.model.content.rows
    height = min(rect.h // max(1, len(rows)), page.mm(page.sizes.body * 1.5))
    top = rect.y + (rect.h - height * len(rows)) // 2
    side = round(height * 0.6)
    for index, row in enumerate(rows):
        line = Rect(rect.x, top + index * height, rect.w, height)
        name, answer = line.split_x(round(line.w * 0.5), page.mm(1))
        page.text(name, Words(f"consent.short.{row.item.value}"), page.sizes.body, leading=1.1)
        icon = Rect(answer.x, answer.y + (height - side) // 2, side, side)
        sign = "check" if row.answer else "cross"
        page.scene.nodes.append(Icon(icon, sign, page.colours.text, page.colours.ground))
        words = Words("consent_again.agreed" if row.answer else "consent_again.declined")
        after = Rect(icon.right + page.mm(1.5), answer.y, answer.right - icon.right - page.mm(1.5), height)
        page.text(after, words, page.sizes.body, bold=True, leading=1.1)
