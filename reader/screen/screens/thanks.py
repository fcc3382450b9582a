"""Goodbye."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Content, Picture, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session


def content(session: Session) -> Content:
    """What the patient reads."""
    body = Words("thanks.body" if session.verified else "thanks.aborted")
    return Content(Words("thanks.headline"), body, picture=Picture.DONE if session.verified else Picture.SEAT)


SCREEN = Screen(content, message.compose)
