"""The mirror: live view with the oval, one sentence beside it, and a way to the PIN."""

from __future__ import annotations

from reader.screen.page import Page
from reader.screen.panels import Shape
from reader.screen.scene import Mirror


def compose(page: Page) -> None:
    """Lay out mirror, sentence and answers."""
    content = page.model.content
    gap = page.mm(page.sizes.gap)
    if page.shape is Shape.TALL:
        area = page.answers(page.content, content.choices)
        head, mirror = area.split_y(page.mm(28), gap)
        page.text(head, content.headline, page.sizes.headline, bold=True, centred=True)
    else:
        share = 0.5 if page.shape is Shape.WIDE else 0.52
        if page.model.large_text:
            share -= 0.08
        mirror, side = page.content.split_x(round(page.content.w * share), gap * 2)
        rest = page.answers(side, content.choices)
        page.sentence(rest, content.headline, content.body if page.shape is Shape.WIDE else None)
    page.scene.nodes.append(Mirror(mirror, "preview", True, content.guidance))
