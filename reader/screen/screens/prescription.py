"""電子処方箋: electronic or paper."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Choice, Content, Picture, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Button


def content(session: Session) -> Content:
    """What the patient reads."""
    return Content(
        Words("prescription.headline"),
        Words("prescription.body"),
        picture=Picture.PRESCRIPTION,
        choices=(
            Choice(Button.ELECTRONIC, Words("button.electronic"), Rank.PRIMARY),
            Choice(Button.PAPER, Words("button.paper"), Rank.PRIMARY),
        ),
    )


SCREEN = Screen(content, message.compose)
