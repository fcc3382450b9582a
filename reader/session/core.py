"""``step(session, event) -> (session, effects)``: the only way anything happens.

Order: time, facts of an older visit dropped, parts, the card's removal, staff and aids, then the step's own function,
then the limit of the step. Everything the rest of the house needs to ask about a session is here or on ``Session``.
"""

from __future__ import annotations

from dataclasses import replace

from reader.session import events as ev
from reader.session.effects import Effect, Say, Sound
from reader.session.failures import Failure
from reader.session.moves import (
    Move,
    abort,
    call_staff,
    enter,
    offer_pin_or_staff,
    pulled,
    refer,
    stay,
)
from reader.session.state import Aids, Rules, Session, VisualOrder
from reader.session.steps import HANDLERS
from reader.session.table import (
    CARD_OUT_LIMIT_S,
    COUNTDOWN_S,
    FACE_TRY_S,
    MORE_TIME_FACTOR,
    PHOTO_WAIT_S,
    STEPS,
)
from reader.session.vocabulary import Button, Consent, Earcon, Part, Step

_AIDS = frozenset({Button.EASY_JAPANESE, Button.LARGE_TEXT, Button.HIGH_CONTRAST, Button.MORE_TIME, Button.LOWER})
_NOT_A_TAP = _AIDS | {Button.LANGUAGE, Button.STAY}
# Where an order for a visual check takes effect at once, given an identified card in the slot.
_VISUAL_NOW = frozenset(
    {
        Step.FACE,
        Step.FACE_AGAIN,
        Step.FACE_GIVEN_UP,
        Step.RESEAT_CARD,
        Step.PIN_LAST_TRY,
        Step.PIN_ENTRY,
        Step.STAFF_CALLED,
    }
)
_VISIT_OVER = frozenset(
    {
        Step.STARTING,
        Step.IDLE,
        Step.OUT_OF_SERVICE,
        Step.STORING,
        Step.DONE,
        Step.REFERRED,
        Step.CARD_PULLED,
        Step.THANKS,
    }
)


def start(rules: Rules, at: float) -> Session:
    """Return the session of a kiosk that has just been switched on."""
    return Session(rules=rules, now=at, entered_at=at, active_at=at, aids=Aids(language=rules.language))


def step(session: Session, event: ev.Event) -> Move:
    """Take one fact; return the new session and what is to be done. Pure: same input, same output."""
    session = replace(session, now=max(session.now, event.at))
    if _is_stale(session, event):
        return stay(session)
    session, before = _upkeep(session)
    session, effects = _everywhere(session, event)
    if _time_is_up(session):
        session, after = HANDLERS[session.step](session, ev.TimeUp(session.now))
        effects = (*effects, *after)
    return session, (*before, *effects)


def deadline(session: Session) -> float | None:
    """Return when the step's limit ends (countdown included), in monotonic seconds; None if it may last."""
    quiet = _quiet_until(session)
    return None if quiet is None else _end(session, quiet)


def countdown(session: Session) -> float | None:
    """Return the seconds left to press 続ける, or None while nobody needs to be asked."""
    quiet = _quiet_until(session)
    if quiet is None or session.now < quiet or not STEPS[session.step].warns:
        return None
    return max(0.0, _end(session, quiet) - session.now)


def _end(session: Session, quiet: float) -> float:
    return quiet + (_stretch(session) * COUNTDOWN_S if STEPS[session.step].warns else 0.0)


def _stretch(session: Session) -> float:
    patient = MORE_TIME_FACTOR if session.aids.more_time and STEPS[session.step].patient else 1.0
    return session.rules.slow_machine * patient


def _quiet_until(session: Session) -> float | None:
    """Return until when the step runs without asking "still there?"."""
    spec = STEPS[session.step]
    limit = spec.limit_s
    if limit is None:
        return None
    since = session.active_at if spec.warns else session.entered_at
    if session.step in (Step.DONE, Step.REFERRED):
        if session.card_in:
            return None
        since = session.active_at
    elif session.step is Step.FACE:
        since, limit = (
            (session.entered_at, PHOTO_WAIT_S)
            if session.card.photo is None
            else (max(session.entered_at, session.face_since), FACE_TRY_S)
        )
    elif spec.verified and spec.warns and not session.card_in:
        limit = min(limit, CARD_OUT_LIMIT_S)
    return since + limit * _stretch(session)


def _time_is_up(session: Session) -> bool:
    end = deadline(session)
    return end is not None and session.now >= end


def _is_stale(session: Session, event: ev.Event) -> bool:
    """A fact about an earlier insertion says nothing about this patient."""
    visit = getattr(event, "visit", None)
    return visit is not None and not isinstance(event, ev.CardInserted) and visit != session.visit


def _upkeep(session: Session) -> Move:
    """What time alone does in any step: an unused visual check lapses, a silent patient is asked once."""
    effects: tuple[Effect, ...] = ()
    visual = session.visual
    if visual is not None and session.now >= visual.expires_at and session.step is not Step.VISUAL_CHECK:
        session = replace(session, visual=None, visual_unlocked=False)
    if not session.warned and countdown(session) is not None:
        session = replace(session, warned=True)
        effects = (Say("still_there"), Sound(Earcon.ATTENTION))
    return session, effects


def _everywhere(session: Session, event: ev.Event) -> Move:
    match event:
        case ev.PartChanged():
            return _part(session, event)
        case ev.CardRemoved():
            return _removed(session, event)
        case ev.CardInserted():
            return _inserted(session, event)
        case ev.DeskReplied():
            return HANDLERS[session.step](_known(session, event), event)
        case ev.VisualCheckOrdered():
            return _visual_ordered(session, event)
        case ev.VisualCheckCancelled():
            session = replace(session, visual=None, visual_unlocked=False)
            return HANDLERS[session.step](session, event)
        case ev.Pressed():
            return _pressed(session, event)
        case ev.PadChanged():
            return HANDLERS[session.step](replace(session, active_at=session.now, warned=False), event)
        case _:
            return HANDLERS[session.step](session, event)


def _known(session: Session, event: ev.DeskReplied) -> Session:
    """Take what the desk knows about this patient. Once a question is answered, no other is added."""
    used = (event.last_consents or {}).get(Consent.SPECIFIC_DISEASE) is True
    open_still = not session.answers and session.rules.remember_consents
    return replace(
        session,
        desk_replied=True,
        last_consents=event.last_consents,
        registration=event.registration,
        uses_specific_disease=session.uses_specific_disease or (used and open_still),
    )


def _part(session: Session, event: ev.PartChanged) -> Move:
    missing = {part: failure for part, failure in session.missing.items() if part is not event.part}
    if event.failure is not None:
        missing[event.part] = event.failure
    session = replace(session, missing=missing)
    if event.failure is not None:
        if event.part is Part.CARD_READER and session.card_in:
            return _reader_lost(session, event)
        looking = session.step in (Step.FACE, Step.FACE_AGAIN) and not session.verified
        if looking and event.part in (Part.CAMERA, Part.MODELS):
            return offer_pin_or_staff(session, event.failure)
    return HANDLERS[session.step](session, event)


def _reader_lost(session: Session, event: ev.PartChanged) -> Move:
    """Without its reader a card is as good as pulled."""
    session = replace(session, slot_visit=0)
    if STEPS[session.step].dies_with_card:
        return abort(session, event.failure or Failure.READER_MISSING)
    return HANDLERS[session.step](session, ev.CardRemoved(event.at))


def _removed(session: Session, event: ev.CardRemoved) -> Move:
    if not session.card_in:
        return stay(session)
    session = replace(session, slot_visit=0)
    if session.step is Step.FACE_GIVEN_UP:  # taking the card to the desk is what was asked
        return refer(session, session.failure or Failure.FACE_NOT_MATCHED)
    if STEPS[session.step].dies_with_card:
        return pulled(session)
    return HANDLERS[session.step](session, event)


def _inserted(session: Session, event: ev.CardInserted) -> Move:
    if session.card_in and session.visit and not session.published:
        return refer(
            replace(session, slot_visit=event.visit),
            Failure.TWO_CARDS,
        )
    return HANDLERS[session.step](replace(session, slot_visit=event.visit), event)


def _visual_ordered(session: Session, event: ev.VisualCheckOrdered) -> Move:
    over = session.step in _VISIT_OVER or session.published
    if session.visual_unlocked and not over:
        return stay(session)  # a member of staff stands here already, and it is they who answer for it
    order = VisualOrder(event.operator, event.reason, event.expires_at, for_next=over)
    session = replace(session, visual=order)
    identified = session.card_in and session.card.certificate_state is not None
    if identified and not over and not session.verified and session.step in _VISUAL_NOW:
        return enter(session, Step.VISUAL_CHECK)
    return stay(session)


def _pressed(session: Session, event: ev.Pressed) -> Move:
    asked = countdown(session) is not None
    session = replace(session, active_at=session.now, warned=False)
    if session.visit and not session.published and event.button not in _NOT_A_TAP:
        session = replace(session, taps=session.taps + 1)
    if event.button is Button.LANGUAGE:
        if event.language in session.rules.languages:
            session = replace(session, aids=replace(session.aids, language=event.language))
        return stay(session)
    if event.button in _AIDS:
        return stay(replace(session, aids=_toggled(session.aids, event.button)))
    if event.button is Button.STAY and asked:
        return stay(session)
    if event.button is Button.STAFF:
        if STEPS[session.step].patient and session.step is not Step.STAFF_CALLED:
            return call_staff(session)
        return stay(session)
    return HANDLERS[session.step](session, event)


def _toggled(aids: Aids, button: Button) -> Aids:
    match button:
        case Button.EASY_JAPANESE:
            return replace(aids, easy_japanese=not aids.easy_japanese)
        case Button.LARGE_TEXT:
            return replace(aids, large_text=not aids.large_text)
        case Button.HIGH_CONTRAST:
            return replace(aids, high_contrast=not aids.high_contrast)
        case Button.MORE_TIME:
            return replace(aids, more_time=not aids.more_time)
        case _:
            return replace(aids, lower=not aids.lower)
