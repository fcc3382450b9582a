"""The consent list: every question a row, or one question at a time where the panel is small or the text large."""

from __future__ import annotations

from dataclasses import replace

from reader.screen.model import Choice, Rank, Words
from reader.screen.page import BUTTON_LEADING, Page
from reader.screen.panels import Shape
from reader.screen.scene import Rect
from reader.session.vocabulary import Button


def compose(page: Page) -> None:
    """List on a wide panel, otherwise the first question without an answer."""
    if page.shape is Shape.WIDE and not page.model.large_text:
        _list(page)
    else:
        _one(page)


def _list(page: Page) -> None:
    content = page.model.content
    gap = page.mm(page.sizes.gap)
    side, rows = page.content.split_x(page.mm(72), gap * 2)
    target = page.mm(page.sizes.target)
    everything = Rect(side.x, side.bottom - round(target * 1.5), side.w, round(target * 1.5))
    top = everything.y
    for choice in content.choices[1:]:
        top -= gap + target
        page.button(Rect(side.x, top, side.w, target), choice, size_mm=page.sizes.button * 0.74)
    head = Rect(side.x, side.y, side.w, top - gap - side.y)
    page.sentence(head, content.headline, content.body if len(content.choices) == 1 else None)
    page.button(everything, content.choices[0])
    height = target * len(content.rows) + gap * (len(content.rows) - 1)
    top = rows.y + (rows.h - height) // 2
    button_w, pad = page.mm(39), page.mm(2.0)
    lines = [Rect(rows.x, top + index * (target + gap), rows.w, target) for index in range(len(content.rows))]
    declines = [Rect(line.right - button_w, line.y, button_w, line.h) for line in lines]
    agrees = [Rect(decline.x - gap - button_w, decline.y, button_w, decline.h) for decline in declines]
    agree, decline = Choice(Button.AGREE, Words("button.agree")), Choice(Button.DECLINE, Words("button.decline"))
    # One size for all answers, the size they have when chosen: a tick must not make the words jump.
    marked = [
        (page.inside(cell, choice, True)[2], choice.words)
        for cells, choice in ((agrees, agree), (declines, decline))
        for cell in cells
    ]
    size = page.common_size(marked, page.sizes.button * 0.74, bold=True, leading=BUTTON_LEADING)
    labels = [
        (Rect(line.x + pad, line.y, left.x - gap - line.x - pad, line.h), Words(f"consent.item.{row.item.value}"))
        for line, left, row in zip(lines, agrees, content.rows, strict=True)
    ]
    label_size = page.common_size(labels, page.sizes.body * 0.86, bold=True, leading=1.15)
    for line, (label, words), left, right, row in zip(lines, labels, agrees, declines, content.rows, strict=True):
        page.box(line, page.colours.tint)
        page.text(label, words, label_size, bold=True, ground=page.colours.tint, leading=1.15)
        page.button(left, replace(agree, item=row.item), size_mm=size, chosen=row.answer is True)
        page.button(right, replace(decline, item=row.item), size_mm=size, chosen=row.answer is False)


def _one(page: Page) -> None:
    content = page.model.content
    gap = page.mm(page.sizes.gap)
    open_rows = [row for row in content.rows if row.answer is None] or list(content.rows[-1:])
    answered = sum(row.answer is not None for row in content.rows)
    row = open_rows[0]
    choices = (
        Choice(Button.AGREE, Words("button.agree"), Rank.SECONDARY, item=row.item),
        Choice(Button.DECLINE, Words("button.decline"), Rank.SECONDARY, item=row.item),
    )
    number = str(min(answered + 1, len(content.rows)))
    count = Words("consent.count", (("number", number), ("total", str(len(content.rows)))))
    area = page.content
    target = page.mm(page.sizes.target)
    if page.shape is Shape.TALL:
        area = page.answers(area, (*choices, *content.choices))
    else:
        foot = Rect(area.x, area.bottom - target, area.w, target)
        page.buttons(foot.row(len(content.choices), gap), content.choices)
        pair = Rect(area.x, foot.y - gap - target, area.w, target)
        page.buttons(pair.row(2, gap), choices)
        area = Rect(area.x, area.y, area.w, pair.y - gap - area.y)
    label = page.mm(page.sizes.label * 1.4)
    if len(content.rows) > 1:
        page.text(Rect(area.x, area.y, area.w, label), count, page.sizes.label, colour=page.colours.soft_text)
    page.text(
        Rect(area.x, area.y + label, area.w, area.h - label),
        Words(f"consent.question.{row.item.value}"),
        page.sizes.headline,
        bold=True,
        centred=page.shape is Shape.TALL,
    )
