"""The start: an invitation to put the card in, and a small code for staff where a part is missing.

The corner with the clock opens the staff code.
"""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Content, Picture, Words
from reader.screen.page import Page
from reader.screen.screens.screen import Screen
from reader.session.state import Session


def content(session: Session) -> Content:
    """What the patient reads."""
    missing = next(iter(session.missing.values()), None)
    code = Words("referred.code", (("code", missing.value),)) if missing is not None else None
    return Content(
        Words("idle.headline"), Words("idle.body"), picture=Picture.CARD_IN, note=Words("idle.phone"), code=code
    )


def compose(page: Page) -> None:
    """Lay out the message, and the staff corner nobody needs to see."""
    message.compose(page)
    page.staff_corner()


SCREEN = Screen(content, compose)
