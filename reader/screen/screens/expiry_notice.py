"""The certificate ends soon, or is in its months of grace."""

from __future__ import annotations

from reader.screen.layouts import message
from reader.screen.model import Choice, Content, Picture, Rank, Words
from reader.screen.screens.screen import Screen
from reader.session.state import Session
from reader.session.vocabulary import Button, CertificateState


def content(session: Session) -> Content:
    """What the patient reads."""
    state = session.card.certificate_state
    kind = "grace" if state is CertificateState.GRACE else "expiring"
    return Content(
        Words(f"expiry_notice.{kind}.headline"),
        Words(f"expiry_notice.{kind}.body", (("date", session.card.not_after or ""),)),
        picture=Picture.CALENDAR,
        choices=(Choice(Button.NEXT, Words("button.next"), Rank.PRIMARY),),
    )


SCREEN = Screen(content, message.compose)
