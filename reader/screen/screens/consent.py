"""The consents: each can be agreed or declined, or all agreed at once. 限度額 is not among them.

Who uses a 特定疾病 certificate says so here; nobody else is asked, unless the site wants it.
"""

from __future__ import annotations

from reader.screen.layouts import consents
from reader.screen.model import Choice, ConsentRow, Content, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.consents import items_to_ask
from reader.session.state import Session
from reader.session.vocabulary import Button, ConsentItem


def content(session: Session) -> Content:
    """What the patient reads."""
    rows = tuple(ConsentRow(item, session.answers.get(item)) for item in items_to_ask(session))
    choices = [Choice(Button.AGREE_ALL, Words("button.agree_all"), Rank.PRIMARY)]
    if not any(row.item is ConsentItem.SPECIFIC_DISEASE for row in rows):
        choices.append(Choice(Button.SPECIFIC_DISEASE, Words("button.specific_disease")))
    return Content(Words("consent.headline"), Words("consent.body"), rows=rows, choices=tuple(choices))


SCREEN = Screen(content, consents.compose)
