"""The few moves every step is made of: enter a step, begin and end a visit, publish its record once."""

from __future__ import annotations

from dataclasses import replace

from reader.session.consents import answers_from, items_to_ask, official
from reader.session.effects import (
    Alert,
    AskDesk,
    ClosePad,
    Effect,
    Evidence,
    OpenPad,
    Publish,
    Record,
    ReleaseCard,
    Say,
    ShowLamp,
    Sound,
    StartFace,
    StartReading,
    StopFace,
    Wipe,
)
from reader.session.failures import Failure
from reader.session.state import Aids, CardFacts, Session
from reader.session.table import STEPS
from reader.session.vocabulary import (
    CertificateState,
    ConsentItem,
    Earcon,
    Method,
    Outcome,
    Part,
    Registration,
    Step,
)

Move = tuple[Session, tuple[Effect, ...]]

# Without these a visit cannot end well for anyone; every other part only narrows what is offered.
BLOCKING = (Part.CARD_READER, Part.OUTBOX, Part.TEMPERATURE)
# A patient who gives up after a wrong PIN: staff are told the PIN was wrong, which says more than how the visit ended.
_LEFT_UNFINISHED = (Failure.STOPPED_BY_PATIENT, Failure.TIMED_OUT, Failure.CARD_PULLED)


def stay(session: Session, *effects: Effect) -> Move:
    """Remain in the step."""
    return session, effects


def enter(session: Session, step: Step, *effects: Effect) -> Move:
    """Go to ``step``: start and stop what the table says, speak, show the lamp, note the time.

    ``effects`` come first, so that a PIN is handed over before its buffer is wiped.
    """
    old, new = STEPS[session.step], STEPS[step]
    out: list[Effect] = list(effects)
    if old.face and not new.face:
        out.append(StopFace())
    if old.pad and old.pad != new.pad:
        out.append(ClosePad())
    if new.pad:
        out.append(OpenPad(new.pad))
        session = replace(session, pad_count=0)
    if new.face and not old.face:
        session = replace(
            session,
            face_attempt=session.face_attempt + 1,
            face_since=session.now,
            matched_early=False,
            guidance=None,
            progress=0.0,
        )
        out.append(StartFace(session.visit, session.face_attempt))
    wrong_pin = step is Step.PIN_ENTRY and session.step is Step.PIN_CHECKING
    told = session.failure if wrong_pin or step is Step.REFERRED else None
    if step is Step.THANKS:  # who waits for a desk that sees nothing would wait in vain
        told = session.missing.get(Part.DESK)
    if told is not None:
        out.append(Say(f"failure.{told.name.lower()}"))
    elif step is Step.DONE and Part.DESK in session.missing:
        out.append(Say("take_card"))
    elif new.says:
        out.append(Say(new.says))
    out.append(ShowLamp(new.lamp))
    timeline = session.timeline
    if session.visit:
        timeline = (*timeline, (step.value, round(session.now - session.card_since, 3)))
    session = replace(
        session,
        step=step,
        entered_at=session.now,
        active_at=session.now,
        warned=False,
        pin_wrong=wrong_pin,
        timeline=timeline,
    )
    return session, tuple(out)


def begin(session: Session, visit: int) -> Move:
    """A card went in: start the visit, reading and looking at once."""
    visual = None if session.visual is None else replace(session.visual, for_next=False)
    session = replace(
        session,
        visit=visit,
        card_since=session.now,
        card=CardFacts(),
        failure=None,
        face_attempt=0,
        visual=visual,
    )
    return enter(session, Step.READING_CARD, StartReading(visit), Sound(Earcon.ACCEPT))


def fresh(session: Session) -> Move:
    """Forget the patient and wait for the next.

    An armed visual check is for one patient: it survives only if no card was identified, or if it was ordered when
    that patient's visit was over.
    """
    unused = session.card.certificate_state is None
    keep_visual = session.visual is not None and (unused or session.visual.for_next)
    new = Session(
        rules=session.rules,
        now=session.now,
        step=session.step,
        slot_visit=session.slot_visit,
        aids=Aids(language=session.rules.language),
        staff_tries=session.staff_tries,
        visual=session.visual if keep_visual else None,
        missing=session.missing,
    )
    blocked = blocking_failure(new)
    if blocked is not None:
        return enter(replace(new, failure=blocked), Step.OUT_OF_SERVICE, Wipe(), ReleaseCard())
    new, effects = enter(new, Step.IDLE, Wipe(), ReleaseCard())
    if new.card_in:
        begun, more = begin(new, new.slot_visit)
        return begun, (*effects, *more)
    return new, effects


def blocking_failure(session: Session) -> Failure | None:
    """Return why no patient can be served now, or None."""
    return next((session.missing[part] for part in BLOCKING if part in session.missing), None)


def publish(session: Session, outcome: Outcome, failure: Failure | None) -> Move:
    """Publish the visit's record, once. Consents travel only with an accepted result."""
    if not session.visit or session.published:
        return stay(session)
    accepted = outcome is Outcome.ACCEPTED
    if session.failure is Failure.PIN_WRONG and failure in _LEFT_UNFINISHED:
        failure = Failure.PIN_WRONG
    record = Record(
        visit=session.visit,
        outcome=outcome,
        failure=failure,
        evidence=replace(session.evidence, attempts=session.face_attempt),
        certificate_state=session.card.certificate_state,
        certificate=session.card.certificate,
        not_after=session.card.not_after,
        consents=official(session.answers) if accepted else {},
        consented_at=session.consented_at if accepted else None,
        prescription=session.prescription if accepted else None,
        registration_requested=session.registration_requested,
        signature=session.signature,
        timeline=session.timeline,
        taps=session.taps,
        language=session.aids.language,
    )
    return replace(session, published=True, failure=failure), (Publish(record),)


def refer(session: Session, failure: Failure, outcome: Outcome = Outcome.REFERRED) -> Move:
    """End the visit: say what to do, ask for the card to be taken, tell the desk."""
    session, published = publish(session, outcome, failure)
    session, entered = enter(replace(session, failure=failure), Step.REFERRED, *published)
    return session, (*entered, ReleaseCard(), Sound(Earcon.ATTENTION))


def abort(session: Session, failure: Failure) -> Move:
    """End a visit nobody finished; with the card still in, the patient is asked to take it."""
    if not session.visit:
        return fresh(session)
    if session.card_in:
        return refer(session, failure, Outcome.ABORTED)
    session, published = publish(session, Outcome.ABORTED, failure)
    session, renewed = fresh(session)
    return session, (*published, *renewed)


def pulled(session: Session) -> Move:
    """The card left a step that dies with it."""
    session, published = publish(session, Outcome.ABORTED, Failure.CARD_PULLED)
    session, entered = enter(replace(session, failure=Failure.CARD_PULLED), Step.CARD_PULLED, *published)
    return session, (*entered, ReleaseCard(), Sound(Earcon.ATTENTION))


# -- identity ----------------------------------------------------------------------------------------------------


def proved(evidence: Evidence) -> bool:
    """Whether the evidence amounts to a verified identity; there is no other way to become verified."""
    match evidence.method:
        case Method.FACE:
            return evidence.matched and evidence.live and evidence.card_signature_valid and evidence.presence_proved
        case Method.PIN:
            return evidence.pin_accepted and evidence.signature_valid
        case Method.VISUAL:
            return evidence.operator is not None
        case _:
            return False


def verified(session: Session, evidence: Evidence) -> Move:
    """Accept the evidence and go on with the questions, or wait a moment for the desk's memory of the answers."""
    if not proved(evidence):
        return refer(replace(session, evidence=evidence), Failure.INTERNAL)
    session = replace(session, evidence=evidence, verified=True, progress=1.0, guidance=None, failure=None)
    return advance(session, (Sound(Earcon.ACCEPT),))


def pin_possible(session: Session) -> bool:
    """Whether a PIN may be asked for: tries known and left. Never a guess about the counter."""
    return session.card.pin_tries is not None and session.card.pin_tries > 0


def face_possible(session: Session) -> bool:
    """Whether a face try can still be offered."""
    gone = {Part.CAMERA, Part.MODELS, Part.CARD_CAMERA} & set(session.missing)
    return not gone and session.face_attempt < session.rules.face_tries and session.card.front_problem is None


def offer_pin_or_staff(session: Session, failure: Failure) -> Move:
    """Face will not do today: offer PIN or staff, without blame."""
    return enter(replace(session, failure=failure), Step.FACE_GIVEN_UP)


def ask_pin(session: Session) -> Move:
    """Start the PIN path; one try left needs the patient's explicit second confirmation first."""
    match session.card.pin_tries:
        case None | 0:
            return refer(session, Failure.PIN_LOCKED)
        case 1:
            return enter(session, Step.PIN_LAST_TRY)
        case _:
            return enter(session, Step.PIN_ENTRY)


# -- questions ---------------------------------------------------------------------------------------------------


def desk_pending(session: Session) -> bool:
    """Whether the desk may still answer in time about this patient."""
    return (
        session.desk_asked_at is not None
        and not session.desk_replied
        and session.now - session.desk_asked_at < session.rules.desk_reply_s
    )


def next_question(session: Session) -> Step:
    """Return the step that asks the next open question, or STORING when none is left."""
    state = session.card.certificate_state
    if session.registration is Registration.NOT_REGISTERED and not session.registration_asked:
        return Step.REGISTRATION
    if state in (CertificateState.EXPIRING_SOON, CertificateState.GRACE) and not session.notice_shown:
        return Step.EXPIRY_NOTICE
    if any(item not in session.answers for item in items_to_ask(session)):
        return Step.CONSENT_AGAIN if remembered(session) else Step.CONSENT
    if session.rules.prescription_choice and session.prescription is None:
        return Step.PRESCRIPTION
    return Step.STORING


def remembered(session: Session) -> dict[ConsentItem, bool] | None:
    """Return last time's answers if the site remembers, the desk knew them, and they answer today's questions."""
    if not session.rules.remember_consents or session.last_consents is None:
        return None
    return answers_from(session.last_consents, items_to_ask(session))


def advance(session: Session, first: tuple[Effect, ...] = ()) -> Move:
    """Ask the next question, or store the result when all are answered."""
    if desk_pending(session):
        return stay(session, *first)
    step = next_question(session)
    if step is not Step.STORING:
        return enter(session, step, *first)
    session, published = publish(session, Outcome.ACCEPTED, None)
    return enter(session, step, *first, *published)


def answer(session: Session, answers: dict[ConsentItem, bool]) -> Move:
    """Note consents; once every question is answered, their time is now and the flow goes on."""
    given = {**session.answers, **answers}
    asked = items_to_ask(session)
    session = replace(session, answers={item: given[item] for item in asked if item in given})
    if all(item in session.answers for item in asked):
        return advance(replace(session, consented_at=session.now), (Sound(Earcon.ACCEPT),))
    return stay(session)


def ask_desk(session: Session) -> Move:
    """Ask the desk about this patient, unless it is known to be away."""
    if Part.DESK in session.missing:
        return stay(session)
    return replace(session, desk_asked_at=session.now), (AskDesk(session.visit, session.card.certificate),)


def call_staff(session: Session, failure: Failure = Failure.STAFF_REQUESTED) -> Move:
    """Ask a member of staff to come; the visit waits."""
    return enter(replace(session, before_staff=session.step), Step.STAFF_CALLED, Alert(failure))
