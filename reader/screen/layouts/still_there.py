"""The "still there?" question over whatever screen is shown: a calm countdown and one big answer."""

from __future__ import annotations

from reader.screen.model import Choice, Rank, Words
from reader.screen.page import Page
from reader.screen.scene import Rect, Veil
from reader.session.vocabulary import Button


def compose(page: Page, seconds: int) -> None:
    """Lay a card over the screen. Only 続ける can be touched: everything under it is veiled."""
    page.scene.nodes.append(Veil(page.whole, page.colours.ground, 200))
    page.scene.targets.clear()
    margin = page.mm(page.sizes.margin * 2)
    width = min(page.whole.w - 2 * margin, page.mm(150))
    height = min(page.whole.h - 2 * margin, page.mm(100))
    card = Rect((page.whole.w - width) // 2, (page.whole.h - height) // 2, width, height)
    page.box(card, page.colours.ground, edge=page.colours.primary, radius_mm=4)
    area = card.inset(page.mm(page.sizes.margin * 1.5))
    target = page.mm(page.sizes.target * 1.3)
    button = Rect(area.x, area.bottom - target, area.w, target)
    page.button(button, Choice(Button.STAY, Words("button.stay"), Rank.PRIMARY), size_mm=page.sizes.button * 1.2)
    rest = Rect(area.x, area.y, area.w, button.y - page.mm(page.sizes.gap) - area.y)
    page.sentence(
        rest, Words("still_there.headline"), Words("still_there.body", (("seconds", str(seconds)),)), centred=True
    )
