"""Between two face tries: what would help, without blame."""

from __future__ import annotations

from reader.screen.layouts import face
from reader.screen.model import Content, Words
from reader.screen.screens.offers import pin_choice
from reader.screen.screens.screen import Screen
from reader.session.failures import Failure
from reader.session.state import Session

_HINTS = {
    Failure.FACE_LIGHT: "light",
    Failure.FACE_NOT_SEEN: "seen",
    Failure.FACE_NOT_MATCHED: "seen",
    Failure.FACE_NOT_LIVE: "still",
}


def content(session: Session) -> Content:
    """What the patient reads."""
    hint = _HINTS.get(session.failure) if session.failure is not None else None
    body = Words(f"face_again.hint.{hint}") if hint else Words("face_again.body")
    return Content(Words("face_again.headline"), body, choices=pin_choice(session), guidance=session.guidance)


SCREEN = Screen(content, face.compose)
