"""Plays scenarios in virtual time: the same kiosk, workers, uplink and desk, driven step by step in one thread.

Two runs of one scenario and seed give the same events at the same instants. ``pixels=True`` renders frames and runs
the nets; otherwise a told engine stands in for them and hundreds of patients pass in a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hw_sim.broker.memory import MemoryBroker
from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.hands import Hands, HandsError
from hw_sim.scenario.played import Played, judge
from hw_sim.scenario.schema import Do, Scenario
from hw_sim.scenario.troubles import CAMERA_FAULTS, CARD_FAULTS, FLAPS, SLOW_DELIVERY_S
from hw_sim.scenario.virtual_world import MORNING, World
from hw_sim.scenario.world import KIOSK, card_of, desk_order
from reader.session.failures import Failure
from reader.session.table import CARD_LEFT_S
from reader.session.vocabulary import CardFrontProblem, Step
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
)
from reader.uplink.topics import Channel, parse

__all__ = ["MORNING", "VirtualStage", "World", "contract", "play", "play_in"]

SETTLE_S = 30.0


class VirtualStage:
    """What hands can do in virtual time."""

    def __init__(self, world: World) -> None:
        self._world = world
        world_faults: dict[FaultKind, Callable[[], object]] = {
            FaultKind.READER_UNPLUG: world.cards.unplug,
            FaultKind.READER_PLUG: world.cards.plug,
            FaultKind.READER_FLAP: self._flap,
            FaultKind.PCSCD_STOP: world.cards.stop_service,
            FaultKind.PCSCD_START: world.cards.start_service,
            FaultKind.BROKER_STOP: world.broker.stop,
            FaultKind.BROKER_START: world.broker.start,
            FaultKind.BROKER_SLOW: lambda: setattr(world.broker, "delay_s", SLOW_DELIVERY_S),
            FaultKind.BROKER_HALF_OPEN: world.broker.mute,
            FaultKind.BROKER_LOSES: self._lose,
            FaultKind.BROKER_DOUBLES: lambda: setattr(world.broker, "copies", 2),
            FaultKind.BROKER_OK: world.broker.well,
            FaultKind.NETWORK_CUT: lambda: world.broker.unplug(KIOSK),
            FaultKind.NETWORK_OK: lambda: world.broker.plug(KIOSK),
            FaultKind.DESK_STOP: lambda: world.broker.cut("desk"),
            FaultKind.DESK_START: world.broker.start,
            FaultKind.DESK_DISK_FULL: lambda: setattr(world.store, "full", True),
            FaultKind.DESK_DISK_OK: lambda: setattr(world.store, "full", False),
        }
        self._faults = world_faults

    def insert(self, persona: str, pull_at: int | None) -> None:
        """Put a card in; the patient has just stepped up."""
        self._world.put_card(persona, pull_at)

    def remove(self) -> None:
        """Take the card out."""
        self._world.cards.remove()

    def beside(self, persona: str | None) -> None:
        """Put a card into a second reader beside the slot; None takes it out."""
        world = self._world
        if persona is None:
            world.beside.remove()
        else:
            world.beside.insert(card_of(world.scenario.patient, persona, world.came_on))

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

    def fault(self, kind: FaultKind, worker: str | None) -> None:
        """Break or mend something."""
        world = self._world
        if kind in CAMERA_FAULTS:
            world.camera.fail(CAMERA_FAULTS[kind])
        elif kind in CARD_FAULTS:
            world.cards.trouble = CARD_FAULTS[kind]
        elif kind in self._faults:
            self._faults[kind]()
        elif not world.machine.fault(kind) and not world.break_process(kind, worker):
            raise KeyError(kind)

    def _flap(self) -> None:
        world = self._world
        for number in range(FLAPS):
            world.later(0.3 * number, world.cards.unplug)
            world.later(0.3 * number + 0.1, world.cards.plug)

    def _lose(self) -> None:
        """Lose every second delivery, whatever it is."""
        count = 0

        def lose(topic: str, client: str) -> bool:
            nonlocal count
            count += 1
            return count % 2 == 1

        self._world.broker.lose = lose


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
    """Play one scenario in virtual time, in a clinic of its own, and judge it."""
    world = World(scenario, folder, pixels=pixels, seed=seed)
    world.open()
    try:
        return play_in(world, name, say=say)
    finally:
        world.close()


def play_in(world: World, name: str, *, say: Callable[[str], None] = lambda line: None) -> Played:
    """Play the world's scenario in it, from now on, and judge it. Times are seconds from now."""
    scenario, began, before = world.scenario, world.clock.now(), world.store.count_results()
    played = Played(name, scenario, started=began)

    def note(line: str) -> None:
        at = world.clock.now() - began
        played.notes.append((at, line))
        say(f"{at:7.3f} s  {line}")

    hands = Hands(scenario, world.assembled.kiosk, VirtualStage(world), note)
    world.hands = hands
    try:
        _run(world, scenario, hands, played, before, say)
    except HandsError as error:
        played.problems.append(str(error))
    world.hands = None
    world.finish()
    played.ended_at = world.assembled.kiosk.session.step if world.up else Step.STARTING
    played.seconds = world.clock.now() - began
    played.spans, played.log = world.tale.spans, world.tale.log
    played.restarts, played.still_s = world.tale.restarts, world.tale.longest_still_s
    played.messages = len(world.broker.log)
    played.problems += contract(world.broker)
    world.broker.log.clear()
    rows = world.store.results_after(before)
    played.results = [row.message for row in rows]
    played.signatures = [row.signature_check for row in rows]
    played.stored = len(played.results)
    played.alerts = [Failure(alert.failure) for alert in world.store.open_alerts()]
    judge(played)
    return played


def _run(
    world: World, scenario: Scenario, hands: Hands, played: Played, before: int, say: Callable[[str], None]
) -> None:
    step: Step | None = None
    settled: float | None = None
    while True:
        now = world.tick() - played.started
        if now > scenario.limit_s:
            played.problems.append(f"not over after {scenario.limit_s:.0f} s; waiting for {hands.waiting_for}")
            return
        if not world.up:
            step = None
            continue
        session = world.assembled.kiosk.session
        if session.step is not step:
            step = session.step
            played.steps.append((now, step))
            hands.entered(step)
            say(f"{now:7.3f} s  screen: {step.value}")
        if hands.done and step is scenario.expect.ends_at:
            settled = now if settled is None else settled
            if world.store.count_results() - before >= scenario.expect.results or now - settled > SETTLE_S:
                return
        waiting = session.card_in and session.now - session.entered_at > CARD_LEFT_S[-1] + 60.0
        if step is Step.REFERRED and waiting and scenario.expect.ends_at is not Step.REFERRED:
            played.problems.append(f"ended at referred; waiting for {hands.waiting_for}")
            return
