"""A returning patient: the same answers as last time, with one tap."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Choice, ConsentRow, Content, Picture, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.consents import answers_from, items_to_ask
from reader.session.state import Session
from reader.session.vocabulary import Button


def content(session: Session) -> Content:
    """What the patient reads, with last time's answers."""
    last = answers_from(session.last_consents or {}, items_to_ask(session)) or {}
    return Content(
        Words("consent_again.headline"),
        picture=Picture.PAPERS,
        rows=tuple(ConsentRow(item, answer) for item, answer in last.items()),
        choices=(
            Choice(Button.SAME_AS_BEFORE, Words("button.same_as_before"), Rank.PRIMARY),
            Choice(Button.CHANGE, Words("button.change")),
        ),
    )


SCREEN = Screen(content, message.compose)
