"""The front of the card could not be read: how to put it in."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Content, Picture, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import CardFrontProblem

_PICTURES = {
    CardFrontProblem.BACK_SIDE: Picture.CARD_TURN,
    CardFrontProblem.SLEEVE: Picture.CARD_SLEEVE,
    CardFrontProblem.BLUR: Picture.CARD_PUSH,
    CardFrontProblem.NO_CARD_SEEN: Picture.CARD_PUSH,
    CardFrontProblem.UNREADABLE: Picture.CARD_AGAIN,
    CardFrontProblem.CAMERA_MISSING: Picture.TO_DESK,
}


def content(session: Session) -> Content:
    """What the patient reads."""
    problem = session.card.front_problem or CardFrontProblem.UNREADABLE
    return Content(
        Words(f"reseat_card.{problem.value}.headline"),
        Words(f"reseat_card.{problem.value}.body"),
        picture=_PICTURES[problem],
    )


SCREEN = Screen(content, message.compose)
