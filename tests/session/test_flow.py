"""The official flow, branch by branch. Every test also holds the Never list (tests/session/never.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reader.session import effects as ef
from reader.session import events as ev
from reader.session.consents import answers_from, items_to_ask, official
from reader.session.core import countdown, deadline, start
from reader.session.failures import TRAITS, Failure
from reader.session.moves import proved, verified
from reader.session.state import CardFacts, Rules, Session
from reader.session.table import GUIDANCE_GAP_S, STEPS
from reader.session.vocabulary import (
    Button,
    CardFrontProblem,
    CertificateState,
    CheckedPart,
    Condition,
    Consent,
    ConsentItem,
    Guidance,
    Method,
    Outcome,
    Part,
    Prescription,
    Registration,
    ResetStage,
    Step,
)
from tests.session.visits import At

ALL = dict.fromkeys(Consent, True)


# -- スッ・顔・ピッ ------------------------------------------------------------------------------------------------


def test_a_patient_is_served_by_face_with_one_tap() -> None:
    at = At().by_face().press(Button.AGREE_ALL)
    assert at.is_at(Step.STORING)
    at.stored()
    assert at.is_at(Step.DONE)
    at.pull()
    assert at.is_at(Step.THANKS)
    at.wait(5)
    assert at.is_at(Step.IDLE)
    record = at.record()
    assert record.outcome is Outcome.ACCEPTED
    assert record.evidence.method is Method.FACE
    assert record.taps == 1
    assert [step for step, _ in record.timeline] == ["reading_card", "face", "consent"]


def test_the_face_try_starts_with_the_card_not_after_it_is_read() -> None:
    at = At().insert()
    assert at.did(ef.StartFace) == [ef.StartFace(1, 1)]
    assert at.did(ef.StartReading) == [ef.StartReading(1)]


def test_a_match_before_the_signatures_are_checked_decides_nothing_yet() -> None:
    at = At().insert().certificate().matched()
    assert at.is_at(Step.FACE)
    assert not at.watcher.session.verified
    at.card_face().wait(1.1)
    assert at.is_at(Step.CONSENT)


def test_a_match_is_void_when_the_face_leaves_before_the_signatures_are_checked() -> None:
    at = At().insert().certificate().matched().face_lost().card_face()
    assert at.is_at(Step.FACE)
    assert not at.watcher.session.verified
    assert at.matched().wait(1.1).is_at(Step.CONSENT), "who comes back is looked at again, in the same try"
    assert at.watcher.session.face_attempt == 1


def test_a_face_that_leaves_once_the_card_is_checked_changes_nothing() -> None:
    at = At().at_face().matched().face_lost().wait(1.1)
    assert at.is_at(Step.CONSENT)


def test_somebody_else_in_the_place_of_whoever_was_matched_fails_the_try() -> None:
    at = At().insert().certificate().matched().not_matched(Failure.FACE_NOT_LIVE).card_face()
    assert at.is_at(Step.FACE_AGAIN)
    assert at.wait(7).is_at(Step.FACE)
    assert not at.watcher.session.verified


def test_a_match_counts_for_nothing_when_the_card_proves_forged() -> None:
    at = At().insert().certificate().matched().card_face(signed=False)
    assert at.is_at(Step.REFERRED)
    assert at.record().outcome is Outcome.REFUSED
    assert at.record().failure is Failure.CARD_DATA_ALTERED


def test_a_cloned_card_is_refused() -> None:
    at = At().insert().certificate().card_face(present=False)
    assert at.record().failure is Failure.CARD_NOT_GENUINE
    assert at.record().outcome is Outcome.REFUSED


def test_guidance_is_spoken_but_not_faster_than_one_can_follow() -> None:
    at = At().at_face().sees(Guidance.STEP_BACK).sees(Guidance.TOO_DARK)
    assert at.said().count("guidance.step_back") == 1
    assert "guidance.too_dark" not in at.said()
    at.wait(5).sees(Guidance.TOO_DARK)
    assert at.said()[-1] == "guidance.too_dark", "what still holds is said once there is time"
    at.wait(1).sees(Guidance.TURN_LEFT)
    assert at.said()[-1] == "guidance.turn_left", "a movement asked for is said at once"
    at.sees(None).wait(5).sees(Guidance.TURN_LEFT)
    assert at.said().count("guidance.turn_left") == 2
    at.wait(GUIDANCE_GAP_S).sees(Guidance.TOO_DARK)
    assert at.said()[-1] == "guidance.too_dark", "the pause is over when it is over"


def test_three_unhurried_tries_then_pin_or_staff_without_blame() -> None:
    at = At().at_face().not_matched()
    assert at.is_at(Step.FACE_AGAIN)
    at.wait(7)
    assert at.is_at(Step.FACE)
    at.not_matched(None).press(Button.TRY_AGAIN)
    assert at.is_at(Step.FACE)
    at.not_matched()
    assert at.is_at(Step.FACE_GIVEN_UP)
    assert at.watcher.session.failure is Failure.FACE_NOT_MATCHED
    at.press(Button.STOP)
    assert at.record().outcome is Outcome.ABORTED


@pytest.mark.parametrize(
    ("guidance", "failure"),
    [
        (Guidance.BACKLIGHT, Failure.FACE_LIGHT),
        (Guidance.FIND_FACE, Failure.FACE_NOT_SEEN),
        (Guidance.LOOK_STRAIGHT, Failure.FACE_NOT_MATCHED),
        (None, Failure.FACE_NOT_SEEN),
    ],
)
def test_a_try_ends_after_twenty_seconds_and_says_why(guidance: Guidance | None, failure: Failure) -> None:
    at = At().at_face().sees(guidance).wait(20.6)
    assert at.is_at(Step.FACE_AGAIN)
    assert at.watcher.session.failure is failure


def test_what_the_camera_found_is_what_is_told() -> None:
    at = At(Rules(face_tries=1)).at_face().not_matched(Failure.FACE_NOT_LIVE)
    assert at.pull().record().failure is Failure.FACE_NOT_LIVE


def test_a_verified_patient_is_asked_for_nothing_more_by_the_camera() -> None:
    at = At().at_face().sees(Guidance.COME_CLOSER).matched()
    assert at.watcher.session.guidance is None


def test_a_slow_card_does_not_cost_a_face_try() -> None:
    at = At().insert().certificate().wait(15).card_face().wait(15)
    assert at.is_at(Step.FACE)


def test_a_card_that_never_gives_its_photo_goes_to_the_desk() -> None:
    at = At().insert().certificate().wait(26)
    assert at.record().failure is Failure.CARD_TOO_SLOW
    assert At().insert().wait(26).record().failure is Failure.CARD_TOO_SLOW


def test_a_verified_patient_is_not_disturbed_by_late_facts() -> None:
    at = At().at_face().matched()
    assert at.watcher.session.verified
    at.sees(Guidance.STEP_BACK).not_matched()
    assert at.watcher.session.progress == 1.0
    assert at.watcher.session.guidance is None
    at.wait(1.1)
    assert at.is_at(Step.CONSENT)


def test_the_kiosk_does_not_verify_on_evidence_that_is_none() -> None:
    session = At().at_face().watcher.session
    half = ef.Evidence(method=Method.PIN, pin_accepted=True)
    after, effects = verified(session, half)
    assert not after.verified
    assert [effect.record.evidence for effect in effects if isinstance(effect, ef.Publish)] == [
        replace(half, attempts=1)
    ], "staff see what there was"
    assert after.failure is Failure.INTERNAL
    assert not proved(ef.Evidence())


# -- PIN ---------------------------------------------------------------------------------------------------------


def test_a_patient_may_choose_the_pin_instead_of_the_face() -> None:
    at = At().at_face().press(Button.USE_PIN)
    assert at.is_at(Step.PIN_ENTRY)
    at.digits(3).press(Button.NEXT)
    assert at.is_at(Step.PIN_ENTRY), "three digits are no PIN"
    at.pin()
    assert at.is_at(Step.PIN_CHECKING)
    assert at.did(ef.VerifyPin) == [ef.VerifyPin(1)]
    at.pin_accepted(local=True).wait(1.1)
    assert at.is_at(Step.CONSENT)
    at.press(Button.AGREE_ALL)
    assert at.record().evidence.method is Method.PIN
    assert at.record().evidence.nonce_local


def test_clearing_the_pad_does_not_take_back_that_the_pin_was_wrong() -> None:
    at = At().at_face().press(Button.USE_PIN).pin().pin_refused(2).digits(0)
    assert at.wrong_pin_shown()


def test_a_card_face_read_behind_the_pad_opens_the_way_to_the_camera_again() -> None:
    at = At().insert().certificate().press(Button.USE_PIN).front(CardFrontProblem.BLUR).press(Button.USE_FACE)
    assert at.is_at(Step.PIN_ENTRY), "without the digits of the card there is no photo to compare with"
    assert at.card_face().press(Button.USE_FACE).is_at(Step.FACE)


def test_a_pin_signature_that_does_not_verify_is_refused() -> None:
    at = At().at_face().press(Button.USE_PIN).pin().pin_accepted(valid=False)
    assert at.record().failure is Failure.PIN_SIGNATURE_BAD
    assert at.record().outcome is Outcome.REFUSED


def test_wrong_pins_lead_to_a_warning_before_the_last_try_and_to_the_desk_when_locked() -> None:
    at = At().at_face().press(Button.USE_PIN).pin().pin_refused(2)
    assert at.is_at(Step.PIN_ENTRY)
    assert at.wrong_pin_shown()
    assert at.said()[-1] == "failure.pin_wrong", "who cannot see the screen is told too"
    at.digits(1)
    assert at.wrong_pin_shown() is False
    at.pin().pin_refused(1)
    assert at.is_at(Step.PIN_LAST_TRY)
    assert at.said()[-1] == "pin_last_try"
    at.press(Button.YES)
    assert at.is_at(Step.PIN_ENTRY)
    assert at.wrong_pin_shown() is False
    at.pin().pin_refused(0)
    assert at.record().failure is Failure.PIN_LOCKED


def test_staff_see_that_the_pin_was_wrong_when_the_patient_gives_up_after_it() -> None:
    def wrong() -> At:
        return At().at_face().press(Button.USE_PIN).pin().pin_refused(2)

    for at in (wrong().press(Button.STOP), wrong().pull(), wrong().wait(76)):
        assert at.record().outcome is Outcome.ABORTED
        assert at.record().failure is Failure.PIN_WRONG
    assert wrong().press(Button.STOP).said()[-1] == "failure.stopped_by_patient", "the patient hears how to go on"
    assert wrong().card_failed(Failure.CARD_MUTE).record().failure is Failure.CARD_MUTE, "a fault comes first"
    assert wrong().press(Button.USE_FACE).matched().wait(1.1).press(Button.AGREE_ALL).record().failure is None


def test_a_wrong_pin_is_no_reason_to_offer_pin_or_staff() -> None:
    at = At().at_face().press(Button.USE_PIN).pin().pin_refused(2)
    at.press(Button.STAFF).press(Button.VISUAL_CHECK).press(Button.STOP)
    assert at.is_at(Step.FACE_GIVEN_UP)
    assert at.pull().record().failure is Failure.STAFF_REQUESTED


@pytest.mark.parametrize("button", [Button.NO, Button.STOP])
def test_the_last_try_can_be_declined(button: Button) -> None:
    at = At().at_face(tries=1).press(Button.USE_PIN).press(button)
    assert at.is_at(Step.REFERRED)
    assert not at.did(ef.VerifyPin)


def test_from_the_pin_one_may_go_back_to_the_face() -> None:
    at = At().at_face(tries=1).press(Button.USE_PIN).press(Button.USE_FACE)
    assert at.is_at(Step.FACE)
    at = At().at_face().press(Button.USE_PIN).press(Button.USE_FACE)
    assert at.is_at(Step.FACE)


@pytest.mark.parametrize("tries", [0, None])
def test_no_pin_is_offered_without_a_known_try_left(tries: int | None) -> None:
    at = At().at_face(tries=tries).press(Button.USE_PIN)
    assert at.is_at(Step.FACE)
    at = At().part(Part.CAMERA, Failure.CAMERA_MISSING).insert().certificate(tries=tries).press(Button.USE_PIN)
    assert at.is_at(Step.FACE_GIVEN_UP)


def test_a_card_that_falls_silent_at_the_pin_goes_to_the_desk() -> None:
    at = At().at_face().press(Button.USE_PIN).pin().wait(16)
    assert at.record().failure is Failure.CARD_TOO_SLOW
    at = At().at_face().press(Button.USE_PIN).pin().card_failed(Failure.CARD_UNREADABLE)
    assert at.record().failure is Failure.CARD_UNREADABLE


def test_while_a_pin_is_typed_the_card_is_read_on_and_a_forged_one_refused() -> None:
    at = At().insert().certificate().press(Button.USE_PIN).card_face(signed=False)
    assert at.record().outcome is Outcome.REFUSED
    at = At().insert().certificate().press(Button.USE_PIN).card_failed(Failure.FRONT_UNREADABLE)
    assert at.is_at(Step.PIN_ENTRY), "without the card face the PIN still works"
    at = At().insert().certificate().press(Button.USE_PIN).front(CardFrontProblem.BLUR)
    assert at.watcher.session.card.front_problem is CardFrontProblem.BLUR


def test_an_abandoned_pin_pad_times_out() -> None:
    at = At().at_face().press(Button.USE_PIN).wait(76)
    assert at.record().failure is Failure.TIMED_OUT
    at = At().at_face().press(Button.USE_PIN).press(Button.STOP)
    assert at.record().failure is Failure.STOPPED_BY_PATIENT
    at = At().at_face(tries=1).press(Button.USE_PIN).wait(76)
    assert at.record().failure is Failure.TIMED_OUT


# -- cards -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "failure"),
    [(CertificateState.EXPIRED, Failure.CERTIFICATE_EXPIRED), (CertificateState.NONE, Failure.CERTIFICATE_MISSING)],
)
def test_a_card_without_a_usable_certificate_goes_to_the_desk(state: CertificateState, failure: Failure) -> None:
    at = At().insert().certificate(state)
    assert at.is_at(Step.REFERRED)
    assert at.record().failure is failure


@pytest.mark.parametrize("failure", [Failure.NOT_MY_NUMBER_CARD, Failure.PHONE_NOT_SUPPORTED, Failure.CARD_MUTE])
def test_another_kind_of_card_gets_one_sentence(failure: Failure) -> None:
    at = At().insert().card_failed(failure).pull().wait(9)
    assert at.is_at(Step.IDLE)
    assert at.record().failure is failure
    assert at.record().outcome is Outcome.REFERRED


def test_a_card_the_authority_did_not_sign_is_refused() -> None:
    at = At().insert().card_failed(Failure.CERTIFICATE_UNTRUSTED)
    assert at.record().outcome is Outcome.REFUSED


def test_two_cards_at_once() -> None:
    at = At().at_face().insert()
    assert at.is_at(Step.REFERRED)
    assert at.record().failure is Failure.TWO_CARDS


def test_the_card_is_pulled_half_way() -> None:
    at = At().insert().pull()
    assert at.is_at(Step.CARD_PULLED)
    assert at.record().outcome is Outcome.ABORTED
    at.insert()
    assert at.is_at(Step.READING_CARD)
    at.pull().wait(7)
    assert at.is_at(Step.IDLE)


def test_consents_survive_the_card_being_taken_early() -> None:
    at = At().by_face().pull()
    assert at.is_at(Step.CONSENT)
    at.press(Button.AGREE_ALL).stored()
    assert at.is_at(Step.DONE)
    assert at.record().outcome is Outcome.ACCEPTED
    at.wait(9)
    assert at.is_at(Step.IDLE)


def test_but_nobody_waits_long_for_a_patient_who_left_with_the_card() -> None:
    at = At().by_face().pull().wait(51)
    assert at.is_at(Step.IDLE)
    assert at.record().failure is Failure.TIMED_OUT


def test_another_card_in_place_of_the_one_proved_starts_anew() -> None:
    at = At().by_face().pull().insert()
    assert at.is_at(Step.READING_CARD)
    assert at.watcher.published[1].failure is Failure.CARD_SWAPPED
    assert at.watcher.published[1].outcome is Outcome.ABORTED


# -- front of the card -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "failure"),
    [
        (CardFrontProblem.BACK_SIDE, Failure.FRONT_BACK_SIDE),
        (CardFrontProblem.SLEEVE, Failure.FRONT_SLEEVE),
        (CardFrontProblem.BLUR, Failure.FRONT_UNREADABLE),
    ],
)
def test_a_card_to_be_seated_anew_and_then_served(problem: CardFrontProblem, failure: Failure) -> None:
    at = At().insert().certificate().front(problem)
    assert at.is_at(Step.RESEAT_CARD)
    assert at.watcher.session.failure is failure
    assert f"front.{problem.value}" in at.said()
    at.pull()
    assert at.is_at(Step.RESEAT_CARD)
    at.at_face().matched().wait(1.1)
    assert at.is_at(Step.CONSENT)


def test_what_kind_of_card_it_is_comes_before_how_it_lies() -> None:
    at = At().insert().front(CardFrontProblem.NO_CARD_SEEN)
    assert at.is_at(Step.READING_CARD)
    at.card_failed(Failure.NOT_MY_NUMBER_CARD)
    assert at.is_at(Step.REFERRED)
    at = At().insert().front(CardFrontProblem.BACK_SIDE).certificate()
    assert at.is_at(Step.RESEAT_CARD)
    at.card_failed(Failure.CARD_MUTE)
    assert at.is_at(Step.REFERRED)


def test_after_two_reseatings_pin_or_staff() -> None:
    at = At()
    for _ in range(2):
        at.insert().certificate().front(CardFrontProblem.SLEEVE).pull()
    at.insert().certificate().front(CardFrontProblem.SLEEVE)
    assert at.is_at(Step.FACE_GIVEN_UP)
    assert at.watcher.session.failure is Failure.FRONT_SLEEVE


def test_from_the_reseat_screen_pin_stop_or_silence() -> None:
    reseat = (lambda: At().insert().certificate().front(CardFrontProblem.BLUR))()
    assert reseat.press(Button.USE_PIN).is_at(Step.PIN_ENTRY)
    at = At().insert().certificate().front(CardFrontProblem.BLUR).press(Button.STOP)
    assert at.record().failure is Failure.STOPPED_BY_PATIENT
    for problem, failure in (
        (CardFrontProblem.BLUR, Failure.FRONT_UNREADABLE),
        (CardFrontProblem.SLEEVE, Failure.FRONT_SLEEVE),
    ):
        at = At().insert().certificate().front(problem).pull().wait(76)
        assert at.is_at(Step.IDLE)
        assert at.record().failure is failure


def test_without_a_card_slot_camera_there_is_no_face_path_but_a_pin() -> None:
    at = At().insert().certificate().front(CardFrontProblem.CAMERA_MISSING)
    assert at.is_at(Step.FACE_GIVEN_UP)
    assert at.watcher.session.failure is Failure.CARD_CAMERA_MISSING
    at = At().part(Part.CARD_CAMERA, Failure.CARD_CAMERA_MISSING).insert().certificate()
    assert at.is_at(Step.FACE_GIVEN_UP)


@pytest.mark.parametrize("failure", [Failure.FRONT_NUMBER_REFUSED, Failure.FRONT_TRIES_LOW, Failure.PHOTO_UNREADABLE])
def test_a_closed_card_face_leaves_the_pin(failure: Failure) -> None:
    at = At().insert().certificate().card_failed(failure)
    assert at.is_at(Step.FACE_GIVEN_UP)
    assert at.press(Button.USE_PIN).is_at(Step.PIN_ENTRY)


# -- questions ---------------------------------------------------------------------------------------------------


def test_consents_one_by_one() -> None:
    at = At().by_face().press(Button.AGREE, ConsentItem.MEDICAL).press(Button.DECLINE, ConsentItem.OPERATION)
    assert at.is_at(Step.CONSENT)
    at.press(Button.AGREE, ConsentItem.SPECIFIC_DISEASE)
    assert at.is_at(Step.CONSENT), "what was not asked cannot be answered"
    at.press(Button.DECLINE, ConsentItem.HEALTH_CHECKUP)
    assert at.record().consents == {
        Consent.MEDICATION: True,
        Consent.DIAGNOSIS: True,
        Consent.OPERATION: False,
        Consent.HEALTH_CHECKUP: False,
        Consent.SPECIFIC_DISEASE: None,
    }


def test_declining_everything_is_an_accepted_visit() -> None:
    at = At(Rules(ask_specific_disease=True)).by_face().press(Button.DECLINE_ALL)
    assert at.record().outcome is Outcome.ACCEPTED
    assert set(at.record().consents.values()) == {False}


@pytest.mark.parametrize(("age", "asked"), [(39, False), (40, True)])
def test_the_health_checkup_consent_is_asked_from_forty_on(age: int, asked: bool) -> None:
    session = Session(card=CardFacts(certificate_state=CertificateState.VALID, age=age))
    assert (ConsentItem.HEALTH_CHECKUP in items_to_ask(session)) is asked


def test_an_unknown_age_counts_as_younger() -> None:
    session = Session(card=CardFacts(certificate_state=CertificateState.VALID))
    assert ConsentItem.HEALTH_CHECKUP not in items_to_ask(session)


def test_specific_disease_is_asked_where_the_patient_says_they_use_it() -> None:
    at = At().by_face()
    assert ConsentItem.SPECIFIC_DISEASE not in items_to_ask(at.watcher.session)
    at.press(Button.AGREE, ConsentItem.SPECIFIC_DISEASE)
    assert not at.watcher.session.answers, "what is not asked is not answered"
    at.press(Button.SPECIFIC_DISEASE).press(Button.AGREE_ALL)
    assert at.record().consents[Consent.SPECIFIC_DISEASE] is True
    assert at.record().taps == 3
    at = At().by_face().press(Button.AGREE_ALL)
    assert at.record().consents[Consent.SPECIFIC_DISEASE] is None


def test_who_used_the_specific_disease_certificate_last_time_is_asked_with_the_rest() -> None:
    at = At().insert().certificate().desk(ALL).card_face().matched()
    assert at.is_at(Step.CONSENT_AGAIN)
    at.press(Button.SAME_AS_BEFORE)
    assert at.record().consents[Consent.SPECIFIC_DISEASE] is True
    assert at.record().taps == 1
    declined = {**ALL, Consent.SPECIFIC_DISEASE: False}
    at = At().insert().certificate().desk(declined).card_face().matched().press(Button.SAME_AS_BEFORE)
    assert at.record().consents[Consent.SPECIFIC_DISEASE] is None
    at = At(Rules(remember_consents=False)).insert().certificate().desk(ALL).card_face().matched()
    assert ConsentItem.SPECIFIC_DISEASE not in items_to_ask(at.watcher.session)


def test_a_late_answer_of_the_desk_adds_no_question_to_those_being_answered() -> None:
    at = At(Rules(prescription_choice=True)).by_face().press(Button.AGREE_ALL).desk(ALL)
    assert at.is_at(Step.PRESCRIPTION)
    at.press(Button.PAPER)
    assert at.record().consents[Consent.SPECIFIC_DISEASE] is None
    said_so = At().by_face().press(Button.SPECIFIC_DISEASE).desk({}).press(Button.AGREE_ALL)
    assert said_so.record().consents[Consent.SPECIFIC_DISEASE] is True, "what the patient said stays said"


def test_a_returning_patient_needs_one_tap_and_may_change() -> None:
    at = At().insert().certificate().desk(ALL).card_face().matched()
    assert at.is_at(Step.CONSENT_AGAIN)
    at.press(Button.SAME_AS_BEFORE)
    assert at.is_at(Step.STORING)
    assert at.record().taps == 1
    at = At().insert().certificate().desk(ALL).card_face().matched().press(Button.CHANGE)
    assert at.is_at(Step.CONSENT)


def test_remembered_answers_that_do_not_cover_todays_questions_are_asked_anew() -> None:
    last = {Consent.MEDICATION: True, Consent.DIAGNOSIS: True}
    at = At().insert().certificate().desk(last).card_face().matched()
    assert at.is_at(Step.CONSENT)
    assert answers_from(last, (ConsentItem.MEDICAL,)) == {ConsentItem.MEDICAL: True}
    at = At(Rules(remember_consents=False)).insert().certificate().desk(ALL).card_face().matched()
    assert at.is_at(Step.CONSENT)


def test_the_desk_has_one_second_then_the_kiosk_asks_as_for_a_new_patient() -> None:
    at = At().at_face().matched().wait(0.5)
    assert at.is_at(Step.FACE)
    at.desk(ALL)
    assert at.is_at(Step.CONSENT_AGAIN)
    at = At().part(Part.DESK, Failure.DESK_AWAY).at_face().matched()
    assert at.is_at(Step.CONSENT), "a desk known to be away is not waited for"
    assert not at.did(ef.AskDesk)


def test_the_second_of_the_desk_runs_from_the_question_whenever_that_was() -> None:
    at = At().wait(10).at_face().matched()
    assert at.is_at(Step.FACE)
    assert at.wait(1.1).is_at(Step.CONSENT)


def test_registration_is_offered_where_the_desk_says_so_and_only_the_wish_is_recorded() -> None:
    at = At().insert().certificate().desk(registration=Registration.NOT_REGISTERED).card_face().matched()
    assert at.is_at(Step.REGISTRATION)
    at.press(Button.YES).press(Button.AGREE_ALL)
    assert at.record().registration_requested
    at = At().insert().certificate().desk(registration=Registration.NOT_REGISTERED).card_face().matched()
    at.press(Button.NO).press(Button.AGREE_ALL)
    assert not at.record().registration_requested


def test_an_expiring_certificate_is_announced_without_a_tap() -> None:
    at = At().by_face(CertificateState.EXPIRING_SOON)
    assert at.is_at(Step.EXPIRY_NOTICE)
    at.wait(9)
    assert at.is_at(Step.CONSENT)
    at = At().by_face(CertificateState.EXPIRING_SOON).press(Button.NEXT)
    assert at.is_at(Step.CONSENT)


def test_in_the_grace_period_no_information_consent_is_asked() -> None:
    at = At().by_face(CertificateState.GRACE).wait(9)
    assert at.is_at(Step.STORING)
    assert set(at.record().consents.values()) == {None}
    assert at.record().consented_at is None
    assert official({}) == dict.fromkeys(Consent)


def test_the_prescription_choice_adds_one_tap_where_the_site_has_it() -> None:
    at = At(Rules(prescription_choice=True)).by_face().press(Button.AGREE_ALL)
    assert at.is_at(Step.PRESCRIPTION)
    at.press(Button.ELECTRONIC)
    assert at.record().prescription is Prescription.ELECTRONIC
    at = At(Rules(prescription_choice=True)).by_face(CertificateState.GRACE).wait(9).press(Button.PAPER)
    assert at.record().prescription is Prescription.PAPER
    assert at.record().taps == 1


def test_a_choice_of_prescription_travels_with_an_accepted_result_only() -> None:
    at = At(Rules(prescription_choice=True)).by_face().press(Button.AGREE_ALL)
    at.desk(registration=Registration.NOT_REGISTERED).press(Button.PAPER)
    assert at.is_at(Step.REGISTRATION)
    at.press(Button.STOP)
    assert at.record().outcome is Outcome.ABORTED
    assert at.record().prescription is None


def test_a_question_may_be_stopped_and_times_out() -> None:
    assert At().by_face().press(Button.STOP).record().failure is Failure.STOPPED_BY_PATIENT
    asked = At().insert().certificate().desk(ALL, Registration.NOT_REGISTERED).card_face().matched()
    assert asked.press(Button.AGREE_ALL).is_at(Step.REGISTRATION), "another screen's button means nothing here"
    again = asked.press(Button.NO)
    assert again.is_at(Step.CONSENT_AGAIN)
    assert again.press(Button.STOP).record().failure is Failure.STOPPED_BY_PATIENT
    assert At().by_face().wait(76).record().failure is Failure.TIMED_OUT


# -- time --------------------------------------------------------------------------------------------------------


def test_a_silent_patient_is_asked_once_and_given_thirty_seconds() -> None:
    at = At().by_face().wait(44)
    assert countdown(at.watcher.session) is None
    at.wait(2)
    left = countdown(at.watcher.session)
    assert left is not None
    assert 28 <= left <= 30
    assert at.said().count("still_there") == 1
    at.press(Button.STAY)
    assert at.is_at(Step.CONSENT)
    assert countdown(at.watcher.session) is None


def test_the_countdown_reaches_nothing_and_an_answer_during_it_counts() -> None:
    at = At().by_face().wait(45).wait(29)
    left = countdown(at.watcher.session)
    assert left is not None
    assert left <= 0.5
    assert at.press(Button.AGREE_ALL).record().outcome is Outcome.ACCEPTED


def test_going_on_when_asked_is_no_other_answer() -> None:
    at = At().at_face().press(Button.STAFF).wait(125).press(Button.STAY)
    assert at.is_at(Step.STAFF_CALLED), "the first answers whether somebody is there"
    assert countdown(at.watcher.session) is None
    assert at.press(Button.STAY).is_at(Step.FACE)


def test_an_aid_does_not_hold_a_screen_that_goes_on_by_itself() -> None:
    at = At().by_face(CertificateState.EXPIRING_SOON).wait(7).press(Button.LARGE_TEXT).wait(1.5)
    assert at.is_at(Step.CONSENT)


def test_more_time_stretches_every_limit_threefold() -> None:
    at = At().by_face().press(Button.MORE_TIME).wait(130)
    assert countdown(at.watcher.session) is None
    assert at.is_at(Step.CONSENT)
    slow = At(Rules(slow_machine=10.0)).insert().wait(200)
    assert slow.is_at(Step.READING_CARD)


def test_a_forgotten_card_is_called_after_in_three_stages_the_last_one_to_the_desk() -> None:
    at = At().by_face().press(Button.AGREE_ALL).stored().wait(4)
    assert at.card_left_stage() == 0
    at.wait(2)
    assert at.card_left_stage() == 1
    at.wait(10)
    assert at.card_left_stage() == 2
    assert Failure.CARD_LEFT not in at.alerts()
    at.wait(15)
    assert at.alerts().count(Failure.CARD_LEFT) == 1
    at.wait(600)
    assert at.is_at(Step.DONE)
    assert at.alerts().count(Failure.CARD_LEFT) == 1


def test_no_limit_runs_while_nobody_is_there() -> None:
    assert deadline(At().watcher.session) is None


# -- staff -------------------------------------------------------------------------------------------------------


def test_calling_staff_tells_the_desk_and_the_patient_may_go_on() -> None:
    at = At().at_face().press(Button.STAFF)
    assert at.is_at(Step.STAFF_CALLED)
    assert at.alerts() == [Failure.STAFF_REQUESTED]
    at.press(Button.STAFF)
    assert at.alerts() == [Failure.STAFF_REQUESTED], "once is enough"
    at.press(Button.STAY)
    assert at.is_at(Step.FACE)
    assert at.watcher.session.face_attempt == 1, "calling staff costs no try"


def test_going_on_after_staff_were_called_leads_back_to_where_one_was() -> None:
    at = At().press(Button.STAFF).press(Button.STAY)
    assert at.is_at(Step.IDLE)
    assert At().insert().press(Button.STAFF).press(Button.STAY).is_at(Step.READING_CARD)
    at = At().at_face().press(Button.USE_PIN).press(Button.STAFF).press(Button.STAY)
    assert at.is_at(Step.PIN_ENTRY)
    assert At().by_face().press(Button.STAFF).press(Button.STAY).is_at(Step.CONSENT)
    at = At().insert().certificate().front(CardFrontProblem.BLUR).press(Button.STAFF).press(Button.STAY)
    assert at.is_at(Step.RESEAT_CARD)
    at = At().insert().press(Button.STAFF).pull().press(Button.STAY)
    assert at.is_at(Step.IDLE)


def test_a_card_taken_while_waiting_for_staff_ends_the_visit_as_referred() -> None:
    at = At().at_face().press(Button.STAFF).pull()
    assert at.record().outcome is Outcome.REFERRED
    assert at.record().failure is Failure.STAFF_REQUESTED
    at.insert()
    assert at.is_at(Step.READING_CARD)
    at = At().press(Button.STAFF).insert()
    assert at.is_at(Step.READING_CARD)
    at = At().by_face().press(Button.STAFF).pull().insert()
    assert at.watcher.published[1].outcome is Outcome.ABORTED


def test_staff_who_do_not_come_and_patients_who_give_up() -> None:
    at = At().at_face().press(Button.STAFF).wait(151)
    assert at.record().failure is Failure.STAFF_REQUESTED
    assert At().press(Button.STAFF).press(Button.STOP).is_at(Step.IDLE)


def test_staff_called_while_the_kiosk_goes_out_of_service() -> None:
    at = At().press(Button.STAFF).part(Part.OUTBOX, Failure.OUTBOX_FULL)
    assert at.is_at(Step.OUT_OF_SERVICE)


def test_a_visual_check_armed_at_the_desk_serves_one_patient_and_goes_off_by_itself() -> None:
    at = At().order_visual().insert().certificate()
    assert at.is_at(Step.VISUAL_CHECK)
    at.card_face().sees(Guidance.TOO_DARK).decide(True).wait(1.1).press(Button.AGREE_ALL)
    record = at.record()
    assert record.evidence.method is Method.VISUAL
    assert record.evidence.operator == "op1"
    assert record.evidence.reason == "other"
    at.stored().pull().wait(5)
    assert at.watcher.session.visual is None
    assert at.insert().certificate().is_at(Step.FACE)


def test_whoever_decides_answers_for_it_not_whoever_ordered() -> None:
    at = At().at_face().order_visual()
    at.happens(ev.StaffDecided(at.now, "op3", True))
    assert at.evidence().operator == "op3"
    assert at.evidence().reason == "other"


def test_a_visual_check_ordered_in_the_middle_takes_over_at_once() -> None:
    at = At().at_face().order_visual()
    assert at.is_at(Step.VISUAL_CHECK)
    at.decide(False)
    assert at.record().failure is Failure.VISUAL_REFUSED
    assert at.record().outcome is Outcome.REFUSED


def test_a_visual_check_not_used_lapses_and_can_be_called_off() -> None:
    assert At().order_visual(60).wait(61).watcher.session.visual is None
    at = At().order_visual().happens(ev.VisualCheckCancelled(1.0))
    assert at.watcher.session.visual is None
    at = At().at_face().order_visual().happens(ev.VisualCheckCancelled(1.0))
    assert at.is_at(Step.FACE_GIVEN_UP)
    at = At().at_face().order_visual().wait(121)
    assert at.is_at(Step.FACE_GIVEN_UP)
    assert at.watcher.session.visual is None


def test_an_order_given_when_a_visit_is_over_is_for_the_next_patient() -> None:
    at = At().at_face().not_matched().wait(7).not_matched().wait(7).not_matched().press(Button.STOP)
    at.order_visual().pull().wait(9)
    assert at.watcher.session.visual is not None
    assert at.insert().certificate().is_at(Step.VISUAL_CHECK)


def test_a_visual_check_survives_a_card_that_was_none() -> None:
    at = At().order_visual().insert().card_failed(Failure.NOT_MY_NUMBER_CARD).pull().wait(9)
    assert at.watcher.session.visual is not None


def test_at_the_kiosk_the_decision_counts_only_behind_a_staff_code() -> None:
    at = At().at_face().order_visual().press(Button.SAME_PERSON)
    assert not at.watcher.session.verified, "a patient cannot press it"
    at.press(Button.VISUAL_CHECK)
    assert at.is_at(Step.STAFF_CODE)
    at.press(Button.NEXT)
    assert not at.did(ef.CheckStaffCode), "nothing was typed"
    at.digits(6).press(Button.NEXT)
    assert at.did(ef.CheckStaffCode)
    at.staff_code(None, 4)
    at.staff_code("op2", 3)
    assert at.is_at(Step.VISUAL_CHECK)
    at.press(Button.SAME_PERSON)
    assert at.evidence().operator == "op2"


def test_the_other_person_is_refused_at_the_kiosk_too() -> None:
    at = At().at_face().not_matched().wait(7).not_matched().wait(7).not_matched()
    at.press(Button.VISUAL_CHECK).staff_code("op2").press(Button.OTHER_PERSON)
    assert at.record().failure is Failure.VISUAL_REFUSED


def test_staff_codes_lock_and_lead_back() -> None:
    at = At().press(Button.VISUAL_CHECK).staff_code(None, 0)
    assert at.is_at(Step.IDLE)
    assert at.alerts() == [Failure.STAFF_CODE_LOCKED]
    at = At().at_face().press(Button.STAFF).press(Button.VISUAL_CHECK).press(Button.STOP)
    assert at.is_at(Step.FACE_GIVEN_UP)
    at = At().insert().press(Button.STAFF).press(Button.VISUAL_CHECK).wait(61)
    assert at.record().failure is Failure.STAFF_REQUESTED


def test_a_staff_code_at_the_start_screen_arms_the_next_patient() -> None:
    at = At().press(Button.VISUAL_CHECK).staff_code("op2").press(Button.VISUAL_CHECK)
    assert at.is_at(Step.IDLE)
    assert at.watcher.session.visual is not None
    assert at.insert().certificate().is_at(Step.VISUAL_CHECK)
    at = At().press(Button.VISUAL_CHECK).insert()
    assert at.is_at(Step.READING_CARD)


def test_a_staff_code_while_nobody_is_served_shows_how_every_part_is() -> None:
    at = At().press(Button.VISUAL_CHECK).staff_code("op2")
    assert at.is_at(Step.STAFF_CORNER)
    assert ef.Inspect() in at.watcher.effects
    asked = at.watcher.session
    assert asked.inspection is None, "until the answer comes"
    clock = CheckedPart("clock", "時計", Condition.FAULT, "時刻を合わせてください。")
    at.inspected(clock)
    assert at.watcher.session.inspection == (clock,)
    at.press(Button.NEXT)
    assert at.watcher.session.inspection_page == 1
    at.press(Button.YES)
    assert at.is_at(Step.STAFF_CORNER), "nothing else is meant by it"
    at.press(Button.STOP)
    assert at.is_at(Step.IDLE)
    left = at.watcher.session
    assert (left.inspection, left.staff_operator) == (None, "")
    assert left.visual is None, "to look is not to order a visual check"


def test_the_staff_corner_closes_by_itself_and_for_a_patient() -> None:
    at = At().press(Button.VISUAL_CHECK).staff_code("op2").wait(181)
    assert at.is_at(Step.IDLE)
    at = At().press(Button.VISUAL_CHECK).staff_code("op2").insert()
    assert at.is_at(Step.READING_CARD)
    assert at.inspected().is_at(Step.READING_CARD), "an answer that comes late changes nothing"


def reset_asked(*waiting: int | None) -> At:
    """Staff open their corner and press the button of the factory reset; the outbox is counted."""
    at = At().press(Button.VISUAL_CHECK).staff_code("op2").press(Button.RESET)
    for count in waiting:
        at.counted(count)
    return at


def stage(at: At) -> ResetStage | None:
    return at.watcher.session.reset.stage if at.watcher.session.reset is not None else None


def test_a_factory_reset_takes_a_staff_code_two_screens_and_two_presses() -> None:
    at = reset_asked()
    assert at.is_at(Step.FACTORY_RESET)
    assert at.did(ef.CountResults) == [ef.CountResults()]
    at.press(Button.NEXT).press(Button.LOSE_RESULTS)
    assert stage(at) is ResetStage.TOLD, "nobody knows yet what would be lost"
    at.counted(0).press(Button.LOSE_RESULTS).press(Button.ERASE)
    assert stage(at) is ResetStage.TOLD
    at.press(Button.NEXT)
    assert stage(at) is ResetStage.SURE
    at.press(Button.ERASE)
    assert stage(at) is ResetStage.ARMED
    at.wait(0.5).press(Button.ERASE)
    assert at.did(ef.AskReset) == [], "one trembling touch is not two"
    at.wait(0.5).press(Button.ERASE)
    assert at.did(ef.AskReset) == [ef.AskReset("op2")]
    assert stage(at) is ResetStage.ERASING


def test_a_second_press_that_does_not_come_is_no_longer_waited_for() -> None:
    at = reset_asked(0).press(Button.NEXT).press(Button.ERASE)
    assert stage(at.wait(7.5)) is ResetStage.ARMED
    assert stage(at.wait(0.5)) is ResetStage.SURE, "after eight seconds"
    assert at.press(Button.ERASE).did(ef.AskReset) == []
    assert stage(at) is ResetStage.ARMED


def test_the_second_press_counts_from_seven_tenths_of_a_second_on() -> None:
    at = reset_asked(0).press(Button.NEXT).press(Button.ERASE)
    at.happens(ev.Pressed(at.now + 0.69, Button.ERASE))
    assert at.did(ef.AskReset) == []
    at = reset_asked(0).press(Button.NEXT).press(Button.ERASE)
    assert at.now == 0.0
    at.happens(ev.Pressed(0.7, Button.ERASE))
    assert len(at.did(ef.AskReset)) == 1


@pytest.mark.parametrize("waiting", [3, None])
def test_results_that_wait_are_sent_or_their_loss_is_said_in_so_many_words(waiting: int | None) -> None:
    at = reset_asked(waiting).press(Button.NEXT)
    assert stage(at) is ResetStage.TOLD, "a plain 'next' loses no results"
    assert stage(at.press(Button.LOSE_RESULTS)) is ResetStage.SURE
    at = reset_asked(waiting).wait(1.5)
    assert len(at.did(ef.CountResults)) == 2, "they may still go while staff read"
    at.counted(0).press(Button.NEXT)
    assert stage(at) is ResetStage.SURE


def test_the_results_are_counted_once_a_second_while_there_is_time_to_turn_back() -> None:
    at = reset_asked(0).wait(10.0)
    assert len(at.did(ef.CountResults)) == 11
    at.press(Button.NEXT).wait(3.0)
    assert len(at.did(ef.CountResults)) == 14
    at.press(Button.ERASE).wait(2.0)
    assert len(at.did(ef.CountResults)) == 14
    at = At().wait(5).press(Button.VISUAL_CHECK).staff_code("op2").press(Button.RESET).wait(0.5)
    assert len(at.did(ef.CountResults)) == 1, "from when it was asked for"


@pytest.mark.parametrize(
    ("agreed", "now", "then"),
    [
        (0, 1, ResetStage.TOLD),
        (0, None, ResetStage.TOLD),
        (3, 4, ResetStage.TOLD),
        (3, 2, ResetStage.SURE),
        (3, 3, ResetStage.SURE),
        (None, None, ResetStage.SURE),
        (None, 5, ResetStage.SURE),
    ],
)
def test_whoever_would_lose_more_than_they_agreed_to_is_told_again(
    agreed: int | None, now: int | None, then: ResetStage
) -> None:
    at = reset_asked(agreed).press(Button.LOSE_RESULTS if agreed != 0 else Button.NEXT).wait(1.0).counted(now)
    assert stage(at) is then
    reset = at.watcher.session.reset
    assert reset is not None
    assert (reset.counted, reset.waiting) == (True, now)


@pytest.mark.parametrize("refused", [True, False])
def test_a_reset_that_nobody_begins_is_withdrawn(refused: bool) -> None:
    at = reset_asked(0).press(Button.NEXT).press(Button.ERASE).wait(1).press(Button.ERASE)
    at.counted(3).press(Button.STOP).insert()
    assert stage(at) is ResetStage.ERASING, "it is too late to turn back"
    at.pull()
    if refused:
        at.happens(ev.ResetNotAsked(at.now))
    else:
        at.wait(61)
    assert at.did(ef.WithdrawReset) == [ef.WithdrawReset()]
    assert stage(at) is ResetStage.NOT_BEGUN
    assert stage(at.counted(3).wait(5)) is ResetStage.NOT_BEGUN
    assert at.press(Button.STOP).is_at(Step.IDLE)


@pytest.mark.parametrize("way", [(), (Button.NEXT,), (Button.NEXT, Button.ERASE)])
def test_a_reset_is_left_by_a_finger_by_time_and_for_a_patient(way: tuple[Button, ...]) -> None:
    by_finger, by_time, for_patient = (reset_asked(0) for _ in range(3))
    for at in (by_finger, by_time, for_patient):
        for button in way:
            at.press(button)
    assert by_finger.press(Button.STOP).is_at(Step.IDLE)
    assert by_time.wait(90).is_at(Step.IDLE)
    assert for_patient.insert().is_at(Step.READING_CARD)
    for at in (by_finger, by_time, for_patient):
        assert at.watcher.session.reset is None
        assert at.did(ef.AskReset) == []


def test_each_stage_of_a_reset_has_the_whole_time_to_be_read() -> None:
    at = reset_asked(0).wait(50).press(Button.NEXT).wait(50)
    assert stage(at) is ResetStage.SURE
    assert at.wait(11).is_at(Step.IDLE)


def test_staff_see_what_is_wrong_while_nobody_can_be_served() -> None:
    at = At().part(Part.CARD_READER, Failure.READER_MISSING)
    assert at.is_at(Step.OUT_OF_SERVICE)
    at.press(Button.VISUAL_CHECK).staff_code("op2")
    assert at.is_at(Step.STAFF_CORNER)
    at.press(Button.STOP)
    assert at.is_at(Step.OUT_OF_SERVICE)


def test_a_wrong_code_opens_no_staff_corner() -> None:
    at = At().press(Button.VISUAL_CHECK).staff_code(None)
    assert at.is_at(Step.STAFF_CODE)
    assert ef.Inspect() not in at.watcher.effects


def test_a_staff_code_before_the_card_is_read_waits_for_it() -> None:
    at = At().insert().press(Button.STAFF).press(Button.VISUAL_CHECK).staff_code("op2")
    assert at.is_at(Step.READING_CARD)
    assert at.certificate().is_at(Step.VISUAL_CHECK)
    at = At().at_face().press(Button.STAFF).press(Button.VISUAL_CHECK).pull().staff_code("op2")
    assert at.is_at(Step.IDLE)
    assert at.watcher.session.visual is not None


def test_a_card_swapped_behind_the_staff_code_starts_a_visit_of_its_own() -> None:
    at = At().at_face().press(Button.STAFF).press(Button.VISUAL_CHECK).pull().insert()
    assert at.is_at(Step.READING_CARD)
    assert at.watcher.published[1].failure is Failure.CARD_SWAPPED
    assert at.watcher.session.card.photo is None


def test_the_decision_at_the_kiosk_stays_with_whoever_typed_the_staff_code() -> None:
    at = At().at_face().press(Button.STAFF).press(Button.VISUAL_CHECK).staff_code("op2").order_visual()
    at.press(Button.SAME_PERSON)
    assert at.evidence().operator == "op2"
    assert at.evidence().reason == "at_kiosk"
    at = At().at_face().press(Button.STAFF).press(Button.VISUAL_CHECK).staff_code("op2").wait(121)
    assert at.is_at(Step.FACE_GIVEN_UP)
    at.order_visual().press(Button.SAME_PERSON)
    assert at.is_at(Step.VISUAL_CHECK), "the staff code was good for the check that has ended"
    assert not at.watcher.session.verified


def test_during_a_visual_check_the_front_of_the_card_no_longer_matters() -> None:
    at = At().order_visual().insert().certificate().front(CardFrontProblem.SLEEVE)
    assert at.is_at(Step.VISUAL_CHECK)
    assert at.card_failed(Failure.PHOTO_UNREADABLE).is_at(Step.VISUAL_CHECK)
    assert at.card_failed(Failure.CARD_DATA_ALTERED).record().outcome is Outcome.REFUSED


def test_a_staff_code_is_good_for_one_visual_check() -> None:
    def unlocked(lasts: float) -> At:
        return At().at_face().order_visual(lasts).press(Button.VISUAL_CHECK).staff_code("op2")

    called_off = unlocked(180).happens(ev.VisualCheckCancelled(1.0))
    assert called_off.is_at(Step.FACE_GIVEN_UP)
    lapsed = unlocked(60).press(Button.STAFF).wait(61)
    assert lapsed.watcher.session.visual is None
    for at in (called_off, lapsed):
        at.order_visual().press(Button.SAME_PERSON)
        assert not at.watcher.session.verified


def test_leaving_the_staff_code_keeps_why_the_face_would_not_do() -> None:
    at = At().at_face().not_matched().wait(7).not_matched().wait(7).not_matched()
    at.press(Button.VISUAL_CHECK).press(Button.STOP)
    assert at.is_at(Step.FACE_GIVEN_UP)
    assert at.pull().record().failure is Failure.FACE_NOT_MATCHED


def test_whatever_screen_is_shown_a_forged_card_is_refused() -> None:
    given_up = At().part(Part.CAMERA, Failure.CAMERA_MISSING).insert().certificate()
    code = At().insert().certificate().press(Button.STAFF).press(Button.VISUAL_CHECK)
    for at, step in ((given_up, Step.FACE_GIVEN_UP), (code, Step.STAFF_CODE)):
        assert at.is_at(step)
        assert at.card_face(signed=False).record().outcome is Outcome.REFUSED


def test_other_parts_come_and_go_while_staff_are_on_their_way() -> None:
    at = At().at_face().press(Button.STAFF).part(Part.DESK, Failure.DESK_AWAY).part(Part.DESK, None)
    assert at.is_at(Step.STAFF_CALLED)
    at.part(Part.OUTBOX, Failure.OUTBOX_FULL)
    assert at.is_at(Step.STAFF_CALLED), "a visit is not dropped without a word"


def test_calling_staff_costs_no_face_try() -> None:
    at = At().at_face().not_matched().wait(7)
    assert at.watcher.session.face_attempt == 2
    assert at.press(Button.STAFF).press(Button.STAY).watcher.session.face_attempt == 2


# -- faults ------------------------------------------------------------------------------------------------------


def test_with_an_unset_clock_nobody_is_told_that_their_certificate_ended() -> None:
    at = At().part(Part.CLOCK, Failure.CLOCK_UNSYNCED).insert().certificate(CertificateState.EXPIRED)
    assert at.record().failure is Failure.CLOCK_UNSYNCED
    assert at.said()[-1] == "failure.clock_unsynced"
    at = At().part(Part.CLOCK, Failure.CLOCK_UNSYNCED).by_face().press(Button.AGREE_ALL)
    assert at.record().outcome is Outcome.ACCEPTED, "what can still be told goes on"


def test_with_the_desk_away_the_patient_is_sent_to_it() -> None:
    at = At().part(Part.DESK, Failure.DESK_AWAY).by_face().press(Button.AGREE_ALL).stored()
    assert at.said()[-1] == "take_card", "nobody is told to wait for a call"
    assert at.pull().said()[-1] == "failure.desk_away"
    at = At().by_face().press(Button.AGREE_ALL).stored()
    assert at.said()[-1] == "done"
    assert at.pull().said()[-1] == "thanks"


def test_a_patient_whom_neither_camera_nor_screen_meets_has_left() -> None:
    at = At().at_face()
    for _ in range(3):
        at.sees(Guidance.FIND_FACE).wait(27)
    assert at.is_at(Step.FACE_GIVEN_UP)
    at.wait(75)
    assert at.record().outcome is Outcome.ABORTED
    assert at.record().failure is Failure.PATIENT_LEFT
    at = At().at_face()
    for _ in range(3):
        at.not_matched().wait(7)
    assert at.wait(75).record().failure is Failure.FACE_NOT_MATCHED


def test_power_on_without_a_reader_is_out_of_service_and_comes_back() -> None:
    at = At(ready=False)
    assert at.is_at(Step.STARTING)
    at.part(Part.CAMERA, None)
    assert at.is_at(Step.STARTING)
    at.wait(61)
    assert at.is_at(Step.OUT_OF_SERVICE)
    assert at.watcher.session.failure is Failure.READER_MISSING
    at.part(Part.CARD_READER, None)
    assert at.is_at(Step.IDLE)
    at = At(ready=False).part(Part.OUTBOX, Failure.OUTBOX_FULL)
    assert at.is_at(Step.OUT_OF_SERVICE)


def test_a_card_put_in_before_the_kiosk_was_ready_is_served() -> None:
    at = At(ready=False).insert().part(Part.CARD_READER, None)
    assert at.is_at(Step.READING_CARD)


def test_out_of_service_tells_whoever_tries() -> None:
    at = At().part(Part.TEMPERATURE, Failure.TOO_HOT)
    assert at.is_at(Step.OUT_OF_SERVICE)
    at.insert()
    assert at.said()[-1] == "out_of_service"
    at.part(Part.OUTBOX, Failure.OUTBOX_WRITE).part(Part.TEMPERATURE, None)
    assert at.watcher.session.failure is Failure.OUTBOX_WRITE
    at.wait(5).part(Part.OUTBOX, None)
    assert at.is_at(Step.READING_CARD), "the card that waited is served"


def test_the_reader_going_away_ends_a_visit_that_needs_it_and_no_other() -> None:
    at = At().at_face().part(Part.CARD_READER, Failure.PCSC_STOPPED)
    assert at.is_at(Step.OUT_OF_SERVICE)
    assert at.record().failure is Failure.PCSC_STOPPED
    at = At().by_face().part(Part.CARD_READER, Failure.PCSC_STOPPED).press(Button.AGREE_ALL).stored()
    assert at.record().outcome is Outcome.ACCEPTED
    at = At().by_face().press(Button.AGREE_ALL).stored().part(Part.CARD_READER, Failure.READER_MISSING)
    assert at.is_at(Step.THANKS)
    at.wait(5)
    assert at.is_at(Step.OUT_OF_SERVICE)


def test_the_camera_going_away_leaves_pin_and_staff() -> None:
    at = At().at_face().part(Part.CAMERA, Failure.CAMERA_MISSING)
    assert at.is_at(Step.FACE_GIVEN_UP)
    assert at.watcher.session.failure is Failure.CAMERA_MISSING
    at = At().at_face().matched().part(Part.CAMERA, Failure.CAMERA_MISSING).wait(1.1)
    assert at.is_at(Step.CONSENT)


def test_a_result_the_disk_does_not_take_sends_the_patient_to_the_desk() -> None:
    at = At().by_face().press(Button.AGREE_ALL).happens(ev.ResultNotStored(0.0, 1, Failure.OUTBOX_FULL))
    assert at.is_at(Step.REFERRED)
    assert at.watcher.session.failure is Failure.OUTBOX_FULL
    assert Failure.OUTBOX_FULL in at.alerts()
    at = At().by_face().press(Button.AGREE_ALL).wait(6)
    assert at.watcher.session.failure is Failure.OUTBOX_WRITE


def test_aids_are_for_one_patient_and_do_not_count_as_taps() -> None:
    at = At(Rules(languages=("ja", "en"))).insert()
    for button in (Button.LARGE_TEXT, Button.HIGH_CONTRAST, Button.EASY_JAPANESE, Button.MORE_TIME, Button.LOWER):
        at.press(button)
    at.press(Button.LANGUAGE, language="en").press(Button.LANGUAGE, language="xx")
    aids = at.watcher.session.aids
    assert (aids.language, aids.large_text, aids.lower, aids.more_time) == ("en", True, True, True)
    assert at.watcher.session.taps == 0
    at.press(Button.LARGE_TEXT)
    assert not at.watcher.session.aids.large_text
    at.pull().wait(30)
    assert at.watcher.session.aids.language == "ja"
    assert not at.watcher.session.aids.high_contrast


def test_staff_cannot_be_called_from_a_screen_that_does_not_offer_it() -> None:
    at = At().by_face().press(Button.AGREE_ALL).press(Button.STAFF)
    assert at.is_at(Step.STORING)


def test_stopping_while_the_face_is_looked_at() -> None:
    assert At().at_face().press(Button.STOP).record().failure is Failure.STOPPED_BY_PATIENT


def test_every_failure_has_traits() -> None:
    assert set(TRAITS) == set(Failure)


def test_every_step_is_in_the_table_and_leads_somewhere() -> None:
    assert set(STEPS) == set(Step)
    for step, spec in STEPS.items():
        assert spec.leads_to, step
        assert spec.limit_s is not None or step in (Step.IDLE, Step.OUT_OF_SERVICE)


# -- corners -----------------------------------------------------------------------------------------------------


def test_a_decision_comes_only_once_the_face_is_looked_at() -> None:
    at = At().at_face().not_matched().matched()
    assert at.is_at(Step.FACE_AGAIN), "a late decision of the last try opens nothing"


def test_taking_the_card_to_the_desk_after_the_face_did_not_do_keeps_the_reason() -> None:
    at = At().at_face().not_matched().wait(7).not_matched().wait(7).not_matched().pull()
    assert at.is_at(Step.REFERRED)
    assert at.record().outcome is Outcome.REFERRED
    assert at.record().failure is Failure.FACE_NOT_MATCHED
    assert at.wait(9).is_at(Step.IDLE)


def test_the_pin_is_open_between_two_face_tries() -> None:
    at = At().at_face().not_matched().press(Button.USE_PIN)
    assert at.is_at(Step.PIN_ENTRY)
    at = At().at_face().not_matched().wait(7).not_matched().wait(7).not_matched().wait(76)
    assert at.record().failure is Failure.FACE_NOT_MATCHED


def test_a_swapped_card_while_the_desk_still_thinks() -> None:
    at = At().at_face().press(Button.USE_PIN).pin().pin_accepted()
    assert at.is_at(Step.PIN_CHECKING)
    at.pin_accepted(valid=False)
    assert at.watcher.session.verified, "the first answer counts"
    at.desk()
    assert at.is_at(Step.CONSENT)


def test_a_visual_check_while_the_desk_still_thinks() -> None:
    at = At().order_visual().insert().certificate().decide(True).decide(False)
    assert at.watcher.session.verified
    assert at.watcher.session.evidence.operator == "op1"
    at.wait(1.1)
    assert at.is_at(Step.CONSENT)


def test_a_comparison_under_way_is_not_cut_off_by_the_orders_own_time() -> None:
    at = At().at_face().order_visual(0.1).wait(1)
    assert at.is_at(Step.VISUAL_CHECK)


def test_a_new_card_on_the_last_screens_starts_at_once() -> None:
    at = At().by_face().press(Button.AGREE_ALL).stored().pull().insert()
    assert at.is_at(Step.READING_CARD)
    at = At().insert().card_failed(Failure.NOT_MY_NUMBER_CARD).pull().insert()
    assert at.is_at(Step.READING_CARD)


def test_facts_about_an_earlier_card_are_dropped() -> None:
    at = At().insert().pull().insert()
    at.happens(ev.CertificateRead(at.now, 1, CertificateState.VALID, 3, None, None))
    assert at.is_at(Step.READING_CARD)


def test_removal_without_a_card_means_nothing() -> None:
    assert At().pull().is_at(Step.IDLE)


# -- what verified means, and who may not shorten the way there ------------------------------------------------------


@pytest.mark.parametrize("method", [*Method, None])
def test_verified_means_match_and_life_on_a_genuine_card_or_pin_and_signature_or_a_decision(
    method: Method | None,
) -> None:
    for bits in range(64):
        flags = [bool(bits >> place & 1) for place in range(6)]
        matched, live, pin, signature, card_signature, presence = flags
        for operator in (None, "op1"):
            evidence = ef.Evidence(
                method=method,
                matched=matched,
                live=live,
                pin_accepted=pin,
                signature_valid=signature,
                card_signature_valid=card_signature,
                presence_proved=presence,
                operator=operator,
            )
            meant = {
                Method.FACE: all((matched, live, card_signature, presence)),
                Method.PIN: pin and signature,
                Method.VISUAL: operator is not None,
                None: False,
            }[method]
            assert proved(evidence) is meant, evidence


def test_an_order_for_a_visual_check_needs_an_identified_card_in_the_slot() -> None:
    assert At().press(Button.STAFF).order_visual().is_at(Step.STAFF_CALLED)
    at = At().insert().press(Button.STAFF).order_visual()
    assert at.is_at(Step.STAFF_CALLED), "the card is not identified yet"
    at = At().insert().certificate().front(CardFrontProblem.BLUR).pull().order_visual()
    assert at.is_at(Step.RESEAT_CARD), "the card is out"
    at = At().at_face().matched().order_visual()
    assert at.is_at(Step.FACE), "this patient is verified already"


def test_a_pin_needs_the_card_in_the_slot_and_a_face_a_camera_and_a_try_left() -> None:
    at = At().insert().certificate().front(CardFrontProblem.BLUR).pull().press(Button.USE_PIN)
    assert at.is_at(Step.RESEAT_CARD)
    at = At(Rules(face_tries=1)).at_face().press(Button.USE_PIN).press(Button.USE_FACE)
    assert at.is_at(Step.PIN_ENTRY), "the only try is used"
    at = At().at_face().press(Button.USE_PIN).part(Part.CAMERA, Failure.CAMERA_MISSING).press(Button.USE_FACE)
    assert at.is_at(Step.PIN_ENTRY), "there is no camera"
    at = At().insert().certificate().press(Button.USE_PIN).front(CardFrontProblem.BLUR).press(Button.USE_FACE)
    assert at.is_at(Step.PIN_ENTRY), "the photo cannot be opened"


def test_a_new_try_begins_with_nothing_of_the_last() -> None:
    at = (
        At().insert().certificate().matched().sees(Guidance.STEP_BACK, 0.7).press(Button.USE_PIN).press(Button.USE_FACE)
    )
    session = at.watcher.session
    assert at.is_at(Step.FACE)
    assert (session.matched_early, session.guidance, session.progress) == (False, None, 0.0)
    at.card_face()
    assert at.is_at(Step.FACE), "an early match of an earlier try decides nothing"


def test_progress_stays_between_nothing_and_all() -> None:
    at = At().at_face().sees(None, 1.7)
    assert at.watcher.session.progress == 1.0
    assert at.sees(Guidance.STEP_BACK, -0.3).watcher.session.progress == 0.0


def test_typing_is_a_sign_of_life() -> None:
    at = At().at_face().press(Button.USE_PIN).wait(50)
    assert countdown(at.watcher.session) is not None
    at.digits(1)
    assert countdown(at.watcher.session) is None
    assert at.wait(44).is_at(Step.PIN_ENTRY)


def test_every_step_listens_while_it_waits() -> None:
    at = At().at_face().not_matched().card_failed(Failure.CARD_UNREADABLE)
    assert at.record().failure is Failure.CARD_UNREADABLE
    at = At().at_face(tries=1).press(Button.USE_PIN).card_failed(Failure.CARD_UNREADABLE)
    assert at.record().failure is Failure.CARD_UNREADABLE
    at = At().at_face().press(Button.STAFF).card_failed(Failure.CARD_UNREADABLE)
    assert at.record().failure is Failure.CARD_UNREADABLE
    at = At().by_face(CertificateState.EXPIRING_SOON).press(Button.STOP)
    assert at.record().failure is Failure.STOPPED_BY_PATIENT
    at = At(Rules(prescription_choice=True)).by_face().press(Button.AGREE_ALL).press(Button.STOP)
    assert at.record().outcome is Outcome.ABORTED
    assert not at.record().consents


def test_the_forgotten_card_taken_after_a_referral_leaves_time_to_read() -> None:
    at = At().insert().card_failed(Failure.CARD_MUTE).wait(40)
    assert at.card_left_stage() == 3
    at.pull()
    assert at.card_left_stage() == 0
    assert at.wait(7).is_at(Step.REFERRED)
    assert at.wait(2).is_at(Step.IDLE)


def test_a_kiosk_starts_at_the_time_and_in_the_language_it_is_given() -> None:
    session = start(Rules(languages=("en", "ja"), language="en"), 500.0)
    assert (session.now, session.entered_at, session.active_at) == (500.0, 500.0, 500.0)
    assert session.aids.language == "en"
    at = At(Rules(languages=("en", "ja"), language="en"))
    at.press(Button.LANGUAGE, language="ja").insert().pull().wait(7)
    assert at.watcher.session.aids.language == "en"
