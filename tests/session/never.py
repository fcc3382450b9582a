"""DESIGN's Never list and the table's promises, as checks on one step of a session. Used by every session test."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from typing import ClassVar

from reader.session import effects as ef
from reader.session import events as ev
from reader.session.consents import COVERS, items_to_ask
from reader.session.core import step
from reader.session.moves import proved
from reader.session.state import Session
from reader.session.table import STEPS
from reader.session.vocabulary import ConsentItem, Outcome, ResetStage, Step

LEAVES = (str, int, float, bool, type(None))


def holds_only_plain_facts(value: object) -> bool:
    """No pixels, digits or card bytes: only text, numbers, enums, refs and containers of them."""
    if isinstance(value, LEAVES):
        return True
    if is_dataclass(value) and not isinstance(value, type):
        return all(holds_only_plain_facts(getattr(value, f.name)) for f in fields(value))
    if isinstance(value, dict):
        return all(holds_only_plain_facts(k) and holds_only_plain_facts(v) for k, v in value.items())
    if isinstance(value, tuple):
        return all(holds_only_plain_facts(v) for v in value)
    return False


@dataclass
class Watcher:
    """Steps a session and holds every promise against it."""

    session: Session
    published: dict[int, ef.Record] = field(default_factory=dict)
    face_running: bool = False
    pad_open: str = ""
    last_try_confirmed: bool = False
    moves: set[tuple[Step, Step]] = field(default_factory=set)
    effects: list[ef.Effect] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    told: ClassVar[list[list[str]]] = []  # the stories of every watcher since the fixture ``story`` last looked

    def __post_init__(self) -> None:
        Watcher.told.append(self.lines)

    def feed(self, *events: ev.Event) -> Session:
        """Take events one by one."""
        for event in events:
            self._one(event)
        return self.session

    def _one(self, event: ev.Event) -> None:
        before = self.session
        after, effects = step(before, event)
        again, effects_again = step(before, event)
        assert (after, effects) == (again, effects_again), "a pure step gives the same answer twice"
        self.session = after
        self.effects.extend(effects)
        self._tell(before, event, after, effects)
        self._time(before, after)
        self._table(before, after, effects)
        self._identity(after)
        for effect in effects:
            self._effect(before, after, effect)
        assert self.face_running == STEPS[after.step].face, f"face try in {after.step}"
        assert self.pad_open == STEPS[after.step].pad, f"pad in {after.step}"
        assert holds_only_plain_facts(after)

    def _tell(self, before: Session, event: ev.Event, after: Session, effects: tuple[ef.Effect, ...]) -> None:
        """Write down what changed; time alone passing is not worth a line."""
        changed = [
            f"{f.name}={getattr(after, f.name)!r}"
            for f in fields(Session)
            if f.name not in ("now", "rules") and getattr(after, f.name) != getattr(before, f.name)
        ]
        if not changed and not effects and isinstance(event, ev.Tick):
            return
        self.lines.append(f"{event!r}")
        self.lines.extend(f"    {change}" for change in changed)
        self.lines.extend(f"    -> {effect!r}" for effect in effects)

    def _time(self, before: Session, after: Session) -> None:
        assert after.now >= before.now
        assert after.entered_at <= after.now
        assert after.active_at <= after.now

    def _table(self, before: Session, after: Session, effects: tuple[ef.Effect, ...]) -> None:
        shown = [e for e in effects if isinstance(e, ef.ShowLamp)]
        if before.step is after.step:
            return
        assert shown, f"{before.step} -> {after.step} shows its lamp"
        self.moves.add((before.step, after.step))

    def _identity(self, after: Session) -> None:
        if after.verified:
            assert proved(after.evidence), "verified without evidence"
        if STEPS[after.step].verified:
            assert after.verified, f"{after.step} without a verified identity"
        if after.step is Step.STAFF_CORNER:
            assert after.staff_operator, "the staff corner without a staff code"
            assert after.visit == 0, "the staff corner before a patient"
        if after.step is Step.FACTORY_RESET:
            assert after.staff_operator, "a factory reset without a staff code"
            assert after.visit == 0, "a factory reset before a patient"
        assert (after.reset is not None) is (after.step is Step.FACTORY_RESET)
        if STEPS[after.step].dies_with_card:
            assert after.card_in, f"{after.step} without a card"
            assert after.slot_visit == after.visit, f"{after.step} with the facts of another card"
        if after.step in (Step.IDLE, Step.OUT_OF_SERVICE):
            assert after.visit == 0, "nothing of the last patient is left"
            assert after.card.certificate is None
            assert after.card.photo is None

    def _effect(self, before: Session, after: Session, effect: ef.Effect) -> None:
        match effect:
            case ef.StartFace():
                assert not self.face_running
                self.face_running = True
            case ef.StopFace():
                assert self.face_running
                self.face_running = False
            case ef.OpenPad(purpose=purpose):
                self.pad_open = purpose
            case ef.ClosePad():
                self.pad_open = ""
            case ef.VerifyPin():
                self._pin(before)
            case ef.StartReading():
                self.last_try_confirmed = False
            case ef.Publish(record=record):
                self._publish(before, record)
            case ef.AskReset():
                assert before.reset is not None
                assert before.reset.stage is ResetStage.ARMED, "asked for without two presses"
                assert before.reset.counted, "asked for before anybody knew what would be lost"
            case _:
                pass
        if after.step is Step.PIN_ENTRY and before.step is Step.PIN_LAST_TRY:
            self.last_try_confirmed = True

    def _pin(self, before: Session) -> None:
        tries = before.card.pin_tries
        assert tries is not None
        assert tries > 0, "a PIN is sent only while tries are left"
        if tries == 1:
            assert self.last_try_confirmed, "the last try needs the patient's second confirmation"
            self.last_try_confirmed = False

    def _publish(self, before: Session, record: ef.Record) -> None:
        assert record.visit != 0
        assert record.visit not in self.published, "a visit is published once"
        self.published[record.visit] = record
        if record.outcome is not Outcome.ACCEPTED:
            assert not record.consents, "only accepted results carry consents"
            assert record.consented_at is None
            assert record.prescription is None
            assert record.failure is not None
            return
        assert record.failure is None
        assert proved(record.evidence), "accepted without evidence"
        asked = items_to_ask(before)
        for item in ConsentItem:
            for consent in COVERS[item]:
                answer = record.consents[consent]
                assert (answer is not None) == (item in asked), f"{consent} {answer} when asked is {item in asked}"
        assert (record.consented_at is not None) == bool(asked)
        assert (record.prescription is not None) == before.rules.prescription_choice


def let_time_pass(watcher: Watcher, seconds: float, every: float = 0.5) -> None:
    """Nothing happens but time."""
    end = watcher.session.now + seconds
    while watcher.session.now < end:
        watcher.feed(ev.Tick(watcher.session.now + every))
