"""The consents: each can be agreed or declined, or all agreed at once. 限度額 is not among them."""

from __future__ import annotations

from reader.screen.layouts import consents
from reader.screen.model import Choice, ConsentRow, Content, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.consents import items_to_ask
from reader.session.state import Session
from reader.session.vocabulary import Button


def content(session: Session) -> Content:
    """What the patient reads."""
    rows = tuple(ConsentRow(item, session.answers.get(item)) for item in items_to_ask(session.card, session.rules))
    return Content(
        Words("consent.headline"),
        Words("consent.body"),
        rows=rows,
        choices=(Choice(Button.AGREE_ALL, Words("button.agree_all"), Rank.PRIMARY),),
    )


SCREEN = Screen(content, consents.compose)
