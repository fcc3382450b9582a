"""For staff: how every part of the machine is, the worst first; the visual check for the next patient; the reset."""

from __future__ import annotations

from typing import Final

from reader.screen.layouts import inspection
from reader.screen.model import Choice, Content, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Button, Condition

_WORST_FIRST: Final = (Condition.FAULT, Condition.ATTENTION, Condition.OK, Condition.SKIPPED)


def content(session: Session) -> Content:
    """What staff read."""
    parts = session.inspection
    worst = "wait"
    if parts is not None:
        parts = tuple(sorted(parts, key=lambda part: _WORST_FIRST.index(part.condition)))
        worst = parts[0].condition.value if parts else Condition.SKIPPED.value
    return Content(
        Words(f"staff_corner.{worst}"),
        parts=parts,
        page=session.inspection_page,
        choices=(
            Choice(Button.STOP, Words("button.back")),
            Choice(Button.NEXT, Words("button.next")),
            Choice(Button.RESET, Words("button.reset")),
            Choice(Button.VISUAL_CHECK, Words("staff_corner.visual_check"), Rank.PRIMARY),
        ),
    )


SCREEN = Screen(content, inspection.compose)
