"""For staff: the IC photo beside the live view (目視確認), one patient only."""

from __future__ import annotations

from reader.screen.layouts import compare
from reader.screen.model import Choice, Content, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Button


def content(session: Session) -> Content:
    """What staff read."""
    order = session.visual
    note = None
    if order is not None:
        note = Words("visual_check.order", (("operator", order.operator), ("reason", order.reason)))
    return Content(
        Words("visual_check.headline"),
        note=note,
        choices=(
            Choice(Button.SAME_PERSON, Words("button.same_person"), Rank.PRIMARY),
            Choice(Button.OTHER_PERSON, Words("button.other_person")),
        ),
    )


SCREEN = Screen(content, compare.compose)
