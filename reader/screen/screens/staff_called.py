"""Staff are on their way; the patient may go on."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Choice, Content, Picture, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Button


def content(session: Session) -> Content:
    """What the patient reads."""
    return Content(
        Words("staff_called.headline"),
        Words("staff_called.body"),
        picture=Picture.STAFF_COMES,
        choices=(
            Choice(Button.STAY, Words("button.stay"), Rank.PRIMARY),
            Choice(Button.VISUAL_CHECK, Words("button.visual_check")),
        ),
    )


SCREEN = Screen(content, message.compose)
