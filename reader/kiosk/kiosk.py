"""The main loop's step: facts and touches in, one session step each, effects out, a redraw when the picture changed.

It owns the screen (SDL wants the main thread), the session and the pad; every other part has a worker of its own.
"""

from __future__ import annotations

import logging
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reader.config import factory_reset
from reader.devices.ports import DeviceError, Display, Frame, Lamps, Pointer, Speaker
from reader.face.engine import Observation
from reader.kiosk import card_worker, face_worker, front_worker, heat, store_worker
from reader.kiosk.camera_worker import CameraOrder
from reader.kiosk.clock import Clock
from reader.kiosk.desk_link import DeskLink
from reader.kiosk.health import Figures
from reader.kiosk.inspection import Inspect, Inspection, none
from reader.kiosk.pad import Pad
from reader.kiosk.patient_keys import PatientKeys
from reader.kiosk.staff import StaffCodes
from reader.kiosk.trace import Trace
from reader.kiosk.worker import Mailbox, Worker
from reader.screen import motion
from reader.screen.model import ScreenModel
from reader.screen.painter import Painter
from reader.screen.scene import PadKey, Target, Touch
from reader.screen.view import LiveView, present
from reader.session import core
from reader.session import effects as ef
from reader.session import events as ev
from reader.session.failures import Failure
from reader.session.state import Rules
from reader.session.table import STEPS
from reader.session.vocabulary import Button, CheckedPart, Condition, Method, Part, Ref, Step
from reader.text.voice import recorded_language
from reader.uplink.ids import uuid7
from reader.uplink.messages import Health, HealthFinding, MessageError, result_from
from reader.vault import Vault, VaultError

log = logging.getLogger(__name__)

FRAME_S = 1 / 30
REST_S = 0.1  # with nobody there, ten looks a second are enough
HEALTH_EVERY_S = 30.0
ROUND_EVERY_S = 900.0  # the doctor looks at the kiosk by itself, with nobody there
NONCE_BYTES = 32
STALE_S = 1.5  # an older picture is not shown: nobody should look into a face that stands still


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this kiosk is, and what it calls itself on the screen."""

    site: str
    kiosk: str
    clinic: str
    software: str


@dataclass(slots=True)
class Workers:
    """The workers by what they own. ``face`` is None where the models are missing."""

    card: Worker[card_worker.CardOrder]
    front: Worker[front_worker.ReadFront]
    camera: Worker[CameraOrder]
    face: Worker[face_worker.FaceOrder] | None
    store: Worker[store_worker.Store | store_worker.Count]

    def all(self) -> list[Worker[object]]:
        """Return those that are there."""
        some: list[object] = [self.card, self.front, self.camera, self.face, self.store]
        return [worker for worker in some if isinstance(worker, Worker)]


@dataclass(slots=True)
class Parts:
    """Everything the main loop holds in its hands."""

    clock: Clock
    display: Display
    painter: Painter
    lamps: Lamps
    speaker: Speaker
    desk: DeskLink
    staff: StaffCodes
    keys: PatientKeys
    vault: Vault
    trace: Trace
    preview: Mailbox[Frame]
    seen: Mailbox[Observation]
    fill: Mailbox[float]
    figures: Callable[[], Figures]
    random: Callable[[int], bytes] = secrets.token_bytes
    shuffle_pad: bool = False
    heat: heat.Heat = field(default_factory=heat.Heat)
    models: dict[str, str] = field(default_factory=dict)
    on_event: Callable[[ev.Event], None] | None = None
    inspect: Inspect = none
    motion: bool = False
    reset_request: Path = factory_reset.REQUEST_FILE


class Kiosk:
    """One kiosk. ``report`` takes facts from any thread; ``step`` belongs to the main thread."""

    def __init__(self, parts: Parts, rules: Rules, identity: Identity, facts: deque[ev.Event]) -> None:
        self._parts = parts
        self._identity = identity
        self._facts = facts
        self._pad = Pad()
        self._workers: Workers | None = None
        self._drawn: object = None
        self._drawn_frame = -1
        self._choosing_language = False
        self._focus: int | None = None
        self._said = ""  # since this step began
        self._camera_wanted = False
        self._health_at = float("-inf")
        self._started_at = parts.clock.now()
        self._failures: dict[Failure, int] = {}
        self._fill = 0.0
        self._unsynced = False
        self._nonce = b""
        self._ring = motion.Ring()
        self._drawn_motion = (0, 0)
        self._found: Mailbox[tuple[CheckedPart, ...]] = Mailbox()
        self._round = Inspection(parts.inspect, self._found.put)
        self._round_at = float("-inf")
        self.inspection = Inspection(parts.inspect, lambda found: facts.append(ev.Inspected(parts.clock.now(), found)))
        self.heartbeats: Callable[[], dict[str, float]] = dict
        self.showing: float | None = None  # when the picture on the screen was taken; None while there is none
        self.session = core.start(rules, self._started_at)

    def attach(self, workers: Workers) -> None:
        """Give the kiosk its workers, once they exist."""
        self._workers = workers
        if workers.face is None:
            self._facts.append(ev.PartChanged(self._started_at, Part.MODELS, Failure.MODELS_MISSING))

    # -- the loop ------------------------------------------------------------------------------------------------

    def step(self, now: float) -> float:
        """Take everything that happened, show what came of it; return seconds until the next step is wanted."""
        for pointer in self._parts.display.poll():
            self._touch(pointer)
        self._parts.desk.poll(now)
        while self._facts:
            self.take(self._facts.popleft())
        self.take(ev.Tick(now))
        self._machine(now)
        self._parts.desk.state(self.session, now)
        self._draw()
        self._light()
        if self.session.step in (Step.IDLE, Step.OUT_OF_SERVICE):
            return max(FRAME_S, min(REST_S, motion.rest(self.session.in_step))) if self._moves() else REST_S
        return heat.FRAME_S if self._parts.heat.eased else FRAME_S

    def take(self, event: ev.Event) -> None:
        """Step the session by one event and carry out what follows."""
        before = self.session.step
        if self._parts.on_event is not None:
            self._parts.on_event(event)
        self.session, effects = core.step(self.session, event)
        if self.session.step is not before:
            self._said = ""
        for effect in effects:
            self._do(effect)
        if self.session.step is not before:
            self._choosing_language = False
            self._focus = None
            log.info("step %s -> %s", before.value, self.session.step.value)
        wanted = STEPS[self.session.step].camera
        if wanted is not self._camera_wanted and self._workers is not None:
            self._camera_wanted = wanted
            self._workers.camera.post(wanted)

    # -- fingers -------------------------------------------------------------------------------------------------

    def _touch(self, pointer: Pointer) -> None:
        model = present(self.session, self._live())
        touch = self._key(pointer.key, model) if pointer.key else self._parts.painter.hit(model, pointer.x, pointer.y)
        if touch is None:
            if not pointer.key:  # a finger on the picture: whoever cannot read it hears it, again
                self._say(self._said or STEPS[self.session.step].tells)
            return
        self._parts.trace.add("touch", "touch", pointer.at, self._parts.clock.now())
        self.press(touch, pointer.at)

    def _key(self, key: str, model: ScreenModel) -> Touch | None:
        """A tactile keypad: digits type, Tab and arrows move the focus, Enter presses, Backspace takes back."""
        digit = key.strip("[]")
        if len(digit) == 1 and digit.isdigit():
            return Touch(digit=int(digit)) if self._pad.purpose else None
        match key:
            case "tab" | "right" | "down" | "[6]" | "[2]":
                self._point(self._parts.painter.focus_next(model), model)
            case "left" | "up" | "[4]" | "[8]":
                self._point(self._parts.painter.focus_next(model, backwards=True), model)
            case "backspace" | "delete":
                return Touch(pad=PadKey.BACKSPACE)
            case "return" | "enter" | "space":
                return self._parts.painter.activate(model)
            case _:
                pass
        return None

    def _point(self, focus: int | None, model: ScreenModel) -> None:
        """Move the keypad's focus and say what it points at, for hands that cannot see the screen."""
        self._focus = focus
        if focus is not None:
            label = self._parts.painter.targets(model)[focus].label
            if label:
                self._say(label)

    def press(self, touch: Touch, at: float) -> None:
        """Act on a touch that hit something."""
        if touch.opens_languages:
            self._choosing_language = not self._choosing_language
        elif touch.digit is not None:
            self._pad.press(touch.digit)
            self.take(ev.PadChanged(at, len(self._pad)))
        elif touch.pad is not None:
            if touch.pad is PadKey.BACKSPACE:
                self._pad.backspace()
            else:
                self._pad.clear()
            self.take(ev.PadChanged(at, len(self._pad)))
        elif touch.button is not None:
            if touch.button is Button.LANGUAGE:
                self._choosing_language = False
            self.take(ev.Pressed(at, touch.button, touch.item, touch.language))

    def targets(self) -> tuple[Target, ...]:
        """Return what can be touched now (main thread only); the simulator's fingers look here."""
        return self._parts.painter.targets(present(self.session, self._live()))

    # -- effects -------------------------------------------------------------------------------------------------

    def _do(self, effect: ef.Effect) -> None:
        workers = self._workers
        assert workers is not None, "attach() comes before the first event"
        match effect:
            case ef.StartReading(visit=visit):
                workers.card.post(card_worker.Read(visit))
                workers.front.post(front_worker.ReadFront(visit))
            case ef.ReleaseCard():
                workers.card.post(card_worker.Release())
            case ef.StartFace(visit=visit):
                if workers.face is not None:
                    workers.face.post(face_worker.StartTry(visit))
            case ef.StopFace():
                if workers.face is not None:
                    workers.face.post(face_worker.StopTry())
            case ef.OpenPad(purpose=purpose):
                self._pad.open(purpose, self._shuffled() if self._parts.shuffle_pad else None)
            case ef.ClosePad():
                self._pad.close()
            case ef.VerifyPin(visit=visit):
                nonce = self._parts.desk.nonce(visit)
                local = nonce is None
                self._nonce = nonce or self._parts.random(NONCE_BYTES)
                workers.card.post(card_worker.Verify(visit, self._pad.take(), self._nonce, local))
            case ef.CheckStaffCode():
                operator = self._parts.staff.check(self._pad.take(), self.session.now)
                tries = self._parts.staff.tries_left(self.session.now)
                self._facts.append(ev.StaffCodeChecked(self.session.now, operator, tries))
            case ef.Inspect():
                self.inspection.begin()
            case ef.CountResults():
                workers.store.post(store_worker.Count())
            case ef.AskReset(operator=operator):
                self._ask_reset(operator)
            case ef.WithdrawReset():
                factory_reset.withdraw(self._parts.reset_request)
            case ef.AskDesk(visit=visit, certificate=certificate):
                self._parts.desk.ask(visit, self._patient_key(certificate))
            case ef.Say(text_id=text_id):
                self._said = text_id
                self._say(text_id)
            case ef.Sound(earcon=earcon):
                self._quietly(lambda: self._parts.speaker.sound(earcon))
            case ef.ShowLamp(lamp=lamp):
                self._quietly(lambda: self._parts.lamps.show(lamp))
            case ef.Wipe():
                self._wipe(workers)
            case ef.Alert(failure=failure):
                self._parts.desk.alert(failure)
            case ef.Publish(record=record):
                self._publish(record, workers)
            case _:
                raise AssertionError(f"no one carries out {type(effect).__name__}")

    def _ask_reset(self, operator: str) -> None:
        log.warning("operator %s asks for a factory reset", operator)
        try:
            factory_reset.ask(operator, self._parts.reset_request)
        except OSError as error:
            log.error("the factory reset cannot be asked for: %s", error)
            self._facts.append(ev.ResetNotAsked(self.session.now))

    def _say(self, text_id: str) -> None:
        if not text_id:
            return
        aids = self.session.aids
        language = recorded_language(text_id, aids.language, aids.easy_japanese)
        self._quietly(lambda: self._parts.speaker.say(text_id, language))

    @staticmethod
    def _quietly(act: Callable[[], None]) -> None:
        """Sound and light are best effort: a broken lamp must not cost a patient the visit."""
        try:
            act()
        except DeviceError as error:
            log.warning("%s", error)

    def _wipe(self, workers: Workers) -> None:
        self._pad.close()
        self._nonce = b""
        if workers.face is not None:
            workers.face.post(face_worker.ForgetFaces())
        self._parts.preview.put(None)
        self._parts.seen.put(None)
        self._parts.fill.put(None)
        self._parts.vault.wipe()

    def _shuffled(self) -> tuple[int, ...]:
        digits = list(range(10))
        for index in range(9, 0, -1):  # Fisher-Yates; ten keys from four random bytes keep the bias below 1e-8
            swap = int.from_bytes(self._parts.random(4), "big") % (index + 1)
            digits[index], digits[swap] = digits[swap], digits[index]
        return tuple(digits)

    def _patient_key(self, certificate: Ref | None) -> str | None:
        if certificate is None or not self.session.rules.remember_consents:
            return None
        der = self._bytes(certificate)
        return None if der is None else self._parts.keys.of(der)

    def _bytes(self, ref: Ref | None) -> bytes | None:
        if ref is None:
            return None
        try:
            return bytes(self._parts.vault.get(ref))
        except VaultError:
            return None

    def _publish(self, record: ef.Record, workers: Workers) -> None:
        now, wall = self._parts.clock.now(), self._parts.clock.wall()
        if record.failure is not None:
            self._failures[record.failure] = self._failures.get(record.failure, 0) + 1
        by_pin = record.evidence.method is Method.PIN
        result_id = uuid7(wall)
        try:
            message = result_from(
                record,
                result_id=result_id,
                site=self._identity.site,
                kiosk=self._identity.kiosk,
                started_at=wall - timedelta(seconds=max(0.0, now - self.session.card_since)),
                now=wall,
                now_monotonic=now,
                clock_synced=bool(self._parts.figures().clock_synced),
                nonce=self._nonce if by_pin else None,
                signature=self._bytes(record.signature) if by_pin else None,
                certificate=self._bytes(record.certificate) if by_pin else None,
                patient_key=self._patient_key(record.certificate),
            )
        except MessageError as error:
            log.error("a result contradicts itself and is not published: %s", error)
            self._facts.append(ev.ResultNotStored(now, record.visit, Failure.INTERNAL))
            return
        workers.store.post(store_worker.Store(record.visit, result_id, message.encode()))

    # -- machine -------------------------------------------------------------------------------------------------

    def _machine(self, now: float) -> None:
        if now - self._health_at < HEALTH_EVERY_S:
            return
        self._health_at = now
        figures = self._parts.figures()
        self._feel(figures, now)
        if now - self._round_at >= ROUND_EVERY_S and self.session.step is Step.IDLE and self._parts.inspect is not none:
            self._round_at = now
            self._round.begin()
        firmware = figures.firmware
        unsynced = figures.clock_synced is False
        if unsynced is not self._unsynced:
            self._unsynced = unsynced
            self._facts.append(ev.PartChanged(now, Part.CLOCK, Failure.CLOCK_UNSYNCED if unsynced else None))
        self._parts.desk.health(
            Health(
                site=self._identity.site,
                kiosk=self._identity.kiosk,
                at=self._parts.clock.wall(),
                software=self._identity.software,
                uptime_s=max(0.0, now - self._started_at),
                temperature_c=figures.temperature_c,
                throttled=None if firmware is None else firmware.slowed or firmware.under_voltage,
                disk_free_bytes=figures.disk_free_bytes,
                memory_free_bytes=figures.memory_free_bytes,
                clock_synced=figures.clock_synced,
                models=self._parts.models,
                heartbeats_s=self.heartbeats(),
                failures=dict(self._failures),
                findings=self._findings(),
            )
        )

    def _findings(self) -> tuple[HealthFinding, ...] | None:
        """What the last round of the doctor found wrong; None until one has been made."""
        found = self._found.peek()
        if found is None:
            return None
        wrong = {Condition.ATTENTION: "attention", Condition.FAULT: "fault"}
        return tuple(
            HealthFinding.model_validate(
                {"code": part.code, "title": part.title, "condition": wrong[part.condition], "remedy": part.remedy}
            )
            for part in found
            if part.condition in wrong
        )

    def _feel(self, figures: Figures, now: float) -> None:
        """Ease off, stop, or go on as before, as heat demands."""
        state, workers = self._parts.heat, self._workers
        eased, stopped = state.eased, state.stopped
        state.feel(figures.temperature_c, figures.firmware is not None and figures.firmware.slowed)
        if state.eased is not eased:
            log.warning("%s at %s °C", "easing off" if state.eased else "at full pace again", figures.temperature_c)
            if workers is not None and workers.face is not None:
                workers.face.post(face_worker.Ease(state.eased))
        if state.stopped is not stopped:
            self._facts.append(ev.PartChanged(now, Part.TEMPERATURE, Failure.TOO_HOT if state.stopped else None))

    def _light(self) -> None:
        """Set the fill light to what the light loop asks for: dark with nobody there, dimmed in the heat."""
        asked = self._parts.fill.peek() if self._camera_wanted else None
        level = min(asked or 0.0, heat.FILL if self._parts.heat.eased else 1.0)
        if level != self._fill:
            self._fill = level
            self._quietly(lambda: self._parts.lamps.fill(level))

    # -- picture -------------------------------------------------------------------------------------------------

    def _photo(self) -> NDArray[np.uint8] | None:
        ref = self.session.card.photo
        if self.session.step is not Step.VISUAL_CHECK or ref is None:
            return None
        try:
            photo = self._parts.vault.get(ref)
        except VaultError:
            return None
        assert not isinstance(photo, bytearray)
        return photo

    def _live(self) -> LiveView:
        frame = self._newest()
        seen = self._parts.seen.peek()
        return LiveView(
            preview=None if frame is None else frame.pixels,
            box=None if seen is None else seen.box,
            photo=self._photo(),
            digits=len(self._pad),
            pad_order=self._pad.order,
            clinic=self._identity.clinic,
            clock=self._parts.clock.wall().strftime("%-H:%M"),
            countdown=core.countdown(self.session),
            choosing_language=self._choosing_language,
            focus=self._focus,
            progress=self._ring.toward(self.session.progress, self.session.now) if self._parts.motion else None,
            phase=motion.nudge(self.session.in_step) if self._moves() else 0,
        )

    def _moves(self) -> bool:
        """Whether the card in the picture may show its way: not where a site wants rest, nor while it is hot."""
        return self._parts.motion and not self._parts.heat.eased and not self._choosing_language

    def _newest(self) -> Frame | None:
        """The newest picture, unless the camera has stopped giving any."""
        frame = self._parts.preview.peek()
        return None if frame is None or self._parts.clock.now() - frame.at > STALE_S else frame

    def _draw(self) -> None:
        frame = self._newest()
        model = present(self.session, self._live())
        number = -1 if frame is None else frame.number
        moved = STEPS[self.session.step].camera and number != self._drawn_frame
        moving = (model.phase, model.progress)
        if model == self._drawn and not moved and moving == self._drawn_motion:
            return
        self._drawn, self._drawn_frame, self._drawn_motion = model, number, moving
        self.showing = frame.at if frame is not None and STEPS[self.session.step].camera else None
        start = self._parts.clock.now()
        self._parts.painter.draw(self._parts.display.surface, model)
        self._parts.display.flip()
        self._parts.trace.add("screen", self.session.step.value, start, self._parts.clock.now())

    def dark(self) -> None:
        """Show nothing any more: what comes next may take its time."""
        self._parts.preview.put(None)
        self._parts.display.surface.fill((0, 0, 0))
        self._parts.display.flip()
        self.showing = None

    def close(self) -> None:
        """Wipe, put out the lamps, be quiet."""
        self._pad.close()
        self._parts.vault.wipe()
        self._quietly(self._parts.speaker.stop)
        self._quietly(self._parts.lamps.close)
        self._parts.desk.close()
