"""A returning patient: the same answers as last time, with one tap."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Choice, Content, Picture, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Button


def content(session: Session) -> Content:
    """What the patient reads."""
    return Content(
        Words("consent_again.headline"),
        Words("consent_again.body"),
        picture=Picture.PAPERS,
        choices=(
            Choice(Button.SAME_AS_BEFORE, Words("button.same_as_before"), Rank.PRIMARY),
            Choice(Button.CHANGE, Words("button.change")),
        ),
    )


SCREEN = Screen(content, message.compose)
