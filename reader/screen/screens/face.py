"""The face try: the mirror, and the one most useful thing to do."""

from __future__ import annotations

from reader.screen.layouts import face
from reader.screen.model import Content, Words
from reader.screen.screens.offers import pin_choice
from reader.screen.screens.screen import Screen
from reader.session.state import Session


def content(session: Session) -> Content:
    """What the patient reads."""
    guidance = session.guidance
    headline = Words("face.headline") if guidance is None else Words(f"guidance.{guidance.value}")
    return Content(headline, choices=pin_choice(session), guidance=guidance)


SCREEN = Screen(content, face.compose)
