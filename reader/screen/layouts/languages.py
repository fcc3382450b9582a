"""The language list, over any screen: every language by its own name, and easy Japanese."""

from __future__ import annotations

from reader.screen.model import Words
from reader.screen.page import Page
from reader.screen.panels import Shape
from reader.screen.scene import Rect, Touch
from reader.session.vocabulary import Button
from reader.text import LANGUAGES


def compose(page: Page) -> None:
    """Lay out the list in as many columns as the panel can hold."""
    offered = [tag for tag in LANGUAGES if tag in page.model.languages]
    gap = page.mm(page.sizes.gap)
    count = len(offered) + 1
    most = {Shape.WIDE: 4, Shape.LOW: 3, Shape.TALL: 2}[page.shape]
    columns = 2 if count <= 4 else most
    rows = -(-count // columns)
    target, area = page.mm(page.sizes.target), page.content
    if rows > 3:
        gap = page.mm(2.0)
    # The list takes its full height; the headline has what is left, at most one and a half targets.
    head_h = min(round(target * 1.5), area.h - rows * target - rows * gap)
    head, area = area.split_y(head_h, gap)
    page.text(head, Words("languages.headline"), page.sizes.headline * 0.8, bold=True, leading=1.1)
    height = min(round(target * 1.25), (area.h - gap * (rows - 1)) // rows)
    for index in range(count):
        row, column = divmod(index, columns)
        cell = Rect(area.x, area.y + row * (height + gap), area.w, height).row(columns, gap)[column]
        _entry(page, cell, "" if index == 1 else offered[index if index == 0 else index - 1])


def _entry(page: Page, cell: Rect, tag: str) -> None:
    """One language; an empty tag is easy Japanese."""
    on = page.model.easy if not tag else tag == page.model.language and not page.model.easy
    fill = page.colours.primary if on else page.colours.button
    ink = page.colours.on_primary if on else page.colours.primary
    page.box(cell, fill, edge=page.colours.primary)
    inside = cell.inset(page.mm(1.6), page.mm(0.8))
    size = page.sizes.button * 0.9
    if tag:
        page.raw(inside, page.catalogue.name(tag), tag, size, bold=True, colour=ink, ground=fill, centred=True)
        page.target(cell, Touch(Button.LANGUAGE, language=tag), f"languages.{tag}")
    else:
        name = page.catalogue.text("button.easy_japanese")
        page.raw(
            inside,
            name,
            "ja",
            size,
            bold=True,
            colour=ink,
            ground=fill,
            centred=True,
            leading=1.1,
            text_id="button.easy_japanese",
        )
        page.target(cell, Touch(Button.EASY_JAPANESE), "button.easy_japanese")
