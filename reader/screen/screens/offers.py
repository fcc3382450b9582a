"""The other way to prove who one is, offered wherever it is open."""

from __future__ import annotations

from reader.screen.model import Choice, Words
from reader.session.moves import face_possible, pin_possible
from reader.session.state import Session
from reader.session.vocabulary import Button


def pin_choice(session: Session) -> tuple[Choice, ...]:
    """The PIN button, unless the card has no try left (locked, or a 顔認証カード)."""
    if not pin_possible(session):
        return ()
    return (Choice(Button.USE_PIN, Words("button.use_pin")),)


def face_choice(session: Session) -> tuple[Choice, ...]:
    """The way back to the camera, while there is one and tries are left."""
    if not face_possible(session):
        return ()
    return (Choice(Button.USE_FACE, Words("button.use_face")),)
