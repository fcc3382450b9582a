"""What helps is on the screen: a hint for the next try, a reason for a button that is gone, where to go."""

from __future__ import annotations

import pytest

from reader.screen.screens import SCREENS
from reader.session.failures import Failure
from reader.session.state import CardFacts, Rules, Session
from reader.session.vocabulary import Button, CertificateState, Part, Step


def shown(session: Session) -> tuple[list[str], set[Button]]:
    """Return the ids of the sentences and the buttons of a session's screen."""
    content = SCREENS[session.step].content(session)
    words = (content.headline, content.body, content.tries, content.note, content.code)
    return [line.text_id for line in words if line is not None], {choice.button for choice in content.choices}


@pytest.mark.parametrize(
    ("failure", "hint"),
    [
        (Failure.FACE_NOT_MATCHED, "guidance.uncover_face"),
        (Failure.FACE_LIGHT, "face_again.hint.light"),
        (Failure.FACE_NOT_SEEN, "face_again.hint.seen"),
        (Failure.FACE_NOT_LIVE, "face_again.hint.still"),
        (None, "face_again.body"),
    ],
)
def test_the_next_try_says_what_would_help(failure: Failure | None, hint: str) -> None:
    assert hint in shown(Session(step=Step.FACE_AGAIN, failure=failure))[0]


def test_where_the_pin_is_locked_its_button_is_gone_and_the_reason_is_there() -> None:
    words, buttons = shown(Session(step=Step.FACE_GIVEN_UP, card=CardFacts(pin_tries=0)))
    assert "failure.pin_locked.body" in words
    assert buttons == {Button.STAFF}
    words, buttons = shown(Session(step=Step.FACE_GIVEN_UP, card=CardFacts(pin_tries=3)))
    assert "failure.pin_locked.body" not in words
    assert buttons == {Button.STAFF, Button.USE_PIN}


@pytest.mark.parametrize("asked", [False, True])
def test_who_uses_a_specific_disease_certificate_can_say_so_unless_asked_anyway(asked: bool) -> None:
    card = CardFacts(certificate_state=CertificateState.VALID)
    session = Session(rules=Rules(ask_specific_disease=asked), step=Step.CONSENT, card=card)
    assert (Button.SPECIFIC_DISEASE in shown(session)[1]) is not asked


@pytest.mark.parametrize(("step", "card"), [(Step.DONE, 1), (Step.DONE, 0), (Step.THANKS, 0)])
def test_with_the_desk_away_the_last_screens_send_the_patient_there(step: Step, card: int) -> None:
    waiting = {"done.body", "done.waiting", "thanks.body"}
    words, _ = shown(Session(step=step, slot_visit=card, missing={Part.DESK: Failure.DESK_AWAY}))
    assert "failure.desk_away.headline" in words
    assert not waiting & set(words), "nobody would call them"
    words, _ = shown(Session(step=step, slot_visit=card))
    assert "failure.desk_away.headline" not in words
    assert waiting & set(words)


def test_staff_see_at_the_start_screen_which_part_is_missing() -> None:
    away = {Part.CAMERA: Failure.CAMERA_MISSING}
    assert "referred.code" in shown(Session(step=Step.IDLE, missing=away))[0]
    assert "referred.code" not in shown(Session(step=Step.IDLE))[0]
