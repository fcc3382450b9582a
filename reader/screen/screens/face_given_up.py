"""The face could not be matched: PIN or staff, without blame."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Choice, Content, Picture, Rank, Words
from reader.screen.screens.offers import pin_choice
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Button


def content(session: Session) -> Content:
    """What the patient reads."""
    choices = pin_choice(session)
    if not choices:
        locked = session.card.pin_tries == 0
        return Content(
            Words("face_given_up.no_pin.headline"),
            Words("failure.pin_locked.body" if locked else "face_given_up.no_pin.body"),
            picture=Picture.STAFF_COMES,
            choices=(Choice(Button.STAFF, Words("button.staff"), Rank.PRIMARY),),
        )
    staff = Choice(Button.STAFF, Words("button.staff"))
    return Content(
        Words("face_given_up.headline"),
        Words("face_given_up.body"),
        picture=Picture.PIN_OR_STAFF,
        choices=(*choices, staff),
    )


SCREEN = Screen(content, message.compose)
