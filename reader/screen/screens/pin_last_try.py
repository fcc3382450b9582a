"""One try left on the PIN: a second confirmation, and the reception as the other way."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Choice, Content, Picture, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Button


def content(session: Session) -> Content:
    """What the patient reads."""
    return Content(
        Words("pin_last_try.headline"),
        Words("pin_last_try.body"),
        picture=Picture.PIN,
        choices=(
            Choice(Button.STAFF, Words("button.staff"), Rank.PRIMARY),
            Choice(Button.YES, Words("button.go_on")),
        ),
    )


SCREEN = Screen(content, message.compose)
