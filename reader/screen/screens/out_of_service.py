"""Nothing can be read: to the reception, in one sentence, with a code for staff, who may see why in their corner."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Content, Picture, Words
from reader.screen.page import Page
from reader.screen.screens.screen import Screen
from reader.session.state import Session


def content(session: Session) -> Content:
    """What the patient reads."""
    code = session.failure or next(iter(session.missing.values()), None)
    line = Words("referred.code", (("code", code.value),)) if code is not None else None
    return Content(Words("out_of_service.headline"), Words("out_of_service.body"), picture=Picture.TO_DESK, code=line)


def compose(page: Page) -> None:
    """Lay out the message, and the staff corner nobody needs to see."""
    message.compose(page)
    page.staff_corner()


SCREEN = Screen(content, compose)
