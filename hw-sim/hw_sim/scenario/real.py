"""Plays a scenario in real time on the real kiosk: threads, broker, desk, and PC/SC where there is one."""

from __future__ import annotations

import contextlib
import datetime
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import pygame

from hw_sim.broker.cable import Cable
from hw_sim.broker.embedded import EmbeddedBroker, free_port
from hw_sim.broker.mosquitto import Mosquitto, has_mosquitto
from hw_sim.broker.traced import TracedLink
from hw_sim.camera.virtual import VirtualCamera
from hw_sim.card.authority import simulator_trust
from hw_sim.card.front import SimulatedCardFront
from hw_sim.card.inprocess import InProcessReader
from hw_sim.card.link import LinkModel
from hw_sim.card.personas import Persona
from hw_sim.card.several import SeveralReaders
from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.hands import Hands, HandsError
from hw_sim.scenario.machine import BrittleDecoder, BrittleStore, Machine
from hw_sim.scenario.played import Played, Snapshot, judge
from hw_sim.scenario.schema import Do, Scenario, ScenarioError
from hw_sim.scenario.troubles import CAMERA_FAULTS, CARD_FAULTS, FLAPS, SLOW_DELIVERY_S
from hw_sim.scenario.world import KIOSK, SITE, Cast, card_of, config_for, desk_order, staff_codes
from reader.card.photo_child import ChildProcessDecoder
from reader.desk.link import DeskLink, paho_desk_link
from reader.desk.service import DeskService
from reader.devices.ports import CardReader
from reader.kiosk.assemble import JST, Assembled, Choices, assemble
from reader.kiosk.clock import SystemClock
from reader.kiosk.kiosk import Kiosk
from reader.kiosk.threads import Crew
from reader.kiosk.trace import Span
from reader.session.failures import Failure
from reader.session.table import CARD_LEFT_S
from reader.session.vocabulary import CardFrontProblem, Guidance, Step
from reader.uplink.link import MqttLink
from reader.uplink.messages import StaffCode
from reader.uplink.run import Waker, paho_uplink_link, run_uplink
from reader.uplink.settings import BrokerSettings, UplinkSettings

SETTLE_S = 60.0  # for the last result to reach the desk: links try again after up to 20 s
# What this runner cannot break, and which test breaks it with real parts instead; the rest needs a broker of our own.
_SUPERVISED, _KILL = "tests/system/test_supervised.py", "tests/uplink/test_kill.py"
_DEVICE = "tests/system/device/test_device.py"
ELSEWHERE: Mapping[FaultKind, str] = {
    FaultKind.WORKER_DIES: f"{_SUPERVISED}::test_whichever_worker_dies_the_kiosk_serves_again_within_fifteen_seconds",
    FaultKind.WORKER_HANGS: (
        f"{_SUPERVISED}::test_a_camera_that_hangs_inside_its_driver_ends_the_process_and_darkens_the_screen"
    ),
    FaultKind.MAIN_HANGS: f"{_SUPERVISED}::test_a_main_loop_that_hangs_inside_c_code_is_ended_before_systemd_would",
    FaultKind.KIOSK_DIES: f"{_SUPERVISED}::test_a_killed_kiosk_is_back_and_a_killed_photo_child_ends_nothing",
    FaultKind.UPLINK_DIES: f"{_KILL}::test_sigkills_of_uplink_desk_and_broker_in_turn",
    FaultKind.UPLINK_HANGS: f"{_DEVICE}::test_a_hanging_process_is_killed_by_the_watchdog_and_started_again",
    FaultKind.BROKER_LOSES: f"{_KILL}::test_the_broker_dies_at_each_point_of_the_publish_sequence",
    FaultKind.BROKER_DOUBLES: f"{_KILL}::test_acknowledgements_are_lost",  # so that what was stored comes again
}


_OF_CARDS = frozenset({*CARD_FAULTS, FaultKind.READER_UNPLUG, FaultKind.READER_PLUG, FaultKind.READER_FLAP})


class Slot(Protocol):
    """Where cards go in and out."""

    def insert(self, card: Persona, pull_at: int | None = None) -> None:
        """Put a card in."""

    def remove(self) -> None:
        """Take it out."""


@dataclass(slots=True)
class CardParts:
    """A slot for the hands, and the kiosk's two ports on it."""

    slot: Slot
    beside: Slot
    reader: CardReader
    front: SimulatedCardFront
    faults: dict[FaultKind, Callable[[], object]] = field(default_factory=dict)


def in_process_card(*, two_readers: bool = False) -> CardParts:
    """Return a card slot inside this process, timed like a Type B link; ``two_readers``: and a second one beside it."""
    reader, beside = InProcessReader(LinkModel()), InProcessReader(LinkModel(), name="kaopi in-process slot beside")
    front = SimulatedCardFront(reader.number_b)
    faults: dict[FaultKind, Callable[[], object]] = {
        FaultKind.READER_UNPLUG: reader.unplug,
        FaultKind.READER_PLUG: reader.plug,
        FaultKind.READER_FLAP: partial(_flap, reader),
        FaultKind.PCSCD_STOP: reader.stop_service,
        FaultKind.PCSCD_START: reader.start_service,
    }
    for kind, trouble in CARD_FAULTS.items():
        faults[kind] = partial(setattr, reader, "trouble", trouble)
    return CardParts(reader, beside, SeveralReaders(reader, beside) if two_readers else reader, front, faults)


def _flap(reader: InProcessReader) -> None:
    for number in range(FLAPS):
        for after, does in ((0.0, reader.unplug), (0.1, reader.plug)):
            threading.Timer(0.3 * number + after, does).start()


class DeskSide:
    """The clinic PC: store, service and link, which can be stopped and started."""

    def __init__(self, folder: Path, broker: BrokerSettings, codes: tuple[StaffCode, ...] = ()) -> None:
        self.folder = folder
        self._broker = broker
        self.store = BrittleStore(folder / "desk.sqlite3")
        self.service = DeskService(self.store, site=SITE, staff_codes=lambda: codes)
        self.link: DeskLink | None = None

    def start(self) -> None:
        """Connect."""
        if self.link is None:
            self.link = paho_desk_link(self.service, self._broker, "desk")
            self.link.start()

    def stop(self) -> None:
        """Disconnect."""
        if self.link is not None:
            self.link.stop()
            self.link = None


class RealStage:
    """What the hands of a real-time scenario can do."""

    def __init__(self, scenario: Scenario, cards: CardParts, camera: VirtualCamera, desk: DeskSide) -> None:
        self._scenario = scenario
        self._cards = cards
        self._camera = camera
        self._desk = desk
        self._cast = Cast(scenario.patient)
        self._came_on = datetime.datetime.now(JST).date()  # past midnight a card is still the same card
        self.machine = Machine(SystemClock(), time.sleep)
        self.decoder = BrittleDecoder(ChildProcessDecoder())
        self.faults: dict[FaultKind, Callable[[], object]] = {
            **cards.faults,
            FaultKind.DESK_STOP: desk.stop,
            FaultKind.DESK_START: desk.start,
            FaultKind.DESK_DISK_FULL: lambda: setattr(desk.store, "full", True),
            FaultKind.DESK_DISK_OK: lambda: setattr(desk.store, "full", False),
            FaultKind.DECODER_DIES: lambda: setattr(self.decoder, "dies", True),
        }
        for kind, fault in CAMERA_FAULTS.items():
            self.faults[kind] = partial(camera.fail, fault)
        self._since = camera.pace.now()
        camera.look_at(self._cast.scene, self._since)

    def hear(self, guidance: Guidance | None) -> None:
        """The patient reads the screen."""
        self._cast.hear(guidance, self._camera.pace.now() - self._since)

    def insert(self, persona: str, pull_at: int | None) -> None:
        """Put a card in; the patient has just stepped up."""
        self._since = self._camera.pace.now()
        self._cast.step_up()
        self._camera.look_at(self._cast.scene, self._since)
        self._cards.slot.insert(card_of(self._scenario.patient, persona, self._came_on), pull_at)

    def remove(self) -> None:
        """Take the card out."""
        self._cards.slot.remove()

    def beside(self, persona: str | None) -> None:
        """Put a card into a second reader beside the slot; None takes it out."""
        if persona is None:
            self._cards.beside.remove()
        else:
            self._cards.beside.insert(card_of(self._scenario.patient, persona, self._came_on))

    def tap(self, x: int, y: int) -> None:
        """Touch the screen through SDL's own event queue."""
        width, height = pygame.display.get_window_size()
        pygame.event.post(
            pygame.event.Event(pygame.FINGERDOWN, x=(x + 0.5) / width, y=(y + 0.5) / height, touch_id=0, finger_id=0)
        )

    def move(self, by_mm: float) -> None:
        """The patient steps closer or back."""
        self._cast.move(by_mm)

    def change(self, do: Do) -> None:
        """Change person, look or light."""
        self._cast.change(do)

    def staff(self, do: Do) -> None:
        """Use the desk's service as its page does."""
        order = desk_order(self._desk.service, do, datetime.datetime.now(datetime.UTC))
        if order is not None and self._desk.link is not None:
            self._desk.link.send(*order)

    def front(self, problem: CardFrontProblem | None) -> None:
        """Let the slot camera see a card that lies badly, or well again."""
        self._cards.front.problem = problem

    def fault(self, kind: FaultKind, worker: str | None) -> None:
        """Break or mend something. Raises KeyError for what is in ``ELSEWHERE``."""
        if not self.machine.fault(kind):
            self.faults[kind]()

    def lay(self, cable: Cable, broker: Broker) -> None:
        """Let the scenario break the broker and the way to it."""
        self.faults |= {
            FaultKind.BROKER_STOP: broker.stop,
            FaultKind.BROKER_START: broker.start,
            FaultKind.BROKER_HALF_OPEN: cable.mute,
            FaultKind.BROKER_SLOW: lambda: cable.slow(SLOW_DELIVERY_S),
            FaultKind.BROKER_OK: cable.mend,
            FaultKind.NETWORK_CUT: cable.cut,
            FaultKind.NETWORK_OK: cable.mend,
        }


class Broker(Protocol):
    """A broker that can be stopped and started again."""

    def settings_for(self, client: str) -> BrokerSettings:
        """How this client reaches it."""

    def stop(self) -> object:
        """Cut everybody off."""

    def start(self) -> object:
        """Come back on the same port."""


class EmbeddedSide:
    """The embedded broker; every start is a new one on the same port."""

    def __init__(self) -> None:
        self._port = free_port()
        self._broker: EmbeddedBroker | None = None

    def settings_for(self, client: str) -> BrokerSettings:
        """See Broker."""
        return BrokerSettings(host="127.0.0.1", port=self._port, protocol="3.1.1")

    def stop(self) -> None:
        """See Broker."""
        if self._broker is not None:
            self._broker.stop()
            self._broker = None

    def start(self) -> None:
        """See Broker."""
        if self._broker is None:
            self._broker = EmbeddedBroker(self._port).start()


class MosquittoSide:
    """The real mosquitto on plain loopback."""

    def __init__(self, folder: Path) -> None:
        self._mosquitto = Mosquitto(folder)

    def settings_for(self, client: str) -> BrokerSettings:
        """See Broker."""
        return self._mosquitto.settings(client)

    def stop(self) -> None:
        """See Broker."""
        self._mosquitto.stop()

    def start(self) -> None:
        """See Broker."""
        self._mosquitto.start()


@contextlib.contextmanager
def broker_for(folder: Path, kind: str) -> Iterator[Broker]:
    """Start a broker. kind: "embedded", "mosquitto", or "auto" (mosquitto where it is installed)."""
    if kind == "auto":
        kind = "mosquitto" if has_mosquitto() else "embedded"
    home = folder / "broker"
    home.mkdir(exist_ok=True)
    broker: Broker = EmbeddedSide() if kind == "embedded" else MosquittoSide(home)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@contextlib.contextmanager
def start_uplink(folder: Path, broker: BrokerSettings, spans: list[Span] | None = None) -> Iterator[None]:
    """Run the uplink in a thread until the end of the block. spans: what passes over MQTT is noted there."""
    stop = threading.Event()
    settings = UplinkSettings(SITE, KIOSK, folder / "outbox.sqlite3", folder, broker, presence_s=2.0)
    noted: list[Span] = [] if spans is None else spans

    def link(config: UplinkSettings, waker: Waker) -> MqttLink:
        return TracedLink(paho_uplink_link(config, waker), time.monotonic, noted.append)

    thread = threading.Thread(
        target=run_uplink, args=(settings,), kwargs={"stop": stop, "make_link": link}, name="uplink"
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def refuse_unplayable(scenario: Scenario, cards: CardParts) -> None:
    """Raise ScenarioError where a scenario breaks what cannot be broken here in real time, and say where it can."""
    for kind in (do.fault for do in scenario.do if do.fault is not None):
        if kind in ELSEWHERE:
            raise ScenarioError(f"{kind.value}: play it with --virtual (broken with real parts by {ELSEWHERE[kind]})")
        if kind in _OF_CARDS and kind not in cards.faults:
            raise ScenarioError(f"{kind.value}: needs the slot inside this process: play it without --pcsc")


def play(
    scenario: Scenario,
    name: str,
    folder: Path,
    *,
    broker: str = "auto",
    cards: CardParts | None = None,
    record: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Played:
    """Play one scenario to its end or its limit and judge it. ``folder`` keeps outbox and desk store.

    cards: slot and reader, by default in this process. Raises ScenarioError for faults that cannot be played here.
    """
    cards = cards or in_process_card(two_readers=scenario.two_readers)
    refuse_unplayable(scenario, cards)
    pygame.display.quit()
    played = Played(name, scenario)
    with broker_for(folder, broker) as running:
        desk = DeskSide(folder, running.settings_for("desk"), staff_codes(scenario))
        desk.start()
        try:
            mqtt: list[Span] = []
            settings = running.settings_for("kiosk")
            with (
                Cable(settings.port) as cable,
                start_uplink(folder, replace(settings, port=cable.port), mqtt),
            ):
                _play(
                    scenario,
                    played,
                    folder,
                    cards,
                    desk,
                    running,
                    cable,
                    record,
                    say,
                )
            played.spans += mqtt
        finally:
            desk.stop()
            played.stored = desk.store.count_results()
            since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
            rows = desk.store.results(since)
            played.results = [row.message for row in rows]
            played.signatures = [str(row.signature_check) for row in rows]
            played.alerts = [Failure(alert.failure) for alert in desk.store.open_alerts()]
            desk.store.close()
    judge(played)
    return played


def _play(
    scenario: Scenario,
    played: Played,
    folder: Path,
    parts: CardParts,
    desk: DeskSide,
    broker: Broker,
    cable: Cable,
    record: bool,
    say: Callable[[str], None],
) -> None:
    clock = SystemClock()
    camera = VirtualCamera()
    config = config_for(scenario, folder)
    stage = RealStage(scenario, parts, camera, desk)
    stage.lay(cable, broker)
    assembled = assemble(
        config,
        Choices(
            stage.machine,
            figures=stage.machine.figures,
            outbox=stage.machine.outbox,
            camera=camera if scenario.site.camera == "virtual" else None,
            card_reader=parts.reader,
            card_front=parts.front if scenario.site.card_front == "virtual" else None,
            trust=simulator_trust(),
            decoder=stage.decoder,
        ),
    )
    crew = Crew(assembled.workers, clock)
    crew.start()
    played.started = clock.now()
    try:
        _loop(scenario, played, assembled, crew, stage, desk, clock, record, say)
    except HandsError as error:
        played.problems.append(str(error))
    finally:
        played.ended_at = assembled.kiosk.session.step
        played.seconds = clock.now() - played.started
        late = crew.stop()
        if late:
            played.problems.append(f"workers did not end: {', '.join(late)}")
        played.spans = assembled.trace.spans()
        assembled.close()


def stuck(kiosk: Kiosk, now: float) -> bool:
    """Whether nobody has taken the card for so long that no hand of this scenario will."""
    return kiosk.session.card_in and now - kiosk.session.entered_at > CARD_LEFT_S[-1] + 15.0


def _loop(
    scenario: Scenario,
    played: Played,
    assembled: Assembled,
    crew: Crew,
    stage: RealStage,
    desk: DeskSide,
    clock: SystemClock,
    record: bool,
    say: Callable[[str], None],
) -> None:
    kiosk = assembled.kiosk

    def note(line: str) -> None:
        at = clock.now() - played.started
        played.notes.append((at, line))
        say(f"{at:7.3f} s  {line}")

    hands = Hands(scenario, kiosk, stage, note)
    last: Snapshot | None = None
    step: Step | None = None
    settled: float | None = None
    while clock.now() - played.started < scenario.limit_s:
        now = clock.now()
        crew.check()
        delay = kiosk.step(now)
        if kiosk.session.step is not step:
            if record and last is not None:
                played.snapshots.append(last)
            step = kiosk.session.step
            played.steps.append((now - played.started, step))
            say(f"{now - played.started:7.3f} s  screen: {step.value}")
            hands.entered(step)
        if record:
            last = Snapshot(step, now - played.started, assembled.display.surface.copy())
        stage.hear(kiosk.session.guidance if step in (Step.READING_CARD, Step.FACE) else None)
        if step is not Step.STARTING:
            hands.step(now)
        if step is Step.REFERRED and scenario.expect.ends_at is not Step.REFERRED and stuck(kiosk, now):
            played.problems.append(f"ended at referred; waiting for {hands.waiting_for}")
            break
        if hands.done and step is scenario.expect.ends_at:
            settled = now if settled is None else settled
            if desk.store.count_results() >= scenario.expect.results or now - settled > SETTLE_S:
                break
        time.sleep(max(0.0, min(delay, 1 / 30) - (clock.now() - now)))
    else:
        played.problems.append(f"not over after {scenario.limit_s:.0f} s; waiting for {hands.waiting_for}")
    if record and last is not None:
        played.snapshots.append(last)
