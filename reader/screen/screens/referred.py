"""The visit cannot go on here: what to do, in one sentence, and a small code for staff."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Content, Picture, Words
from reader.screen.screens.screen import Screen
from reader.session.failures import Failure
from reader.session.state import Session


def content(session: Session) -> Content:
    """What the patient reads."""
    failure = session.failure or Failure.INTERNAL
    return Content(
        Words(f"failure.{failure.name.lower()}.headline"),
        Words(f"failure.{failure.name.lower()}.body"),
        picture=Picture.CARD_OUT if session.card_in and session.card_left_stage else Picture.TO_DESK,
        code=Words("referred.code", (("code", failure.value),)),
        urgency=session.card_left_stage,
    )


SCREEN = Screen(content, message.compose)
