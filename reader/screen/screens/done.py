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
    if Part.DESK in session.missing:  # nobody there sees this patient on a screen
        note = Words("failure.desk_away.headline")
    if not session.card_in:
        return Content(Words("done.waiting"), Words("done.finished"), note, Picture.DONE)
    headline = ("done.headline", "done.left.once", "done.left.twice", "done.left.twice")[min(stage, 3)]
    body = Words("done.body" if stage == 0 else "done.headline")
    return Content(Words(headline), body, note, Picture.CARD_OUT, urgency=stage)


SCREEN = Screen(content, message.compose)
