"""Between two face tries: what would help, without blame."""

from __future__ import annotations

from reader.screen.layouts import face
from reader.screen.model import Content, Words
from reader.screen.screens.offers import pin_choice
from reader.screen.screens.screen import Screen
from reader.session.failures import Failure
from reader.session.state import Session

_HINTS = {
    Failure.FACE_LIGHT: "face_again.hint.light",
    Failure.FACE_NOT_SEEN: "face_again.hint.seen",
    Failure.FACE_NOT_MATCHED: "guidance.uncover_face",  # what most often hides a face in a clinic
    Failure.FACE_NOT_LIVE: "face_again.hint.still",
}


def content(session: Session) -> Content:
    """What the patient reads."""
    hint = _HINTS.get(session.failure, "face_again.body") if session.failure is not None else "face_again.body"
    return Content(Words("face_again.headline"), Words(hint), choices=pin_choice(session), guidance=session.guidance)


SCREEN = Screen(content, face.compose)
