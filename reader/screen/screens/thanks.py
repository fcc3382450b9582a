"""Goodbye."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Content, Picture, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Part


def content(session: Session) -> Content:
    """What the patient reads."""
    if Part.DESK in session.missing:
        return Content(Words("thanks.headline"), Words("failure.desk_away.headline"), picture=Picture.TO_DESK)
    return Content(Words("thanks.headline"), Words("thanks.body"), picture=Picture.DONE)


SCREEN = Screen(content, message.compose)
