"""The patient is not registered yet: the wish is asked."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Choice, Content, Picture, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Button


def content(session: Session) -> Content:
    """What the patient reads."""
    return Content(
        Words("registration.headline"),
        Words("registration.body"),
        picture=Picture.REGISTER,
        choices=(
            Choice(Button.YES, Words("button.register"), Rank.PRIMARY),
            Choice(Button.NO, Words("button.not_now")),
        ),
    )


SCREEN = Screen(content, message.compose)
