"""One function per step: what each event means there. Events not named leave the step as it is.

What holds in every step (parts, card, staff, aids, time) is in ``core`` and comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reader.session import events as ev
from reader.session.consents import items_to_ask
from reader.session.effects import (
    Alert,
    AskReset,
    CheckStaffCode,
    CountResults,
    Effect,
    Evidence,
    Inspect,
    ReleaseCard,
    Say,
    ShowLamp,
    Sound,
    VerifyPin,
    WithdrawReset,
)
from reader.session.failures import Failure
from reader.session.moves import (
    Move,
    abort,
    advance,
    answer,
    ask_desk,
    ask_pin,
    begin,
    blocking_failure,
    enter,
    face_possible,
    fresh,
    offer_pin_or_staff,
    pin_possible,
    publish,
    refer,
    remembered,
    stay,
    verified,
)
from reader.session.state import Reset, Session, VisualOrder
from reader.session.table import CARD_LEFT_S, GUIDANCE_GAP_S, MAX_RESEATS, STEPS
from reader.session.vocabulary import (
    Button,
    CardFrontProblem,
    CertificateState,
    Earcon,
    Guidance,
    Lamp,
    Method,
    Outcome,
    Part,
    Prescription,
    ResetStage,
    Step,
)

Handler = Callable[[Session, ev.Event], Move]

VISUAL_ORDER_S = 300.0  # a visual check armed at the kiosk lapses after five minutes
STORE_FAILED = Failure.OUTBOX_WRITE
PRESS_GAP_S = 0.7  # one trembling touch is not two
ARMED_S = 8.0
COUNT_EVERY_S = 1.0  # results may still reach the desk while staff read

# A card that lies is refused; a card that merely cannot be used is referred.
_REFUSED = frozenset({Failure.CARD_DATA_ALTERED, Failure.CARD_NOT_GENUINE, Failure.CERTIFICATE_UNTRUSTED})
# With these the card face stays closed, but the PIN still works.
_FACE_ONLY = frozenset(
    {
        Failure.FRONT_NUMBER_REFUSED,
        Failure.FRONT_TRIES_LOW,
        Failure.FRONT_UNREADABLE,
        Failure.PHOTO_UNREADABLE,
        Failure.CARD_CAMERA_MISSING,
        Failure.MODELS_MISSING,
    }
)
_LIGHT = frozenset(
    {Guidance.TOO_DARK, Guidance.BACKLIGHT, Guidance.DIRECT_LIGHT, Guidance.SIDE_LIGHT, Guidance.BLURRED}
)
# A movement asked for is said at once: who cannot see the arrow would not know.
_ASKED = frozenset({Guidance.BLINK, Guidance.TURN_LEFT, Guidance.TURN_RIGHT, Guidance.FOLLOW_DOT})
_FRONT_FAILURE = {
    CardFrontProblem.BACK_SIDE: Failure.FRONT_BACK_SIDE,
    CardFrontProblem.SLEEVE: Failure.FRONT_SLEEVE,
    CardFrontProblem.CAMERA_MISSING: Failure.CARD_CAMERA_MISSING,
}


# -- before and after a visit ------------------------------------------------------------------------------------


def starting(session: Session, event: ev.Event) -> Move:
    """Wait until the card reader reports; then wait for a patient."""
    match event:
        case ev.PartChanged(part=Part.CARD_READER, failure=None):
            return fresh(session)
        case ev.PartChanged() if blocking_failure(session) is not None:
            return fresh(session)
        case ev.TimeUp():
            return fresh(replace(session, missing={**session.missing, Part.CARD_READER: Failure.READER_MISSING}))
        case _:
            return stay(session)


def idle(session: Session, event: ev.Event) -> Move:
    """Wait for a card."""
    match event:
        case ev.CardInserted(visit=visit):
            return begin(session, visit)
        case ev.PartChanged() if blocking_failure(session) is not None:
            return fresh(session)
        case ev.Pressed(button=Button.VISUAL_CHECK):
            return enter(replace(session, before_staff=Step.IDLE), Step.STAFF_CODE)
        case _:
            return stay(session)


def out_of_service(session: Session, event: ev.Event) -> Move:
    """Tell where to go until everything that blocks is back."""
    match event:
        case ev.PartChanged():
            blocked = blocking_failure(session)
            return fresh(session) if blocked is None else stay(replace(session, failure=blocked))
        case ev.CardInserted():
            return stay(session, Say("out_of_service"), Sound(Earcon.ATTENTION))
        case ev.Pressed(button=Button.VISUAL_CHECK):
            return enter(replace(session, before_staff=Step.OUT_OF_SERVICE), Step.STAFF_CODE)
        case _:
            return stay(session)


def card_pulled(session: Session, event: ev.Event) -> Move:
    """Say what happened, without blame; the same or another card may follow at once."""
    match event:
        case ev.CardInserted():
            return fresh(session)
        case ev.TimeUp():
            return fresh(session)
        case _:
            return stay(session)


def thanks(session: Session, event: ev.Event) -> Move:
    """A moment of thanks."""
    match event:
        case ev.CardInserted() | ev.TimeUp():
            return fresh(session)
        case _:
            return stay(session)


# -- card --------------------------------------------------------------------------------------------------------


def reading_card(session: Session, event: ev.Event) -> Move:
    """Read the card while the patient is already being looked at."""
    match event:
        case ev.CertificateRead():
            return _certificate(session, event)
        case ev.TimeUp():
            return refer(session, Failure.CARD_TOO_SLOW)
        case _:
            return _card_facts(session, event)


def _certificate(session: Session, event: ev.CertificateRead) -> Move:
    card = replace(
        session.card,
        certificate_state=event.state,
        certificate=event.certificate,
        not_after=event.not_after,
        pin_tries=event.pin_tries,
    )
    session = replace(session, card=card)
    match event.state:
        case CertificateState.NONE:
            return refer(session, Failure.CERTIFICATE_MISSING)
        case CertificateState.EXPIRED:  # with an unset clock nobody here can say so
            return refer(session, session.missing.get(Part.CLOCK, Failure.CERTIFICATE_EXPIRED))
        case _:
            session, asked = ask_desk(session)
            session, entered = _identify(session)
            return session, (*asked, *entered)


def _identify(session: Session) -> Move:
    """Choose how this patient is identified: a visual check if armed, else face, else PIN or staff."""
    if session.visual is not None:
        return enter(session, Step.VISUAL_CHECK)
    for part in (Part.CAMERA, Part.MODELS, Part.CARD_CAMERA):
        if part in session.missing:
            return offer_pin_or_staff(session, session.missing[part])
    if session.card.front_problem is not None:
        return _front_unreadable(session, session.card.front_problem)
    return enter(session, Step.FACE)


def _card_facts(session: Session, event: ev.Event) -> Move:
    """Take what the card and camera threads report while a card is being read or a face looked at."""
    match event:
        case ev.CardFaceRead():
            return _card_face(session, event)
        case ev.CardFailed(failure=failure):
            return _card_failed(session, failure)
        case ev.CardFrontUnreadable(problem=problem):
            return _front_unreadable(session, problem)
        case ev.FaceProgress(guidance=guidance, progress=progress):
            return _look(session, guidance, progress)
        case ev.Pressed(button=Button.STOP):
            return abort(session, Failure.STOPPED_BY_PATIENT)
        case _:
            return stay(session)


def _card_face(session: Session, event: ev.CardFaceRead) -> Move:
    card = replace(
        session.card,
        photo=event.photo,
        age=event.age,
        signature_valid=event.signature_valid,
        presence_proved=event.presence_proved,
        front_problem=None,
    )
    session = replace(session, card=card, face_since=max(session.face_since, session.now))
    if not event.signature_valid:
        return refer(session, Failure.CARD_DATA_ALTERED, Outcome.REFUSED)
    if not event.presence_proved:
        return refer(session, Failure.CARD_NOT_GENUINE, Outcome.REFUSED)
    if session.step is Step.FACE and session.matched_early:
        return _by_face(session)
    return stay(session)


def _card_failed(session: Session, failure: Failure) -> Move:
    if failure in _REFUSED:
        return refer(session, failure, Outcome.REFUSED)
    if failure in _FACE_ONLY and session.card.certificate_state is not None:
        if session.step is Step.VISUAL_CHECK:
            return stay(session)
        return offer_pin_or_staff(session, failure)
    return refer(session, failure)


def _front_unreadable(session: Session, problem: CardFrontProblem) -> Move:
    session = replace(session, card=replace(session.card, front_problem=problem))
    if session.step is Step.VISUAL_CHECK or session.card.certificate_state is None:
        return stay(session)  # what kind of card it is comes first
    failure = _FRONT_FAILURE.get(problem, Failure.FRONT_UNREADABLE)
    if problem is CardFrontProblem.CAMERA_MISSING or session.reseats >= MAX_RESEATS:
        return offer_pin_or_staff(session, failure)
    return enter(
        replace(session, reseats=session.reseats + 1, failure=failure),
        Step.RESEAT_CARD,
        Sound(Earcon.ATTENTION),
        Say(f"front.{problem.value}"),
    )


def reseat_card(session: Session, event: ev.Event) -> Move:
    """Ask for the card to be put in again, photo side up and out of its sleeve; the visit goes on with it."""
    match event:
        case ev.CardInserted(visit=visit):
            return begin(session, visit)
        case ev.Pressed(button=Button.USE_PIN) if session.card_in and pin_possible(session):
            return ask_pin(session)
        case ev.Pressed(button=Button.STOP):
            return abort(session, Failure.STOPPED_BY_PATIENT)
        case ev.TimeUp():
            return abort(session, session.failure or Failure.FRONT_UNREADABLE)
        case _:
            return _card_while_pin(session, event)


# -- face --------------------------------------------------------------------------------------------------------


def _look(session: Session, guidance: Guidance | None, progress: float) -> Move:
    """Note what the camera sees; speak a new hint, but not more often than a person can follow."""
    if session.verified:
        return stay(session)
    session = replace(session, guidance=guidance, progress=min(max(progress, 0.0), 1.0))
    if guidance is None:
        return stay(replace(session, said=None))
    may_speak = session.now - session.said_at >= GUIDANCE_GAP_S or guidance in _ASKED
    if guidance is not session.said and may_speak:
        return replace(session, said_at=session.now, said=guidance), (Say(f"guidance.{guidance.value}"),)
    return stay(session)


def face(session: Session, event: ev.Event) -> Move:
    """Look at the patient, say one thing at a time, match on the same live track."""
    match event:
        case ev.Tick() | ev.DeskReplied() | ev.TimeUp() if session.verified:
            return advance(session)
        case ev.FaceDecided(matched=matched, live=live, failure=failure):
            return _face_decided(session, matched=matched and live, failure=failure)
        case ev.FaceLost():
            return stay(replace(session, matched_early=False))
        case ev.Pressed(button=Button.USE_PIN) if pin_possible(session):
            return ask_pin(session)
        case ev.TimeUp() if session.card.photo is None:
            return refer(session, Failure.CARD_TOO_SLOW)
        case ev.TimeUp():
            return _try_failed(session, _why_no_face(session))
        case _:
            return _card_facts(session, event)


def _why_no_face(session: Session) -> Failure:
    if session.guidance in _LIGHT:
        return Failure.FACE_LIGHT
    if session.guidance in (Guidance.FIND_FACE, Guidance.ONE_PERSON, None):
        return Failure.FACE_NOT_SEEN
    return Failure.FACE_NOT_MATCHED


def _face_decided(session: Session, *, matched: bool, failure: Failure | None) -> Move:
    if session.verified:
        return stay(session)
    if matched and failure is None:
        if session.card.photo is None:  # nothing is decided before the card's signatures are checked
            return stay(replace(session, matched_early=True))
        return _by_face(session)
    return _try_failed(session, failure or Failure.FACE_NOT_MATCHED)


def _try_failed(session: Session, failure: Failure) -> Move:
    """Say why, and try again while tries are left."""
    if session.face_attempt < session.rules.face_tries:
        return enter(replace(session, failure=failure), Step.FACE_AGAIN)
    return offer_pin_or_staff(session, failure)


def _by_face(session: Session) -> Move:
    evidence = Evidence(
        method=Method.FACE,
        matched=True,
        live=True,
        card_signature_valid=session.card.signature_valid,
        presence_proved=session.card.presence_proved,
    )
    return verified(session, evidence)


def face_again(session: Session, event: ev.Event) -> Move:
    """Say why it did not work and go on by itself; the patient may also choose at once."""
    match event:
        case ev.Pressed(button=Button.TRY_AGAIN) | ev.TimeUp():
            return enter(session, Step.FACE)
        case ev.Pressed(button=Button.USE_PIN) if pin_possible(session):
            return ask_pin(session)
        case _:
            return _card_facts(session, event)


def face_given_up(session: Session, event: ev.Event) -> Move:
    """Offer the PIN or a member of staff."""
    match event:
        case ev.Pressed(button=Button.USE_PIN) if pin_possible(session):
            return ask_pin(session)
        case ev.Pressed(button=Button.VISUAL_CHECK):
            return enter(replace(session, before_staff=Step.FACE_GIVEN_UP), Step.STAFF_CODE)
        case ev.Pressed(button=Button.STOP):
            return abort(session, Failure.STOPPED_BY_PATIENT)
        case ev.TimeUp() if session.failure is Failure.FACE_NOT_SEEN:
            return abort(session, Failure.PATIENT_LEFT)  # neither the camera nor the screen has met anybody
        case ev.TimeUp():
            return abort(session, session.failure or Failure.TIMED_OUT)
        case _:
            return _card_while_pin(session, event)


# -- PIN ---------------------------------------------------------------------------------------------------------


def pin_last_try(session: Session, event: ev.Event) -> Move:
    """One try is left: go on only if the patient says so explicitly."""
    match event:
        case ev.Pressed(button=Button.YES):
            return enter(session, Step.PIN_ENTRY)
        case ev.Pressed(button=Button.NO | Button.STOP):
            return abort(session, Failure.STOPPED_BY_PATIENT)
        case ev.Pressed(button=Button.USE_FACE) if face_possible(session):
            return enter(session, Step.FACE)
        case ev.TimeUp():
            return abort(session, Failure.TIMED_OUT)
        case _:
            return _card_while_pin(session, event)


def pin_entry(session: Session, event: ev.Event) -> Move:
    """Take four digits; nothing is sent to the card before the patient confirms."""
    match event:
        case ev.PadChanged(count=count):
            return stay(replace(session, pad_count=count, pin_wrong=False if count else session.pin_wrong))
        case ev.Pressed(button=Button.NEXT) if session.pad_count == 4:
            return enter(session, Step.PIN_CHECKING, VerifyPin(session.visit))
        case ev.Pressed(button=Button.USE_FACE) if face_possible(session):
            return enter(session, Step.FACE)
        case ev.Pressed(button=Button.STOP):
            return abort(session, Failure.STOPPED_BY_PATIENT)
        case ev.TimeUp():
            return abort(session, Failure.TIMED_OUT)
        case _:
            return _card_while_pin(session, event)


def _card_while_pin(session: Session, event: ev.Event) -> Move:
    """The card goes on being read behind the pad: a forged one is refused, a closed face no longer matters."""
    match event:
        case ev.CardFaceRead():
            return _card_face(session, event)
        case ev.CardFailed(failure=failure) if failure not in _FACE_ONLY:
            return _card_failed(session, failure)
        case ev.CardFrontUnreadable(problem=problem):
            return stay(replace(session, card=replace(session.card, front_problem=problem)))
        case _:
            return stay(session)


def pin_checking(session: Session, event: ev.Event) -> Move:
    """The card compares the PIN and signs the nonce."""
    match event:
        case ev.Tick() | ev.DeskReplied() | ev.TimeUp() if session.verified:
            return advance(session)
        case ev.PinAccepted(signature_valid=False) if not session.verified:
            return refer(session, Failure.PIN_SIGNATURE_BAD, Outcome.REFUSED)
        case ev.PinAccepted() if not session.verified:
            evidence = Evidence(
                method=Method.PIN,
                pin_accepted=True,
                signature_valid=event.signature_valid,
                nonce_local=event.nonce_local,
                card_signature_valid=session.card.signature_valid,
                presence_proved=session.card.presence_proved,
            )
            return verified(replace(session, signature=event.signature), evidence)
        case ev.PinRefused(tries_left=tries):
            card = replace(session.card, pin_tries=tries)
            session = replace(session, card=card, failure=Failure.PIN_WRONG)
            session, asked = ask_pin(session)
            return session, (Sound(Earcon.ATTENTION), *asked)
        case ev.TimeUp():
            return refer(session, Failure.CARD_TOO_SLOW)
        case _:
            return _card_while_pin(session, event)


# -- staff -------------------------------------------------------------------------------------------------------


def staff_code(session: Session, event: ev.Event) -> Move:
    """A member of staff enters their code: to use the visual check here, or to see how the machine is."""
    match event:
        case ev.PadChanged(count=count):
            return stay(replace(session, pad_count=count))
        case ev.Pressed(button=Button.NEXT) if session.pad_count:
            return stay(session, CheckStaffCode())
        case ev.StaffCodeChecked(operator=str(operator), tries_left=tries):
            return _staff_known(replace(session, staff_tries=tries), operator)
        case ev.StaffCodeChecked(tries_left=0):
            session, left = _leave_staff_code(replace(session, staff_tries=0))
            return session, (Alert(Failure.STAFF_CODE_LOCKED), *left)
        case ev.StaffCodeChecked(tries_left=tries):
            return stay(replace(session, staff_tries=tries, pad_count=0), Sound(Earcon.ATTENTION))
        case ev.Pressed(button=Button.STOP) | ev.TimeUp():
            return _leave_staff_code(session)
        case ev.CardInserted():
            return _publish_then_fresh(session, Failure.CARD_SWAPPED)
        case _:
            return _card_while_pin(session, event)


def _staff_known(session: Session, operator: str) -> Move:
    """Unlock the visual check for the patient at the kiosk, or open the staff corner while nobody is served."""
    if not session.visit:
        return enter(replace(session, staff_operator=operator), Step.STAFF_CORNER, Inspect())
    order = _order_here(session, operator)
    if session.visit and session.card_in:
        session = replace(session, visual=order, visual_unlocked=True)
        if session.card.certificate_state is None:
            return begin(session, session.slot_visit)
        return enter(session, Step.VISUAL_CHECK)
    session, published = publish(session, Outcome.ABORTED, Failure.STAFF_REQUESTED)
    session, renewed = fresh(replace(session, visual=replace(order, for_next=True)))
    return session, (*published, *renewed)


def _order_here(session: Session, operator: str) -> VisualOrder:
    if session.visual is None:
        return VisualOrder(operator, "at_kiosk", session.now + VISUAL_ORDER_S)
    return replace(session.visual, operator=operator)


def staff_corner(session: Session, event: ev.Event) -> Move:
    """Staff read how every part is, and may arm the visual check for the next patient. A card ends it at once."""
    match event:
        case ev.Inspected(parts=parts):
            return stay(replace(session, inspection=parts))
        case ev.Pressed(button=Button.NEXT):
            return stay(replace(session, inspection_page=session.inspection_page + 1))
        case ev.Pressed(button=Button.VISUAL_CHECK):
            order = _order_here(session, session.staff_operator)
            return fresh(replace(session, visual=replace(order, for_next=True)))
        case ev.Pressed(button=Button.RESET):
            return _reset(session, Reset(counted_at=session.now), CountResults())
        case ev.Pressed(button=Button.STOP) | ev.CardInserted() | ev.TimeUp():
            return fresh(session)
        case _:
            return stay(session)


def factory_reset(session: Session, event: ev.Event) -> Move:
    """Make the kiosk blank: told what is lost, asked twice, then asked of the system. A card ends it while it can."""
    now = session.reset
    assert now is not None  # entered with it
    match now.stage, event:
        case ResetStage.ERASING, ev.ResetNotAsked() | ev.TimeUp():
            return _reset(session, replace(now, stage=ResetStage.NOT_BEGUN), WithdrawReset())
        case ResetStage.ERASING, _:
            return stay(session)
        case _, ev.Pressed(button=Button.STOP) | ev.CardInserted() | ev.TimeUp():
            return fresh(session)
        case ((ResetStage.TOLD | ResetStage.SURE | ResetStage.ARMED), ev.ResultsCounted(waiting=waiting)):
            return _counted(session, now, waiting)
        case ResetStage.TOLD, ev.Pressed(button=Button.NEXT) if now.counted and now.waiting == 0:
            return _reset(session, replace(now, stage=ResetStage.SURE))
        case ResetStage.TOLD, ev.Pressed(button=Button.LOSE_RESULTS) if now.counted and now.waiting != 0:
            return _reset(session, replace(now, stage=ResetStage.SURE))
        case ResetStage.SURE, ev.Pressed(button=Button.ERASE):
            return _reset(session, replace(now, stage=ResetStage.ARMED))
        case ResetStage.ARMED, ev.Pressed(button=Button.ERASE) if session.in_step >= PRESS_GAP_S:
            return _reset(session, replace(now, stage=ResetStage.ERASING), AskReset(session.staff_operator))
        case ResetStage.ARMED, ev.Tick() if session.in_step >= ARMED_S:
            return _reset(session, replace(now, stage=ResetStage.SURE))
        case ((ResetStage.TOLD | ResetStage.SURE), ev.Tick()) if session.now - now.counted_at >= COUNT_EVERY_S:
            return stay(replace(session, reset=replace(now, counted_at=session.now)), CountResults())
        case _:
            return stay(session)


def _reset(session: Session, reset: Reset, *effects: Effect) -> Move:
    """Go on; each stage has the step's time for itself."""
    return enter(replace(session, reset=reset), Step.FACTORY_RESET, *effects)


def _counted(session: Session, reset: Reset, waiting: int | None) -> Move:
    """Take the number. More than staff agreed to lose: they are told again."""
    changed = replace(reset, counted=True, waiting=waiting)
    if reset.stage is not ResetStage.TOLD and _more(waiting, than=reset.waiting):
        return _reset(session, replace(changed, stage=ResetStage.TOLD))
    return stay(replace(session, reset=changed))


def _more(waiting: int | None, *, than: int | None) -> bool:
    """Whether an outbox holds more than somebody agreed to lose. None: it will not say; whoever agreed to that, did."""
    if than is None:
        return False
    return waiting is None or waiting > than


def _leave_staff_code(session: Session) -> Move:
    if session.visit and session.card_in and session.card.certificate_state is not None:
        known = session.failure not in (None, Failure.PIN_WRONG)  # a wrong PIN is no reason to give up
        return enter(session if known else replace(session, failure=Failure.STAFF_REQUESTED), Step.FACE_GIVEN_UP)
    return abort(session, Failure.STAFF_REQUESTED)


def visual_check(session: Session, event: ev.Event) -> Move:
    """Staff compare face and photo. At the kiosk the answer counts only behind a staff code."""
    match event:
        case ev.Tick() | ev.DeskReplied() | ev.TimeUp() if session.verified:
            return advance(session)
        case ev.StaffDecided(operator=operator, same_person=same) if session.visual is not None:
            return _staff_decided(session, replace(session.visual, operator=operator), same=same)
        case ev.Pressed(button=Button.SAME_PERSON | Button.OTHER_PERSON) if (
            session.visual_unlocked and session.visual is not None
        ):
            return _staff_decided(session, session.visual, same=event.button is Button.SAME_PERSON)
        case ev.Pressed(button=Button.VISUAL_CHECK) if not session.visual_unlocked:
            return enter(replace(session, before_staff=Step.VISUAL_CHECK), Step.STAFF_CODE)
        case ev.VisualCheckCancelled():
            return offer_pin_or_staff(session, Failure.STAFF_REQUESTED)
        case ev.TimeUp():
            return offer_pin_or_staff(replace(session, visual=None, visual_unlocked=False), Failure.TIMED_OUT)
        case ev.FaceProgress():
            return stay(session)
        case _:
            return _card_facts(session, event)


def _staff_decided(session: Session, order: VisualOrder, *, same: bool) -> Move:
    if session.verified:
        return stay(session)
    evidence = Evidence(
        method=Method.VISUAL,
        operator=order.operator,
        reason=order.reason,
        card_signature_valid=session.card.signature_valid,
        presence_proved=session.card.presence_proved,
    )
    if not same:
        return refer(replace(session, evidence=evidence), Failure.VISUAL_REFUSED, Outcome.REFUSED)
    return verified(session, evidence)


def staff_called(session: Session, event: ev.Event) -> Move:
    """Someone is coming. The patient may go on instead; staff may unlock the visual check."""
    match event:
        case ev.Pressed(button=Button.STAY):
            return _resume(session)
        case ev.Pressed(button=Button.VISUAL_CHECK):
            return enter(session, Step.STAFF_CODE)
        case ev.CardInserted():
            return _publish_then_fresh(session, Failure.STAFF_REQUESTED)
        case ev.CardRemoved() if session.visit and not session.published and _dies(session):
            session, published = publish(session, Outcome.REFERRED, Failure.STAFF_REQUESTED)
            return session, (*published, ReleaseCard())
        case ev.PartChanged() if not session.visit and blocking_failure(session) is not None:
            return fresh(session)
        case ev.Pressed(button=Button.STOP) | ev.TimeUp():
            return abort(session, Failure.STAFF_REQUESTED)
        case _:
            return _card_while_pin(session, event)


def _dies(session: Session) -> bool:
    before = session.before_staff
    return before is not None and STEPS[before].dies_with_card


def _publish_then_fresh(session: Session, failure: Failure) -> Move:
    session, published = publish(session, Outcome.ABORTED, failure)
    session, renewed = fresh(session)
    return session, (*published, *renewed)


def _resume(session: Session) -> Move:
    """Go back to where the patient called; what was being read meanwhile is picked up again."""
    if not session.visit or session.published:
        return fresh(session)
    if session.verified:
        return advance(session)
    if session.card.certificate_state is None:
        return begin(session, session.slot_visit)
    match session.before_staff:
        case Step.PIN_ENTRY | Step.PIN_LAST_TRY | Step.PIN_CHECKING:
            return ask_pin(session)
        case Step.FACE_GIVEN_UP | Step.RESEAT_CARD as before:
            return enter(session, before)
        case _:
            again = replace(session, face_attempt=max(0, session.face_attempt - 1))  # calling staff costs no try
            return _identify(again)


# -- questions ---------------------------------------------------------------------------------------------------


def registration(session: Session, event: ev.Event) -> Move:
    """利用登録: kaopi only notes the wish; the desk carries it out."""
    match event:
        case ev.Pressed(button=Button.YES | Button.NO as button):
            wish = button is Button.YES
            return advance(replace(session, registration_asked=True, registration_requested=wish))
        case _:
            return _question(session, event)


def expiry_notice(session: Session, event: ev.Event) -> Move:
    """Tell that the certificate ends soon, or has ended within the grace period; no tap is needed."""
    match event:
        case ev.TimeUp() | ev.Pressed(button=Button.NEXT):
            return advance(replace(session, notice_shown=True))
        case _:
            return _question(session, event)


def consent(session: Session, event: ev.Event) -> Move:
    """Ask what may be shown to the clinic; 限度額 is never asked."""
    items = items_to_ask(session)
    match event:
        case ev.Pressed(button=Button.AGREE_ALL):
            return answer(session, dict.fromkeys(items, True))
        case ev.Pressed(button=Button.DECLINE_ALL):
            return answer(session, dict.fromkeys(items, False))
        case ev.Pressed(button=Button.AGREE | Button.DECLINE as button, item=item) if item in items:
            assert item is not None
            return answer(session, {item: button is Button.AGREE})
        case ev.Pressed(button=Button.SPECIFIC_DISEASE):
            return stay(replace(session, uses_specific_disease=True))
        case _:
            return _question(session, event)


def consent_again(session: Session, event: ev.Event) -> Move:
    """Offer last time's answers: one tap for a returning patient."""
    match event:
        case ev.Pressed(button=Button.SAME_AS_BEFORE):
            return answer(session, remembered(session) or {})
        case ev.Pressed(button=Button.CHANGE):
            return enter(replace(session, last_consents=None), Step.CONSENT)
        case _:
            return _question(session, event)


def prescription(session: Session, event: ev.Event) -> Move:
    """電子処方箋 or paper, where the site offers it."""
    match event:
        case ev.Pressed(button=Button.ELECTRONIC):
            return advance(replace(session, prescription=Prescription.ELECTRONIC), (Sound(Earcon.ACCEPT),))
        case ev.Pressed(button=Button.PAPER):
            return advance(replace(session, prescription=Prescription.PAPER), (Sound(Earcon.ACCEPT),))
        case _:
            return _question(session, event)


def _question(session: Session, event: ev.Event) -> Move:
    """What every question has in common: stop, time, and another card in place of the one that was proved."""
    match event:
        case ev.Pressed(button=Button.STOP):
            return abort(session, Failure.STOPPED_BY_PATIENT)
        case ev.TimeUp():
            return abort(session, Failure.TIMED_OUT)
        case ev.CardInserted():
            return _publish_then_fresh(session, Failure.CARD_SWAPPED)
        case _:
            return stay(session)


# -- end ---------------------------------------------------------------------------------------------------------


def storing(session: Session, event: ev.Event) -> Move:
    """The result is being written to disk; only then is the patient told that all is done."""
    match event:
        case ev.ResultStored():
            return _end(replace(session, stored=True), Step.DONE, Sound(Earcon.ACCEPT))
        case ev.ResultNotStored(failure=failure):
            return _end(replace(session, failure=failure), Step.REFERRED, Sound(Earcon.FAULT), Alert(failure))
        case ev.TimeUp():
            failed = replace(session, failure=STORE_FAILED)
            return _end(failed, Step.REFERRED, Sound(Earcon.FAULT), Alert(STORE_FAILED))
        case _:
            return stay(session)


def _end(session: Session, step: Step, *effects: Effect) -> Move:
    session, entered = enter(session, step, *effects)
    return session, (*entered, ReleaseCard())


def done(session: Session, event: ev.Event) -> Move:
    """Please wait to be called, and do not forget the card."""
    match event:
        case ev.CardRemoved():
            return enter(session, Step.THANKS)
        case _:
            return _take_card(session, event)


def referred(session: Session, event: ev.Event) -> Move:
    """Say where to go next, and give the card back."""
    match event:
        case ev.CardRemoved():
            return stay(replace(session, active_at=session.now, card_left_stage=0))
        case _:
            return _take_card(session, event)


def _take_card(session: Session, event: ev.Event) -> Move:
    """A forgotten card is called after: reminded, louder, then the desk is told."""
    match event:
        case ev.CardInserted() | ev.TimeUp():
            return fresh(session)
        case ev.Tick() if session.card_in and session.card_left_stage < len(CARD_LEFT_S):
            if session.in_step < CARD_LEFT_S[session.card_left_stage]:
                return stay(session)
            stage = session.card_left_stage + 1
            effects: tuple[Effect, ...] = (Sound(Earcon.ATTENTION), Say("take_card"), ShowLamp(Lamp.TAKE_CARD))
            if stage == len(CARD_LEFT_S):
                effects = (*effects, Alert(Failure.CARD_LEFT))
            return replace(session, card_left_stage=stage), effects
        case _:
            return stay(session)


HANDLERS: dict[Step, Handler] = {
    Step.STARTING: starting,
    Step.IDLE: idle,
    Step.OUT_OF_SERVICE: out_of_service,
    Step.READING_CARD: reading_card,
    Step.RESEAT_CARD: reseat_card,
    Step.FACE: face,
    Step.FACE_AGAIN: face_again,
    Step.FACE_GIVEN_UP: face_given_up,
    Step.PIN_LAST_TRY: pin_last_try,
    Step.PIN_ENTRY: pin_entry,
    Step.PIN_CHECKING: pin_checking,
    Step.STAFF_CODE: staff_code,
    Step.STAFF_CORNER: staff_corner,
    Step.FACTORY_RESET: factory_reset,
    Step.VISUAL_CHECK: visual_check,
    Step.REGISTRATION: registration,
    Step.EXPIRY_NOTICE: expiry_notice,
    Step.CONSENT: consent,
    Step.CONSENT_AGAIN: consent_again,
    Step.PRESCRIPTION: prescription,
    Step.STORING: storing,
    Step.DONE: done,
    Step.REFERRED: referred,
    Step.STAFF_CALLED: staff_called,
    Step.CARD_PULLED: card_pulled,
    Step.THANKS: thanks,
}
