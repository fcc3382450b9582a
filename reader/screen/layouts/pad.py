"""Digits: dots and pad, beside the sentence wherever the panel is wider than high."""

from __future__ import annotations

from typing import Final

from reader.screen.model import Words
from reader.screen.page import Page
from reader.screen.panels import Shape
from reader.screen.scene import Dots, Icon, PadKey, Rect, Touch
from reader.session.vocabulary import Step

PIN_DIGITS: Final = 4
STAFF_CODE_DIGITS: Final = 6


def compose(page: Page) -> None:
    """Lay out sentence, dots, answers and the 3 x 4 pad."""
    content = page.model.content
    sizes, gap = page.sizes, page.mm(page.sizes.gap)
    key_h = page.mm(sizes.target)
    key_w = page.mm(sizes.target * (1.3 if page.shape is Shape.WIDE else 1.12))
    pad_gap = page.mm(3.2 if page.shape is not Shape.LOW else 2.0)
    pad_w, pad_h = 3 * key_w + 2 * pad_gap, 4 * key_h + 3 * pad_gap
    total = PIN_DIGITS if page.model.step is Step.PIN_ENTRY else STAFF_CODE_DIGITS
    if page.shape is Shape.TALL:
        area = page.content
        pad_w = area.w
        key_w = (pad_w - 2 * pad_gap) // 3
        pad = Rect(area.x, area.bottom - pad_h, pad_w, pad_h)
        text = Rect(area.x, area.y, area.w, area.h - pad_h - gap)
        dots_h = page.mm(8)
        head = Rect(text.x, text.y, text.w, text.h - dots_h - gap // 2)
        page.sentence(head, content.headline, content.tries, centred=True)
        row = Rect(text.x, text.bottom - dots_h, text.w, dots_h)
        page.scene.nodes.append(Dots(row, page.model.digits, total))
    else:
        area = page.content
        pad = Rect(area.right - pad_w, area.y + max(0, (area.h - pad_h) // 2), pad_w, pad_h)
        text = Rect(area.x, area.y, area.w - pad_w - gap * 2, area.h)
        text = page.answers(text, content.choices)
        dots_h = page.mm(14 if page.shape is Shape.WIDE else 11)
        head = Rect(text.x, text.y, text.w, text.h - dots_h - gap)
        page.sentence(head, content.headline, content.tries or content.body)
        page.scene.nodes.append(Dots(Rect(text.x, text.bottom - dots_h, text.w, dots_h), page.model.digits, total))
    _keys(page, pad, key_w, key_h, pad_gap)


def _keys(page: Page, pad: Rect, key_w: int, key_h: int, gap: int) -> None:
    """Place the twelve keys: digits in the given order, clear at the left of the last, backspace at its right."""
    order = page.model.pad_order
    for index in range(12):
        row, column = divmod(index, 3)
        rect = Rect(pad.x + column * (key_w + gap), pad.y + row * (key_h + gap), key_w, key_h)
        if index in (9, 11):
            key = PadKey.CLEAR if index == 9 else PadKey.BACKSPACE
            page.box(rect, page.colours.surface, edge=page.colours.edge)
            inside = rect.inset(page.mm(1.2))
            if key is PadKey.BACKSPACE:
                side = min(inside.h, page.mm(11))
                icon = Rect(inside.x + (inside.w - side) // 2, inside.y + (inside.h - side) // 2, side, side)
                page.scene.nodes.append(Icon(icon, "backspace", page.colours.text, page.colours.surface))
            else:
                page.text(
                    inside,
                    Words("pad.clear"),
                    page.sizes.label * 1.15,
                    bold=True,
                    ground=page.colours.surface,
                    centred=True,
                    leading=1.15,
                    floor_mm=4.0,
                )
            page.target(rect, Touch(pad=key), f"pad.{key.value}")
            continue
        digit = order[index if index < 9 else 9]
        page.box(rect, page.colours.button, edge=page.colours.primary)
        page.raw(
            rect,
            str(digit),
            "ja",
            page.sizes.headline,
            bold=True,
            colour=page.colours.primary,
            ground=page.colours.button,
            centred=True,
            leading=1.0,
        )
        page.target(rect, Touch(digit=digit), "pad.digit")
