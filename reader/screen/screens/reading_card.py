"""The card is being read while the patient is already looked at."""

from __future__ import annotations

from reader.screen.layouts import face
from reader.screen.model import Content, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session


def content(session: Session) -> Content:
    """What the patient reads."""
    return Content(Words("reading_card.headline"), Words("reading_card.body"), guidance=session.guidance)


SCREEN = Screen(content, face.compose)
