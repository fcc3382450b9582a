"""Short words for the session's tests: a kiosk switched on, and what happens at it, one call a fact."""

from __future__ import annotations

from reader.session import effects as ef
from reader.session import events as ev
from reader.session.core import start
from reader.session.failures import Failure
from reader.session.state import Rules
from reader.session.vocabulary import (
    Button,
    CardFrontProblem,
    CertificateState,
    CheckedPart,
    Consent,
    ConsentItem,
    Guidance,
    Part,
    Ref,
    Registration,
    Step,
)
from tests.session.never import Watcher, let_time_pass


class At:
    """A kiosk with a clock; every call is something that happens now."""

    def __init__(self, rules: Rules | None = None, *, ready: bool = True) -> None:
        self.watcher = Watcher(start(rules or Rules(), 0.0))
        self.visit = 0
        if ready:
            self.part(Part.CARD_READER, None)

    def is_at(self, step: Step) -> bool:
        return self.watcher.session.step is step

    def evidence(self) -> ef.Evidence:
        return self.watcher.session.evidence

    def card_left_stage(self) -> int:
        return self.watcher.session.card_left_stage

    def wrong_pin_shown(self) -> bool:
        return self.watcher.session.pin_wrong

    @property
    def now(self) -> float:
        return self.watcher.session.now

    def record(self) -> ef.Record:
        return self.watcher.published[max(self.watcher.published)]

    def did(self, kind: type[ef.Effect]) -> list[ef.Effect]:
        return [effect for effect in self.watcher.effects if isinstance(effect, kind)]

    def said(self) -> list[str]:
        return [effect.text_id for effect in self.watcher.effects if isinstance(effect, ef.Say)]

    def alerts(self) -> list[Failure]:
        return [effect.failure for effect in self.watcher.effects if isinstance(effect, ef.Alert)]

    def happens(self, event: ev.Event) -> At:
        self.watcher.feed(event)
        return self

    def wait(self, seconds: float) -> At:
        let_time_pass(self.watcher, seconds, every=0.5)
        return self

    def part(self, part: Part, failure: Failure | None) -> At:
        return self.happens(ev.PartChanged(self.now, part, failure))

    def insert(self) -> At:
        self.visit += 1
        return self.happens(ev.CardInserted(self.now, self.visit))

    def pull(self) -> At:
        return self.happens(ev.CardRemoved(self.now))

    def certificate(self, state: CertificateState = CertificateState.VALID, tries: int | None = 3) -> At:
        ref = None if state is CertificateState.NONE else Ref("certificate", self.visit)
        return self.happens(ev.CertificateRead(self.now, self.visit, state, tries, ref, "2030-01-01"))

    def card_face(self, age: int = 45, *, signed: bool = True, present: bool = True) -> At:
        return self.happens(ev.CardFaceRead(self.now, self.visit, Ref("photo", self.visit), age, signed, present))

    def card_failed(self, failure: Failure) -> At:
        return self.happens(ev.CardFailed(self.now, self.visit, failure))

    def front(self, problem: CardFrontProblem) -> At:
        return self.happens(ev.CardFrontUnreadable(self.now, self.visit, problem))

    def sees(self, guidance: Guidance | None, progress: float = 0.5) -> At:
        return self.happens(ev.FaceProgress(self.now, self.visit, guidance, progress))

    def matched(self) -> At:
        return self.happens(ev.FaceDecided(self.now, self.visit, True, True, None))

    def face_lost(self) -> At:
        return self.happens(ev.FaceLost(self.now, self.visit))

    def not_matched(self, failure: Failure | None = Failure.FACE_NOT_MATCHED) -> At:
        return self.happens(ev.FaceDecided(self.now, self.visit, False, True, failure))

    def press(self, button: Button, item: ConsentItem | None = None, language: str | None = None) -> At:
        return self.happens(ev.Pressed(self.now, button, item, language))

    def digits(self, count: int) -> At:
        return self.happens(ev.PadChanged(self.now, count))

    def pin(self) -> At:
        return self.digits(4).press(Button.NEXT)

    def pin_accepted(self, *, valid: bool = True, local: bool = False) -> At:
        return self.happens(ev.PinAccepted(self.now, self.visit, valid, Ref("signature", 1), local))

    def pin_refused(self, left: int) -> At:
        return self.happens(ev.PinRefused(self.now, self.visit, left))

    def desk(
        self,
        last: dict[Consent, bool] | None = None,
        registration: Registration = Registration.REGISTERED,
    ) -> At:
        return self.happens(ev.DeskReplied(self.now, self.visit, last, registration))

    def order_visual(self, lasts: float = 180.0) -> At:
        return self.happens(ev.VisualCheckOrdered(self.now, "op1", "other", self.now + lasts))

    def decide(self, same: bool) -> At:
        return self.happens(ev.StaffDecided(self.now, "op1", same))

    def staff_code(self, operator: str | None, left: int = 4) -> At:
        return self.happens(ev.StaffCodeChecked(self.now, operator, left))

    def inspected(self, *parts: CheckedPart) -> At:
        return self.happens(ev.Inspected(self.now, parts))

    def counted(self, waiting: int | None) -> At:
        return self.happens(ev.ResultsCounted(self.now, waiting))

    def stored(self) -> At:
        return self.happens(ev.ResultStored(self.now, self.visit))

    # -- whole stretches of a visit ------------------------------------------------------------------------------

    def at_face(self, state: CertificateState = CertificateState.VALID, tries: int | None = 3, age: int = 45) -> At:
        return self.insert().certificate(state, tries).card_face(age)

    def by_face(self, state: CertificateState = CertificateState.VALID, age: int = 45) -> At:
        """Verified by face, the desk having had its second."""
        return self.at_face(state, age=age).matched().wait(1.1)
