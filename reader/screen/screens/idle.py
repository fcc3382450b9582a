"""The start: an invitation to put the card in."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Content, Picture, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session


def content(session: Session) -> Content:
    """What the patient reads."""
    return Content(Words("idle.headline"), Words("idle.body"), picture=Picture.CARD_IN, note=Words("idle.phone"))


SCREEN = Screen(content, message.compose)
