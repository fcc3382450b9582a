"""Digits: dots and pad, beside the sentence wherever the panel is wider than high."""

from __future__ import annotations

from typing import Final

from reader.screen.model import Words
from reader.screen.page import Page
from reader.screen.panels import Shape
from reader.screen.scene import Dots, Icon, PadKey, Rect, Touch
from reader.session.vocabulary import Button, Step

PIN_DIGITS: Final = 4
STAFF_CODE_DIGITS: Final = 8  # at most
BACKSPACE_KEY: Final = 9
LAST_DIGIT_KEY: Final = 10
DONE_KEY: Final = 11


def compose(page: Page) -> None:
    """Lay out sentence, dots, answers and the 3 x 4 pad."""
    content, sizes, gap = page.model.content, page.sizes, page.mm(page.sizes.gap)
    area = page.content
    key_h = page.mm(sizes.target)
    pad_gap = page.mm({Shape.WIDE: 3.2, Shape.LOW: 2.0, Shape.TALL: 2.4}[page.shape])
    pad_h = 4 * key_h + 3 * pad_gap
    if page.shape is Shape.TALL:
        pad = Rect(area.x, area.bottom - pad_h, area.w, pad_h)
        text = Rect(area.x, area.y, area.w, area.h - pad_h - page.mm(2.0))
        row_h = page.mm(sizes.target) if content.choices else page.mm(12)
        row = Rect(text.x, text.bottom - row_h, text.w, row_h)
        head = Rect(text.x, text.y, text.w, row.y - text.y - page.mm(1.0))
        row, aside = row.split_x(round(row.w * 0.5), gap)
        if content.choices:
            page.button(aside, content.choices[0], size_mm=sizes.button * 0.8)
            aside, row = row.split_y(page.mm(sizes.floor * 1.4), 0)
        page.text(head, content.headline, sizes.headline, bold=True, leading=1.15)
        if content.tries is not None:
            page.text(aside, content.tries, sizes.body, colour=page.colours.soft_text, leading=1.2)
    else:
        wider = (1.3 if page.shape is Shape.WIDE else 1.12) if not page.model.large_text else 1.0
        key_w = page.mm(sizes.target * wider)
        pad_w = 3 * key_w + 2 * pad_gap
        pad = Rect(area.right - pad_w, area.y + max(0, (area.h - pad_h) // 2), pad_w, pad_h)
        text = page.answers(Rect(area.x, area.y, area.w - pad_w - gap * 2, area.h), content.choices)
        row_h = page.mm(14 if page.shape is Shape.WIDE else 11)
        row = Rect(text.x, text.bottom - row_h, text.w, row_h)
        page.sentence(Rect(text.x, text.y, text.w, text.h - row_h - gap), content.headline, content.tries)
    total = PIN_DIGITS if page.model.step is Step.PIN_ENTRY else STAFF_CODE_DIGITS
    page.scene.nodes.append(Dots(row, page.model.digits, total))
    _keys(page, pad, pad_gap, ready=page.model.digits == PIN_DIGITS or (total != PIN_DIGITS and page.model.digits > 0))


def _keys(page: Page, pad: Rect, gap: int, ready: bool) -> None:
    """Place the twelve keys: digits in the given order; beside the last one, backspace and 決定."""
    cells = [cell for row in pad.column(4, gap) for cell in row.row(3, gap)]
    colours = page.colours
    for index, cell in enumerate(cells):
        if index == BACKSPACE_KEY:
            page.box(cell, colours.surface, edge=colours.edge)
            side = min(cell.h, page.mm(11))
            icon = Rect(cell.x + (cell.w - side) // 2, cell.y + (cell.h - side) // 2, side, side)
            page.scene.nodes.append(Icon(icon, "backspace", colours.text, colours.surface))
            page.target(cell, Touch(pad=PadKey.BACKSPACE), "pad.backspace")
        elif index == DONE_KEY:
            fill = colours.primary if ready else colours.surface
            ink = colours.on_primary if ready else colours.soft_text
            page.box(cell, fill, edge=colours.primary if ready else colours.hairline)
            page.text(
                cell.inset(page.mm(1.0)),
                Words("button.done_typing"),
                page.sizes.button,
                bold=True,
                colour=ink,
                ground=fill,
                centred=True,
            )
            page.target(cell, Touch(Button.NEXT), "button.done_typing")
        else:
            digit = page.model.pad_order[index if index < LAST_DIGIT_KEY else 9]
            page.box(cell, colours.button, edge=colours.primary)
            page.raw(
                cell,
                str(digit),
                "ja",
                page.sizes.headline,
                bold=True,
                colour=colours.primary,
                ground=colours.button,
                centred=True,
                leading=1.0,
            )
            page.target(cell, Touch(digit=digit), "pad.digit")
