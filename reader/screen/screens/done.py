"""All is done: take the card, wait to be called. The reminder grows with time."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Content, Picture, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import CertificateState, Part


def content(session: Session) -> Content:
    """What the patient reads."""
    stage = session.card_left_stage
    state = session.card.certificate_state
    note = None
    if state in (CertificateState.EXPIRING_SOON, CertificateState.GRACE):
        kind = "grace" if state is CertificateState.GRACE else "expiring"
        note = Words(f"done.{kind}", (("date", session.card.not_after or ""),))
    # Where the desk is away nobody sees this patient on a screen, and nobody would call them.
    away = Part.DESK in session.missing
    desk = "failure.desk_away.headline"
    if not session.card_in:
        picture = Picture.TO_DESK if away else Picture.DONE
        return Content(Words(desk if away else "done.waiting"), Words("done.finished"), note, picture)
    headline = ("done.headline", "done.left.once", "done.left.twice", "done.left.twice")[min(stage, 3)]
    after = desk if away else "done.body"
    body = Words(after if stage == 0 else "done.headline")
    return Content(Words(headline), body, note, Picture.CARD_OUT, urgency=stage)


SCREEN = Screen(content, message.compose)
