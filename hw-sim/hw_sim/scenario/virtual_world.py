"""One clinic in virtual time: kiosk, uplink and desk stepped in one thread, and what systemd would do for them.

The kiosk's own code watches its workers; what it raises ends the "process" here, which is started again as its unit
says. Scenarios may be played in it one after another.
"""

from __future__ import annotations

import datetime
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw_sim.broker.memory import MemoryBroker
from hw_sim.broker.traced import TracedLink
from hw_sim.camera.virtual import CameraFault, VirtualCamera
from hw_sim.card.authority import simulator_trust
from hw_sim.card.front import SimulatedCardFront
from hw_sim.card.inprocess import InProcessReader
from hw_sim.card.link import LinkModel
from hw_sim.card.several import SeveralReaders
from hw_sim.scenario.clock import VirtualClock
from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.hands import Hands
from hw_sim.scenario.machine import BrittleDecoder, BrittleStore, Machine
from hw_sim.scenario.played import Restart
from hw_sim.scenario.schema import Scenario
from hw_sim.scenario.stand_ins import FPS, LayoutOnly, PlainCamera, Sheet
from hw_sim.scenario.told_face import ToldEngine, Truth
from hw_sim.scenario.world import KIOSK, SITE, Cast, card_of, config_for, staff_codes
from reader.config.places import models_dir
from reader.desk.link import DeskLink, desk_subscriptions
from reader.desk.service import DeskService
from reader.devices.ports import Frame, LightRequest
from reader.face.engine import FaceEngine
from reader.face.modelstore import ModelStore
from reader.kiosk.assemble import JST, Assembled, Choices, assemble
from reader.kiosk.face_worker import Try
from reader.kiosk.run import WATCHDOG_S
from reader.kiosk.threads import MAIN_HANG_S, Pulse, WorkerDied, WorkerStuck, check
from reader.kiosk.trace import Span
from reader.kiosk.worker import Report, Worker
from reader.session import events as ev
from reader.session.table import STEPS
from reader.session.vocabulary import Guidance, Ref, Step
from reader.uplink.bridge import KioskBridge, MemoryPipe, UplinkBridge
from reader.uplink.link import MqttLink
from reader.uplink.messages import will
from reader.uplink.settings import UplinkSettings
from reader.uplink.topics import TO_KIOSK, Channel, Topic
from reader.uplink.worker import Uplink
from reader.vault import Vault

MORNING = datetime.datetime(2026, 11, 24, 9, 0, tzinfo=JST)
FRAME_S = 0.04  # what one frame costs the face worker, detect to decision (make bench)
MIN_STEP_S = 0.002
LOOK_S = 0.05
# As systemd/*.service say, and what a start takes on the board.
KIOSK_AGAIN_S, KIOSK_START_S = 2.0, 6.0
UPLINK_AGAIN_S, UPLINK_START_S, UPLINK_WATCHDOG_S = 5.0, 1.0, 30.0
LOOKING = frozenset(step for step, spec in STEPS.items() if spec.face)
_NEVER = float("inf")
_READY_S = 120.0
_FAULTY_PICTURE = {
    CameraFault.BLACK: Guidance.TOO_DARK,
    CameraFault.WHITE: Guidance.DIRECT_LIGHT,
    CameraFault.TORN: Guidance.BLURRED,
}


@dataclass(slots=True)
class Task:
    """Something that is stepped when its time has come."""

    name: str
    step: Callable[[float], float]
    due: float = 0.0
    worker: Worker[object] | None = None
    pulse: Pulse | None = None
    free_at: float = 0.0


@dataclass(slots=True)
class _Kiosk:
    """One run of the kiosk process."""

    assembled: Assembled
    tasks: list[Task]
    decoder: BrittleDecoder
    checked_at: float = float("-inf")


@dataclass(slots=True)
class Sight:
    """Camera of a kiosk whose patients may come with pixels or without: ``pixels`` is asked at each start.

    A picture that nobody looks at (``looked_at``) is not drawn: as little as the screens that it would be shown on.
    """

    pixels: Callable[[], bool]
    looked_at: Callable[[], bool]
    plain: PlainCamera
    virtual: VirtualCamera
    fault: CameraFault | None = None
    _now: PlainCamera | VirtualCamera | None = None

    def fail(self, fault: CameraFault | None) -> None:
        """Break both in this way from the next frame on; None heals."""
        self.fault = fault
        self.plain.fail(fault)
        self.virtual.fail(fault)

    def start(self) -> None:
        """See Camera."""
        self._now = self.virtual if self.pixels() else self.plain
        self._now.start()
        self.plain.start()

    def capture(self, timeout_s: float) -> Frame:
        """See Camera."""
        assert self._now is not None
        return (self._now if self.looked_at() else self.plain).capture(timeout_s)

    def adjust(self, request: LightRequest) -> None:
        """See Camera."""
        assert self._now is not None
        self._now.adjust(request)

    def stop(self) -> None:
        """See Camera."""
        if self._now is not None:
            self._now.stop()


class SightEngine:
    """``Engine`` that looks at pixels or is told the truth, as the patient before it comes."""

    def __init__(self, pixels: Callable[[], bool], told: ToldEngine, real: Callable[[], FaceEngine]) -> None:
        self._pixels, self._told, self._make = pixels, told, real
        self._real: FaceEngine | None = None

    def _engine(self) -> FaceEngine | ToldEngine:
        if not self._pixels():
            return self._told
        if self._real is None:
            self._real = self._make()
        return self._real

    def enroll(self, photo: NDArray[np.uint8]) -> Ref:
        """See Engine."""
        return self._engine().enroll(photo)

    def begin(self, at: float) -> Try:
        """See Engine."""
        begun: Try = self._engine().begin(at)
        return begun

    def wipe(self) -> None:
        """See Engine."""
        self._told.wipe()
        if self._real is not None:
            self._real.wipe()


@dataclass(slots=True)
class Tale:
    """What a world has seen of itself since the last scenario began."""

    log: list[str] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    mqtt: list[Span] = field(default_factory=list)
    restarts: list[Restart] = field(default_factory=list)
    longest_still_s: float = 0.0  # how old the oldest picture was that anybody looked at


@cache
def _opened(folder: Path) -> ModelStore:
    """Open the nets once: a kiosk that starts again is a new process, and in this one its memory would only add up."""
    return ModelStore(folder)


class World:
    """One clinic in virtual time."""

    def __init__(
        self,
        scenario: Scenario,
        folder: Path,
        *,
        pixels: bool = False,
        seed: int = 1,
        start: datetime.datetime = MORNING,
    ) -> None:
        self.scenario = scenario
        self.pixels = pixels
        self.folder = folder
        self.clock = VirtualClock(start)
        self.came_on = start.date()  # dates of a card are laid about this day: past midnight it is still the same card
        self.machine = Machine(self.clock, self.clock.spend)
        self.since = 0.0
        self.cast = Cast(scenario.patient, seed)
        self.sheet = Sheet(self.clock)
        self.cards = InProcessReader(LinkModel(), self.clock.spend)
        self.beside = InProcessReader(LinkModel(), self.clock.spend, "kaopi in-process slot beside")
        self.camera = Sight(
            lambda: self.pixels,
            self._looked_at,
            PlainCamera(self.clock),
            VirtualCamera(lambda _: self.cast.scene(self.clock.now() - self.since), self.clock, fps=FPS),
        )
        self.front = SimulatedCardFront(self.cards.number_b)
        self.tale = Tale()
        self.hands: Hands | None = None
        self._random = random.Random(seed)
        self._late: list[tuple[float, ev.Event, Report]] = []
        self._broke_at: float | None = None
        self._desk()
        self._up: deque[bytes] = deque(maxlen=1000)
        self._down: deque[bytes] = deque(maxlen=1000)
        self._tasks_beside = [Task("desk", self._pump)]
        self._kiosk: _Kiosk | None = None
        self._start_kiosk()
        self.uplink: Uplink | None = None
        self._start_uplink()

    @property
    def assembled(self) -> Assembled:
        """The kiosk that runs now. AssertionError while it is down."""
        assert self._kiosk is not None, "the kiosk is down"
        return self._kiosk.assembled

    @property
    def up(self) -> bool:
        """Whether the kiosk process runs."""
        return self._kiosk is not None

    @property
    def tasks(self) -> list[Task]:
        """Everything that is stepped."""
        return [*(self._kiosk.tasks if self._kiosk is not None else ()), *self._tasks_beside]

    # -- what happens in it ----------------------------------------------------------------------------------------

    def put_card(self, persona: str = "", pull_at: int | None = None) -> None:
        """A patient has just stepped up and puts a card in."""
        self.cast.step_up()
        self.since = self.clock.now()
        self.cards.insert(card_of(self.scenario.patient, persona, self.came_on), pull_at)

    def _looked_at(self) -> bool:
        """Whether a face try is under way, the only thing here that looks at pictures."""
        return self._kiosk is not None and self._kiosk.assembled.kiosk.session.step in LOOKING

    def truth(self) -> Truth:
        """Return what there is to see now."""
        t = self.clock.now() - self.since
        truth = self.cast.truth(t, self.scenario.patient.photo or self.scenario.patient.person)
        fault = self.camera.fault
        if fault is None:
            return truth
        alive = truth.alive and fault is not CameraFault.FROZEN
        return replace(truth, spoilt=_FAULTY_PICTURE.get(fault), alive=alive)

    def open(self) -> None:
        """Connect the desk (the thread of ``DeskLink.start`` would bring real time in)."""
        self.desk_end.connect()

    def later(self, after_s: float, act: Callable[[], object]) -> None:
        """Do something after a while."""

        def do(now: float) -> float:
            act()
            self._tasks_beside.remove(task)
            return _NEVER

        task = Task("later", do, self.clock.now() + after_s)
        self._tasks_beside.append(task)

    def next(self, scenario: Scenario, seed: int, *, pixels: bool = False) -> None:
        """Mend everything and let the next patient come, into the same clinic; site rules stay as they are.

        Raises TimeoutError when the kiosk is not ready within two minutes.
        """
        self._mend()
        self.hands = None
        until = self.clock.now() + _READY_S
        while not self._ready():
            if self.clock.now() > until:
                raise TimeoutError(f"not ready for the next patient: {self.assembled.kiosk.session}")
            self.tick()
        self.assembled.trace.clear()
        self.scenario, self.pixels = scenario, pixels
        self.came_on = self.clock.wall().date()
        self.cast.become(scenario.patient, seed)
        self.tale = Tale()

    def _ready(self) -> bool:
        session = None if self._kiosk is None else self._kiosk.assembled.kiosk.session
        return session is not None and session.step is Step.IDLE and not session.missing and self.uplink is not None

    def _mend(self) -> None:
        self.camera.fail(None)
        self.front.problem = None
        self.cards.trouble = None
        self.cards.remove()
        self.beside.remove()
        self.cards.plug()
        self.machine.mend()
        self.store.full = False
        self.broker.well()
        self.broker.plug(KIOSK)
        self.broker.start()

    # -- processes -------------------------------------------------------------------------------------------------

    def _start_kiosk(self) -> None:
        decoder = BrittleDecoder()
        assembled = assemble(
            config_for(self.scenario, self.folder),
            Choices(
                self.machine,
                bridge=KioskBridge(MemoryPipe(self._down, self._up)),
                decoder=decoder,
                display=self.sheet,
                camera=self.camera if self.scenario.site.camera == "virtual" else None,
                card_reader=SeveralReaders(self.cards, self.beside) if self.scenario.two_readers else self.cards,
                card_front=self.front if self.scenario.site.card_front == "virtual" else None,
                figures=self.machine.figures,
                trust=simulator_trust(),
                engine=self._engine,
                painter=LayoutOnly,
                random=self._random.randbytes,
                report=self._deliver_late,
                hand_over=self._hand_over_late,
                outbox=self.machine.outbox,
                card_poll_s=0.0,
                on_event=self._note,
            ),
        )
        now = self.clock.now()
        tasks = [Task("main", self._main, now)]
        for worker in assembled.workers:
            tasks.append(Task(worker.name, self._costed(worker), now, worker, Pulse(worker, now)))
        self._kiosk = _Kiosk(assembled, tasks, decoder)
        self._tasks_beside = [task for task in self._tasks_beside if task.name != "systemd"]
        if self.hands is not None:
            self.hands.kiosk = assembled.kiosk

    def _engine(self, vault: Vault) -> SightEngine:
        def real() -> FaceEngine:
            return FaceEngine(self.models, vault, rng=self._random)

        return SightEngine(lambda: self.pixels, ToldEngine(vault, self.truth), real)

    @property
    def models(self) -> ModelStore:
        """The nets."""
        return _opened(models_dir(config_for(self.scenario, Path())))

    def end_kiosk(self, why: str) -> None:
        """The process is gone, with everything it held; its unit starts it again."""
        kiosk, self._kiosk = self._kiosk, None
        assert kiosk is not None
        now = self.clock.now()
        for worker in kiosk.assembled.workers:
            worker.close()
        kiosk.assembled.close()
        self._late.clear()
        self.tale.spans += kiosk.assembled.trace.spans()
        broke_at, self._broke_at = self._broke_at, None
        self.tale.restarts.append(Restart(why, now if broke_at is None else broke_at, now))
        self._tasks_beside.append(Task("systemd", self._start_again, now + KIOSK_AGAIN_S + KIOSK_START_S))

    def _start_again(self, now: float) -> float:
        self._start_kiosk()
        return _NEVER

    def _desk(self) -> None:
        self.broker = MemoryBroker(self.clock.now)
        self.store = BrittleStore(self.folder / "desk.sqlite3")
        self.service = DeskService(self.store, site=SITE, staff_codes=lambda: staff_codes(self.scenario))
        self.desk_end = self.link("desk", desk_subscriptions(SITE))
        self.desk = DeskLink(self.service, self.desk_end, wall=self.clock.wall)

    def link(self, client: str, subscriptions: Sequence[str], will: tuple[str, bytes] | None = None) -> MqttLink:
        """Return a link to the broker. A world with a broker of another kind makes its own."""
        return self.broker.link(client, subscriptions, will)

    def _start_uplink(self) -> None:
        def topic(channel: Channel) -> str:
            return str(Topic(SITE, KIOSK, channel))

        link = self.link(
            KIOSK, [topic(channel) for channel in TO_KIOSK], (topic(Channel.STATE), will(SITE, KIOSK).encode())
        )
        settings = UplinkSettings(SITE, KIOSK, self.folder / "outbox.sqlite3", self.folder, presence_s=5.0)
        self.outbox = self.machine.outbox(settings.outbox)
        self.traced = TracedLink(link, self.clock.now, self._trace_mqtt)
        self.uplink = Uplink(self.outbox, self.traced, UplinkBridge(MemoryPipe(self._up, self._down)), settings)
        self._tasks_beside = [task for task in self._tasks_beside if task.name != "uplink"]
        self._tasks_beside.append(Task("uplink", self._link, self.clock.now()))

    def _end_uplink(self, now: float) -> None:
        self.broker.cut(KIOSK)
        self.broker.links = [link for link in self.broker.links if link.client != KIOSK]
        if self.uplink is not None:
            self.uplink.close()
            self.outbox.close()
            self.uplink = None

        def again(now: float) -> float:
            self._start_uplink()
            return _NEVER

        self._tasks_beside = [task for task in self._tasks_beside if task.name != "uplink"]
        self._tasks_beside.append(Task("uplink", again, now + UPLINK_AGAIN_S + UPLINK_START_S))

    def break_process(self, kind: FaultKind, worker: str | None) -> bool:
        """Let a thread or process die or hang; return whether this is such a fault."""
        now = self.clock.now()
        match kind:
            case FaultKind.WORKER_DIES | FaultKind.WORKER_HANGS:
                task = next(task for task in self.tasks if task.worker is not None and task.name == worker)
                task.step = _dies if kind is FaultKind.WORKER_DIES else _hangs
                task.due = now
                self._broke_at = now
            case FaultKind.MAIN_HANGS:
                main = next(task for task in self.tasks if task.name == "main")
                main.step = self._main_hangs
                self._broke_at = now
            case FaultKind.KIOSK_DIES:
                self._tasks_beside.append(Task("SIGKILL", self._killed, now))
            case FaultKind.DECODER_DIES:
                assert self._kiosk is not None
                self._kiosk.decoder.dies = True
            case FaultKind.UPLINK_DIES:
                self._end_uplink(now)
            case FaultKind.UPLINK_HANGS:
                hung = next(task for task in self.tasks if task.name == "uplink")
                hung.step, hung.due = self._uplink_killed, now + UPLINK_WATCHDOG_S
            case _:
                return False
        return True

    def _main_hangs(self, now: float) -> float:
        """Nothing is stepped any more in this process until its guard ends it."""
        assert self._kiosk is not None
        fed = self._kiosk.checked_at
        if now >= fed + MAIN_HANG_S:
            self.end_kiosk("the main loop hung")
            return _NEVER
        self.tale.longest_still_s = max(self.tale.longest_still_s, self._still_for(fed + MAIN_HANG_S))
        return fed + MAIN_HANG_S - now

    def _killed(self, now: float) -> float:
        self._tasks_beside = [task for task in self._tasks_beside if task.name != "SIGKILL"]
        self.end_kiosk("SIGKILL")
        return _NEVER

    def _uplink_killed(self, now: float) -> float:
        self._end_uplink(now)
        return _NEVER

    # -- time ------------------------------------------------------------------------------------------------------

    def _trace_mqtt(self, span: Span) -> None:
        self.tale.mqtt.append(span)

    def _note(self, event: ev.Event) -> None:
        if not isinstance(event, ev.Tick):
            self.tale.log.append(repr(event))

    def _deliver_late(self, name: str, report: Report) -> Report:
        """A fact found after two seconds of card link must not be known before those have passed."""

        def later(event: ev.Event) -> None:
            self._late.append((self.clock.now(), event, report))

        return later

    def _hand_over_late(self, act: Callable[[], None]) -> None:
        """Nor may a worker have from another, still at work, what is only there once that time has come."""
        kiosk = self._kiosk
        assert kiosk is not None

        def hand(now: float) -> float:
            kiosk.tasks.remove(task)
            act()
            return _NEVER

        task = Task("order", hand, self.clock.now())
        kiosk.tasks.append(task)

    def _costed(self, worker: Worker[object]) -> Callable[[float], float]:
        def step(now: float) -> float:
            delay = worker.step(now)
            if worker.name == "face" and delay == 0.0:
                self.clock.spend(FRAME_S)
            return delay

        return step

    def _main(self, now: float) -> float:
        kiosk = self._kiosk
        assert kiosk is not None
        if now - kiosk.checked_at >= WATCHDOG_S:
            try:
                check((task.pulse for task in kiosk.tasks if task.pulse is not None), now)
            except (WorkerDied, WorkerStuck) as error:
                kiosk.assembled.kiosk.dark()
                self.end_kiosk(str(error))
                return _NEVER
            kiosk.checked_at = now
        for entry in sorted((e for e in self._late if e[0] <= now), key=lambda e: e[0]):
            self._late.remove(entry)
            entry[2](entry[1])
        delay = kiosk.assembled.kiosk.step(now)
        session = kiosk.assembled.kiosk.session
        self.tale.longest_still_s = max(self.tale.longest_still_s, self._still_for(now))
        self.cast.hear(session.guidance if session.step in LOOKING else None, now - self.since)
        back = session.step is not Step.STARTING
        if back and self.tale.restarts and self.tale.restarts[-1].back_at is None:
            self.tale.restarts[-1].back_at = now
        if self.hands is not None and back:
            self.hands.step(now)
        return delay

    def _still_for(self, now: float) -> float:
        """How old the picture is that the screen shows; 0 while it shows none."""
        shown = None if self._kiosk is None else self._kiosk.assembled.kiosk.showing
        return 0.0 if shown is None else now - shown

    def _link(self, now: float) -> float:
        """In the product a selector wakes the uplink as soon as something arrives; here it looks often."""
        assert self.uplink is not None
        return min(LOOK_S, self.uplink.step(now, self.machine.wall()))

    def _pump(self, now: float) -> float:
        self.desk.pump()
        return LOOK_S

    def tick(self) -> float:
        """Step what is due next; return the virtual time it happened at."""
        tasks = self.tasks
        for task in tasks:
            if task.worker is not None and task.worker.wake.is_set() and task.step is not _hangs:
                task.due = min(task.due, max(task.free_at, self.clock.now()))
        task = min(tasks, key=lambda one: one.due)
        self.clock.advance(task.due)
        now = self.clock.now()
        try:
            delay = task.step(now)
        except Exception as error:
            if task.pulse is None:
                raise
            task.pulse.failed, delay = error, _NEVER
        took = self.clock.settle()
        if task.pulse is not None and delay < _NEVER:
            task.pulse.beat = now + took
        task.free_at = now + took
        task.due = task.free_at + max(delay, MIN_STEP_S)
        return now

    def finish(self) -> None:
        """Add what the running kiosk has traced to the tale."""
        if self._kiosk is not None:
            self.tale.spans += self._kiosk.assembled.trace.spans()
        self.tale.spans += self.tale.mqtt

    def close(self) -> None:
        """Let go of everything."""
        if self._kiosk is not None:
            for worker in self._kiosk.assembled.workers:
                worker.close()
            self._kiosk.assembled.close()
        if self.uplink is not None:
            self.uplink.close()
            self.outbox.close()
        self.desk_end.close()
        self.store.close()


def _dies(now: float) -> float:
    raise RuntimeError("killed by the scenario")


def _hangs(now: float) -> float:
    return _NEVER
