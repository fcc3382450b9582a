"""From session to screen: pure, and only what the patient needs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.screen.cases import CLINIC, cases
from reader.screen.model import PROGRESS_STEPS
from reader.screen.view import FOR_STAFF, LiveView, present
from reader.session.failures import Failure
from reader.session.state import Aids, CardFacts, Rules, Session, VisualOrder
from reader.session.vocabulary import Button, CertificateState, Consent, Ref, Step

CASES = {case.name: case for case in cases()}
CARD = CardFacts(certificate_state=CertificateState.VALID, pin_tries=3, age=50, photo=Ref("photo", 1))


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_same_session_gives_an_equal_model(name: str) -> None:
    assert CASES[name].model() == CASES[name].model()


def test_pixels_do_not_make_a_model_differ() -> None:
    session, frame = Session(step=Step.FACE, card=CARD), np.zeros((4, 4, 3), np.uint8)
    assert present(session, LiveView(preview=frame)) == present(session, LiveView(preview=frame + 1))
    assert "preview" not in repr(present(session, LiveView(preview=frame)))


@given(st.floats(-1, 2))
def test_progress_stays_on_the_ring(progress: float) -> None:
    shown = present(Session(step=Step.FACE, progress=progress), LiveView())
    assert 0 <= shown.progress <= PROGRESS_STEPS


@given(st.floats(-5, 60))
def test_the_countdown_is_never_below_zero(seconds: float) -> None:
    shown = present(Session(step=Step.CONSENT), LiveView(countdown=seconds))
    assert shown.countdown is not None
    assert shown.countdown >= 0


@pytest.mark.parametrize("step", [Step.STAFF_CODE, Step.VISUAL_CHECK])
def test_staff_read_japanese_whatever_the_patient_chose(step: Step) -> None:
    shown = present(Session(step=step, aids=Aids(language="vi", easy_japanese=True)), LiveView())
    assert (shown.language, shown.easy) == ("ja", False)


def test_an_armed_visual_check_shows_a_line_only_while_no_card_is_in() -> None:
    order = VisualOrder("受付1", "unwell", 60.0)
    assert present(Session(step=Step.IDLE, visual=order), LiveView()).staff_line is not None
    assert present(Session(step=Step.FACE, visual=order, slot_visit=1), LiveView()).staff_line is None


def test_tries_left_are_said_before_the_pin_is_asked() -> None:
    shown = present(Session(step=Step.PIN_ENTRY, card=replace(CARD, pin_tries=2)), LiveView())
    assert shown.content.tries is not None
    assert shown.content.tries.values == (("tries", "2"),)


def test_the_visual_check_is_decided_here_only_behind_a_staff_code() -> None:
    locked = present(Session(step=Step.VISUAL_CHECK, card=CARD), LiveView())
    unlocked = present(Session(step=Step.VISUAL_CHECK, card=CARD, visual_unlocked=True), LiveView())
    assert [choice.button for choice in locked.content.choices] == [Button.VISUAL_CHECK]
    assert [choice.button for choice in unlocked.content.choices] == [Button.SAME_PERSON, Button.OTHER_PERSON]


def test_a_returning_patient_sees_what_was_answered_last_time() -> None:
    last = dict.fromkeys(Consent, True) | {Consent.OPERATION: False}
    shown = present(Session(step=Step.CONSENT_AGAIN, card=CARD, last_consents=last), LiveView())
    assert [row.answer for row in shown.content.rows] == [True, False, True]


def test_the_reminder_grows_until_the_card_is_taken() -> None:
    words = [
        present(Session(step=Step.DONE, slot_visit=1, card_left_stage=stage), LiveView()).content for stage in range(4)
    ]
    assert [content.urgency for content in words] == [0, 1, 2, 3]
    assert len({content.headline for content in words}) == 3
    taken = present(Session(step=Step.DONE, slot_visit=0), LiveView()).content
    assert taken.headline not in {content.headline for content in words}


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_ends_on_its_own_words_with_a_code_for_staff(failure: Failure) -> None:
    content = present(Session(step=Step.REFERRED, failure=failure), LiveView()).content
    assert content.headline.text_id == f"failure.{failure.name.lower()}.headline"
    assert content.code is not None
    assert content.code.values == (("code", failure.value),)


def test_more_than_two_answers_are_asked_nowhere() -> None:
    for case in cases():
        if case.session.step not in FOR_STAFF:
            assert len(case.model().content.choices) <= 2


def test_only_offered_languages_reach_the_screen() -> None:
    shown = present(Session(rules=Rules(languages=("ja", "en"))), LiveView(clinic=CLINIC))
    assert shown.languages == ("ja", "en")
    assert shown.clinic == CLINIC
