"""For staff: the IC photo beside the live view (目視確認), one patient only."""

from __future__ import annotations

from reader.screen.layouts import compare
from reader.screen.model import TEXT_MARK, Choice, Content, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Button, VisualReason

_KNOWN_REASONS = ("at_kiosk", *VisualReason)


def content(session: Session) -> Content:
    """What staff read. The answer counts here only behind a staff code; otherwise the desk decides."""
    order = session.visual
    note = None
    if order is not None:
        known = order.reason in _KNOWN_REASONS
        reason = f"{TEXT_MARK}visual_check.reason.{order.reason}" if known else order.reason
        note = Words("visual_check.order", (("operator", order.operator), ("reason", reason)))
    if not session.visual_unlocked:
        choices: tuple[Choice, ...] = (Choice(Button.VISUAL_CHECK, Words("button.staff_code")),)
        return Content(Words("visual_check.desk"), note=note, choices=choices)
    choices = (
        Choice(Button.SAME_PERSON, Words("button.same_person"), Rank.PRIMARY),
        Choice(Button.OTHER_PERSON, Words("button.other_person")),
    )
    return Content(Words("visual_check.headline"), note=note, choices=choices)


SCREEN = Screen(content, compare.compose)
