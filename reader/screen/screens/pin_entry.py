"""Four digits, with the tries left said beforehand; nothing goes to the card before 決定."""

from __future__ import annotations

from reader.screen.layouts import pad
from reader.screen.model import Content, Words
from reader.screen.screens.offers import face_choice
from reader.screen.screens.screen import Screen
from reader.session.state import Session


def content(session: Session) -> Content:
    """What the patient reads."""
    tries = session.card.pin_tries
    left = None if tries is None else Words("pin_entry.tries", (("tries", str(tries)),))
    headline = Words("pin_entry.wrong" if session.pin_wrong else "pin_entry.headline")
    return Content(headline, tries=left, choices=face_choice(session))


SCREEN = Screen(content, pad.compose)
