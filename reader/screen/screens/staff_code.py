"""For staff: the staff code."""

from __future__ import annotations

from reader.screen.layouts import pad
from reader.screen.model import Choice, Content, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Button


def content(session: Session) -> Content:
    """What staff read."""
    tries = Words("staff_code.tries", (("tries", str(session.staff_tries)),))
    return Content(Words("staff_code.headline"), tries=tries, choices=(Choice(Button.STOP, Words("button.back")),))


SCREEN = Screen(content, pad.compose)
