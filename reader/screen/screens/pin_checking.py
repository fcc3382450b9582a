"""The card compares the PIN."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Content, Picture, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session


def content(session: Session) -> Content:
    """What the patient reads."""
    return Content(Words("pin_checking.headline"), Words("pin_checking.body"), picture=Picture.CARD_STAYS)


SCREEN = Screen(content, message.compose)
