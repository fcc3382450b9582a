"""One sentence, one picture, at most two answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from reader.screen.model import Words
from reader.screen.page import Page
from reader.screen.panels import Shape
from reader.screen.scene import Icon, Rect

#: Width of the picture beside the words on a wide panel, in millimetres; large text takes some of it.
PICTURE_MM: Final = 68
PICTURE_BESIDE_LARGE_TEXT_MM: Final = 46
#: Height a picture has on a tall panel before the words under it shrink, in millimetres.
TALL_PICTURE_MM: Final = 40
#: A smaller picture than this tells nothing and is left out.
SMALLEST_PICTURE_MM: Final = 22


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
    if page.shape is Shape.WIDE:
        _wide(page, area)
    elif page.shape is Shape.LOW:
        _low(page, area)
    else:
        _tall(page, area)


def _follow(page: Page) -> tuple[Words, ...]:
    """What stands under the headline. Large text leaves no room for the note, which is for few."""
    content = page.model.content
    note = None if page.model.large_text and content.body is not None else content.note
    return tuple(words for words in (content.body, content.tries, note) if words is not None)


def _wide(page: Page, area: Rect) -> None:
    """Picture left, words right."""
    content, gap = page.model.content, page.mm(page.sizes.gap)
    width = PICTURE_BESIDE_LARGE_TEXT_MM if page.model.large_text else PICTURE_MM
    picture, text = area.split_x(page.mm(width), gap * 2)
    page.art(picture, content.picture, urgency=content.urgency)
    if content.rows:
        head, text = text.split_y(round(text.h * 0.34), gap)
        page.text(head, content.headline, page.sizes.headline, bold=True)
        _rows(page, text)
        return
    page.sentence(text, content.headline, *_follow(page))


def _low(page: Page, area: Rect) -> None:
    """The headline over the whole width; under it the picture, and the words beside it."""
    content, gap = page.model.content, page.mm(page.sizes.gap)
    head, rest = area.split_y(round(area.h * (0.32 if content.rows else 0.46)), gap)
    page.text(head, content.headline, page.sizes.headline, bold=True)
    if content.rows:
        _rows(page, rest)
        return
    picture, text = rest.split_x(round(area.w * (0.28 if page.model.large_text else 0.36)), gap * 2)
    page.art(picture, content.picture, urgency=content.urgency)
    follow = _follow(page)
    if follow:
        for cell, words in zip(text.column(len(follow), page.mm(1.0)), follow, strict=True):
            page.text(cell, words, page.sizes.body, colour=page.colours.soft_text)


def _tall(page: Page, area: Rect) -> None:
    """Headline, picture, words one under the other; the words give way until the picture can be understood."""
    content, gap = page.model.content, page.mm(page.sizes.gap)
    follow = _follow(page)
    head_h = page.measure(replace(area, h=round(area.h * 0.4)), content.headline, page.sizes.headline, bold=True)
    room = area.h - head_h - 2 * gap - page.mm(TALL_PICTURE_MM)
    picture_h, heights = 0, [0]
    for share in (0.42, 0.5, 0.6, 0.8):  # the least that the words can be set in; most of the room without a picture
        each = max(room, round((area.h - head_h) * share)) // max(1, len(follow))
        heights = [page.measure(replace(area, h=each), words, page.sizes.body) for words in follow]
        rows_h = page.mm(page.sizes.body * 1.6) * len(content.rows)
        picture_h = area.h - head_h - (rows_h or sum(heights) + page.mm(1.0) * len(heights)) - 2 * gap
        enough = all(page.fits(replace(area, h=each), words, page.sizes.body) for words in follow)
        if enough and picture_h >= page.mm(SMALLEST_PICTURE_MM):
            break
    y = area.y
    if picture_h < page.mm(SMALLEST_PICTURE_MM):
        picture_h, y = 0, area.y + max(0, (picture_h + gap) // 2)
    page.text(replace(area, y=y, h=head_h), content.headline, page.sizes.headline, bold=True, centred=True)
    y += head_h + gap
    if picture_h:
        page.art(replace(area, y=y, h=picture_h), content.picture, urgency=content.urgency)
        y += picture_h + gap
    if content.rows:
        _rows(page, replace(area, y=y, h=area.bottom - y))
        return
    spare = max(0, (area.bottom - y - sum(heights) - page.mm(1.0) * len(heights)) // 2)
    for words, height in zip(follow, heights, strict=True):
        box = replace(area, y=y + spare, h=height)
        page.text(box, words, page.sizes.body, colour=page.colours.soft_text, centred=True)
        y += height + page.mm(1.0)


def _rows(page: Page, rect: Rect) -> None:
    """List last time's answers: what, and how it was answered; word and sign, never colour alone."""
    rows = page.model.content.rows
    height = min(rect.h // max(1, len(rows)), page.mm(page.sizes.body * 1.5))
    top = rect.y + (rect.h - height * len(rows)) // 2
    side = round(height * 0.6)
    names, icons, answers = [], [], []
    for index, row in enumerate(rows):
        # One pixel less than there is: letters round up.
        line = Rect(rect.x, top + index * height, rect.w, height - 1)
        name, answer = line.split_x(round(rect.w * 0.54), page.mm(1))
        icons.append(Rect(answer.x, answer.y + (height - side) // 2, side, side))
        after = Rect(answer.x + side + page.mm(1.5), answer.y, answer.w - side - page.mm(1.5), line.h)
        names.append((name, Words(f"consent.short.{row.item.value}")))
        answers.append((after, Words("consent_again.agreed" if row.answer else "consent_again.declined")))
    size = min(
        page.common_size(names, page.sizes.body, leading=1.1),
        page.common_size(answers, page.sizes.body, bold=True, leading=1.1),
    )
    for row, icon, (name, what), (after, answered) in zip(rows, icons, names, answers, strict=True):
        page.text(name, what, size, leading=1.1)
        sign = "check" if row.answer else "cross"
        page.scene.nodes.append(Icon(icon, sign, page.colours.text, page.colours.ground))
        page.text(after, answered, size, bold=True, leading=1.1)
