"""Plays scenarios in virtual time: the same kiosk, workers, uplink and desk, driven step by step in one thread.

Two runs of one scenario and seed give the same events at the same instants. ``pixels=True`` renders frames and runs
the nets; otherwise a told engine stands in for them and hundreds of patients pass in a minute.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pygame

from hw_sim.broker.memory import MemoryBroker
from hw_sim.camera.virtual import VirtualCamera
from hw_sim.card.authority import simulator_trust
from hw_sim.card.front import SimulatedCardFront
from hw_sim.card.inprocess import InProcessReader
from hw_sim.card.link import LinkModel
from hw_sim.scenario.clock import VirtualClock
from hw_sim.scenario.hands import Hands, HandsError
from hw_sim.scenario.played import Played, judge
from hw_sim.scenario.schema import Do, Scenario
from hw_sim.scenario.told_face import ToldEngine, Truth
from hw_sim.scenario.world import KIOSK, SITE, Cast, card_of, config_for, desk_order, staff_codes
from reader.card.photo import InProcessDecoder
from reader.config.places import models_dir
from reader.desk.link import DeskLink, desk_subscriptions
from reader.desk.service import DeskService
from reader.desk.store import Store
from reader.devices.ports import DeviceGone, DeviceTimeout, Frame, LightRequest, Panel, Pointer
from reader.face.engine import FaceEngine
from reader.face.modelstore import ModelStore
from reader.kiosk.assemble import JST, Assembled, Choices, assemble
from reader.kiosk.face_worker import Engine
from reader.kiosk.worker import Report, Worker
from reader.screen.model import ScreenModel
from reader.screen.painter import Painter
from reader.session import events as ev
from reader.session.failures import Failure
from reader.session.table import CARD_LEFT_S
from reader.session.vocabulary import CardFrontProblem, Step
from reader.uplink.bridge import memory_bridges
from reader.uplink.messages import (
    Ack,
    Alert,
    Command,
    Health,
    Message,
    MessageError,
    Request,
    Response,
    ResultMessage,
    State,
    decode,
    will,
)
from reader.uplink.outbox import Outbox
from reader.uplink.settings import UplinkSettings
from reader.uplink.topics import TO_KIOSK, Channel, Topic, parse
from reader.uplink.worker import Uplink
from reader.vault import Vault

MORNING = datetime.datetime(2026, 11, 24, 9, 0, tzinfo=JST)
FRAME_S = 0.04  # what one frame costs the face worker, detect to decision (make bench)
PHOTO_S = 0.05  # enrolling the IC photo
FPS = 15.0
MIN_STEP_S = 0.002
LOOK_S = 0.05
SETTLE_S = 30.0
_NO_PICTURE = np.zeros((2, 2, 3), np.uint8)


class Sheet:
    """A display nobody looks at: fingers come in by ``tap``."""

    def __init__(self, clock: VirtualClock) -> None:
        self.panel = Panel(1280, 800, 5.90, "wide10-1280x800")
        self.surface = pygame.Surface((1, 1))
        self._clock = clock
        self._taps: list[Pointer] = []

    def tap(self, x: int, y: int) -> None:
        """Touch at (x, y)."""
        self._taps.append(Pointer(self._clock.now(), x, y))

    def flip(self) -> None:
        """Nothing to show."""

    def poll(self) -> list[Pointer]:
        """Return the touches since the last call."""
        taps, self._taps = self._taps, []
        return taps

    def close(self) -> None:
        """Nothing to give back."""


class LayoutOnly(Painter):
    """Lays screens out, so that fingers find buttons, and draws none."""

    def draw(self, surface: pygame.Surface, model: ScreenModel) -> list[pygame.Rect]:
        """Compose the scene only."""
        self.compose(model)
        return []


class PlainCamera:
    """A camera whose frames hold nothing: the told engine looks at the scene itself."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._number = 0
        self._due = 0.0
        self.fault: str | None = None

    def start(self) -> None:
        """See Camera."""
        if self.fault == "camera_unplug":
            raise DeviceGone("unplugged")
        self._due = self._clock.now()

    def capture(self, timeout_s: float) -> Frame:
        """See Camera."""
        if self.fault == "camera_unplug":
            raise DeviceGone("unplugged")
        if self.fault == "camera_hang":
            self._clock.spend(timeout_s)
            raise DeviceTimeout("hangs")
        self._due = max(self._due + 1 / FPS, self._clock.now())
        self._clock.wait_until(self._due)
        self._number += 1
        return Frame(_NO_PICTURE, self._clock.now(), self._number)

    def adjust(self, request: LightRequest) -> None:
        """See Camera."""

    def stop(self) -> None:
        """See Camera."""


@dataclass(slots=True)
class Task:
    """Something that is stepped when its time has come."""

    name: str
    step: Callable[[float], float]
    due: float = 0.0
    worker: Worker[object] | None = None
    free_at: float = 0.0


class VirtualStage:
    """What hands can do in virtual time."""

    def __init__(self, world: World) -> None:
        self._world = world

    def insert(self, persona: str, pull_at: int | None) -> None:
        """Put a card in; the patient has just stepped up."""
        world = self._world
        world.cast.step_up()
        world.since = world.clock.now()
        world.cards.insert(card_of(world.scenario.patient, persona, world.clock.wall().date()), pull_at)

    def remove(self) -> None:
        """Take the card out."""
        self._world.cards.remove()

    def tap(self, x: int, y: int) -> None:
        """Touch the screen."""
        self._world.sheet.tap(x, y)

    def change(self, do: Do) -> None:
        """Change person, look or light."""
        self._world.cast.change(do)

    def staff(self, do: Do) -> None:
        """Use the desk's service as its page does."""
        world = self._world
        order = desk_order(world.service, do, world.clock.wall())
        if order is not None:
            world.desk.send(*order)

    def front(self, problem: CardFrontProblem | None) -> None:
        """Let the slot camera see a card that lies badly, or well again."""
        self._world.front.problem = problem

    def fault(self, kind: str) -> None:
        """Break or mend something. Raises KeyError when this runner cannot."""
        world = self._world
        camera = world.camera
        acts: dict[str, Callable[[], object]] = {
            "reader_unplug": world.cards.unplug,
            "reader_plug": world.cards.plug,
            "broker_stop": world.broker.stop,
            "broker_start": world.broker.start,
            "desk_stop": lambda: world.broker.cut("desk"),
            "desk_start": world.broker.start,
        }
        if kind in acts:
            acts[kind]()
        elif isinstance(camera, PlainCamera) and kind.startswith("camera_"):
            camera.fault = None if kind == "camera_ok" else kind
        else:
            raise KeyError(kind)


class World:
    """One clinic in virtual time. Several scenarios may be played in it one after another."""

    def __init__(self, scenario: Scenario, folder: Path, *, pixels: bool = False, seed: int = 1) -> None:
        self.scenario = scenario
        self.clock = VirtualClock(MORNING)
        self.since = 0.0
        self.cast = Cast(scenario.patient, seed)
        self.sheet = Sheet(self.clock)
        self.cards = InProcessReader(LinkModel(), self.clock.spend)
        self.camera: PlainCamera | VirtualCamera = PlainCamera(self.clock)
        if pixels:
            self.camera = VirtualCamera(lambda _: self.cast.scene(self.clock.now() - self.since), self.clock, fps=FPS)
        self._late: list[tuple[float, ev.Event, Report]] = []
        self.log: list[str] = []
        rng = random.Random(seed)
        self.broker = MemoryBroker()
        self._desk(folder)
        self.front = SimulatedCardFront(self.cards.number_b)
        kiosk_end, uplink_end = memory_bridges()
        config = config_for(scenario, folder)
        self.assembled: Assembled = assemble(
            config,
            Choices(
                self.clock,
                bridge=kiosk_end,
                decoder=InProcessDecoder(),
                display=self.sheet,
                camera=self.camera if scenario.site.camera == "virtual" else None,
                card_reader=self.cards,
                card_front=self.front if scenario.site.card_front == "virtual" else None,
                trust=simulator_trust(),
                engine=lambda vault: self._engine(vault, rng) if pixels else ToldEngine(vault, self.truth),
                painter=LayoutOnly,
                random=rng.randbytes,
                report=self._deliver_late,
                card_poll_s=0.0,
                on_event=lambda event: None if isinstance(event, ev.Tick) else self.log.append(repr(event)),
            ),
        )
        self.uplink = self._uplink(folder, uplink_end)
        self.hands: Hands | None = None
        self.tasks = self._tasks()

    def _engine(self, vault: Vault, rng: random.Random) -> Engine:
        config = config_for(self.scenario, Path())
        engine: Engine = FaceEngine(ModelStore(models_dir(config)), vault, rng=rng)
        return engine

    def _desk(self, folder: Path) -> None:
        self.store = Store(folder / "desk.sqlite3")
        self.service = DeskService(self.store, site=SITE, staff_codes=lambda: staff_codes(self.scenario))
        self.desk = DeskLink(self.service, self.broker.link("desk", desk_subscriptions(SITE)), wall=self.clock.wall)

    def _uplink(self, folder: Path, end: object) -> Uplink:
        def topic(channel: Channel) -> str:
            return str(Topic(SITE, KIOSK, channel))

        link = self.broker.link(
            KIOSK, [topic(channel) for channel in TO_KIOSK], (topic(Channel.STATE), will(SITE, KIOSK).encode())
        )
        settings = UplinkSettings(SITE, KIOSK, folder / "outbox.sqlite3", folder, presence_s=5.0)
        self.outbox = Outbox(folder / "outbox.sqlite3", wall=self.clock.wall)
        return Uplink(self.outbox, link, end, settings)  # type: ignore[arg-type]  # the uplink's end of the pair

    # -- truth -----------------------------------------------------------------------------------------------------

    def truth(self) -> Truth:
        """Return what there is to see now."""
        t = self.clock.now() - self.since
        return self.cast.truth(t, self.scenario.patient.photo or self.scenario.patient.person)

    # -- time ------------------------------------------------------------------------------------------------------

    def _deliver_late(self, name: str, report: Report) -> Report:
        """A fact found after two seconds of card link must not be known before those have passed."""

        def later(event: ev.Event) -> None:
            self._late.append((self.clock.now(), event, report))

        return later

    def _tasks(self) -> list[Task]:
        tasks = [Task("main", self._main)]
        for worker in self.assembled.workers:
            tasks.append(Task(worker.name, self._costed(worker), worker=worker))
        tasks.append(Task("uplink", self._link))
        tasks.append(Task("desk", self._pump))
        return tasks

    def _costed(self, worker: Worker[object]) -> Callable[[float], float]:
        def step(now: float) -> float:
            delay = worker.step(now)
            if worker.name == "face" and delay == 0.0:
                self.clock.spend(FRAME_S)
            return delay

        return step

    def _main(self, now: float) -> float:
        for entry in sorted((e for e in self._late if e[0] <= now), key=lambda e: e[0]):
            self._late.remove(entry)
            entry[2](entry[1])
        delay = self.assembled.kiosk.step(now)
        session = self.assembled.kiosk.session
        looking = session.step in (Step.READING_CARD, Step.FACE)
        self.cast.hear(session.guidance if looking else None, now - self.since)
        if self.hands is not None and session.step is not Step.STARTING:
            self.hands.step(now)
        return delay

    def _link(self, now: float) -> float:
        """In the product a selector wakes the uplink as soon as something arrives; here it looks often."""
        return min(LOOK_S, self.uplink.step(now, self.clock.wall()))

    def _pump(self, now: float) -> float:
        self.desk.pump()
        return LOOK_S

    def tick(self) -> float:
        """Step what is due next; return the virtual time it happened at."""
        for task in self.tasks:
            if task.worker is not None and task.worker.wake.is_set():
                task.due = min(task.due, max(task.free_at, self.clock.now()))
        task = min(self.tasks, key=lambda one: one.due)
        self.clock.advance(task.due)
        delay = task.step(self.clock.now())
        took = self.clock.settle()
        task.free_at = self.clock.now() + took
        task.due = task.free_at + max(delay, MIN_STEP_S)
        return self.clock.now()

    def close(self) -> None:
        """Let go of everything."""
        for worker in self.assembled.workers:
            worker.close()
        self.assembled.close()
        self.uplink.close()
        self.outbox.close()
        self.store.close()


KINDS: dict[Channel, type[Message]] = {
    Channel.RESULT: ResultMessage,
    Channel.STATE: State,
    Channel.HEALTH: Health,
    Channel.ALERT: Alert,
    Channel.REQUEST: Request,
    Channel.COMMAND: Command,
    Channel.ACK: Ack,
    Channel.RESPONSE: Response,
}


def contract(broker: MemoryBroker) -> list[str]:
    """Return what is wrong with any message that went over the broker, by the published contract."""
    problems = []
    for sent in broker.log:
        channel = parse(sent.topic).channel
        try:
            decode(KINDS[channel], sent.payload)
        except MessageError as error:
            problems.append(f"a message on {channel} breaks the contract: {error}")
    return problems


def play(
    scenario: Scenario,
    name: str,
    folder: Path,
    *,
    pixels: bool = False,
    seed: int = 1,
    say: Callable[[str], None] = lambda line: None,
) -> Played:
    """Play one scenario in virtual time and judge it."""
    played = Played(name, scenario)
    world = World(scenario, folder, pixels=pixels, seed=seed)
    link = world.desk
    link._link.connect()  # the thread of DeskLink.start would bring real time in

    def note(line: str) -> None:
        played.notes.append((world.clock.now(), line))
        say(f"{world.clock.now():7.3f} s  {line}")

    hands = Hands(scenario, world.assembled.kiosk, VirtualStage(world), note)
    world.hands = hands
    try:
        _run(world, scenario, hands, played, say)
    except HandsError as error:
        played.problems.append(str(error))
    finally:
        played.ended_at = world.assembled.kiosk.session.step
        played.seconds = world.clock.now()
        played.spans = world.assembled.trace.spans()
        played.log = world.log
        played.messages = len(world.broker.log)
        played.problems += contract(world.broker)
        played.stored = world.store.count_results()
        played.results = [row.message for row in world.store.results(MORNING - datetime.timedelta(days=1))]
        played.alerts = [Failure(alert.failure) for alert in world.store.open_alerts()]
        world.close()
    judge(played)
    return played


def _run(world: World, scenario: Scenario, hands: Hands, played: Played, say: Callable[[str], None]) -> None:
    kiosk = world.assembled.kiosk
    step: Step | None = None
    settled: float | None = None
    while True:
        now = world.tick()
        session = kiosk.session
        if session.step is not step:
            step = session.step
            played.steps.append((now, step))
            hands.entered(step)
            say(f"{now:7.3f} s  screen: {step.value}")
        if now > scenario.limit_s:
            played.problems.append(f"not over after {scenario.limit_s:.0f} s; waiting for {hands.waiting_for}")
            return
        if hands.done and step is scenario.expect.ends_at:
            settled = now if settled is None else settled
            if world.store.count_results() >= scenario.expect.results or now - settled > SETTLE_S:
                return
        waiting = session.card_in and now - session.entered_at > CARD_LEFT_S[-1] + 60.0
        if step is Step.REFERRED and waiting and scenario.expect.ends_at is not Step.REFERRED:
            played.problems.append(f"ended at referred; waiting for {hands.waiting_for}")
            return
