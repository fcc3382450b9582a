"""A notice for staff: headline, what to know, and in a frame of its own what must not be overlooked."""

from __future__ import annotations

from typing import Final

from reader.screen.page import Page
from reader.screen.panels import Shape

# Staff read this standing close: letters may be as small as JIS S 0032 allows at 35 cm.
FLOOR_MM: Final = 3.4


def compose(page: Page) -> None:
    """Lay out headline, body, the framed line and the answers, one under the other."""
    content, gap = page.model.content, page.mm(page.sizes.gap)
    area = page.answers(page.content, content.choices, stacked=False)
    head, area = area.split_y(round(area.h * (0.26 if page.shape is Shape.LOW else 0.38)), gap)
    page.text(head, content.headline, page.sizes.headline, bold=True)
    if content.tries is not None:
        area, frame = area.split_y(round(area.h * 0.6), gap)
        page.box(frame, page.colours.attention_tint)
        page.text(
            frame.inset(gap, page.mm(1.0)),
            content.tries,
            page.sizes.body * 0.9,
            bold=True,
            colour=page.colours.on_attention,
            ground=page.colours.attention_tint,
            floor_mm=FLOOR_MM,
        )
    if content.body is not None:
        page.text(area, content.body, page.sizes.body, colour=page.colours.soft_text, floor_mm=FLOOR_MM)
