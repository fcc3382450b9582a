"""``make sim``: the kiosk in a window (or headless from a script of keys), with a virtual patient that keys move about.

Keys: i card in, o card out, 1-6 who stands there, n nobody, l next light, + closer, - further, b broker off/on, q quit.
The mouse is the finger.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pygame

from hw_sim.camera.virtual import VirtualCamera
from hw_sim.card.authority import simulator_trust
from hw_sim.people.scene import LIGHTS
from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.real import DeskSide, RealStage, broker_for, in_process_card, start_uplink
from hw_sim.scenario.schema import Do, Expect, Patient, Scenario
from hw_sim.scenario.world import config_for
from reader.devices.ports import Pointer
from reader.devices.registry import open_display
from reader.kiosk.assemble import Assembled, Choices, assemble
from reader.kiosk.clock import SystemClock
from reader.kiosk.threads import Crew
from reader.session.vocabulary import Step

HELP = "i card in · o card out · 1-6 person · n nobody · l light · +/- distance · b broker · q quit"
PEOPLE = {str(n): f"p{n:02d}" for n in range(1, 7)}


class KeyTap:
    """A display that keeps the simulator's keys for itself and hands everything else to the kiosk."""

    def __init__(self, inner: object) -> None:
        self._inner = inner
        self.keys: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def poll(self) -> list[Pointer]:
        """Return touches; keys go to ``keys``."""
        pointers: list[Pointer] = self._inner.poll()  # type: ignore[attr-defined]
        self.keys.extend(pointer.key for pointer in pointers if pointer.key)
        return [pointer for pointer in pointers if not pointer.key]


class Player:
    """Does what the keys say."""

    def __init__(self, stage: RealStage, say: Callable[[str], None]) -> None:
        self._stage = stage
        self._say = say
        self._lights = list(LIGHTS)
        self._light = 0
        self._broker_up = True
        self.quit = False

    def key(self, key: str) -> None:
        """Act on one key; unknown keys are ignored."""
        match key:
            case "i":
                self._say("card in")
                self._stage.insert("", None)
            case "o":
                self._say("card out")
                self._stage.remove()
            case "n":
                self._stage.change(Do(look="nobody"))
            case "l":
                self._light = (self._light + 1) % len(self._lights)
                self._say(f"light: {self._lights[self._light]}")
                self._stage.change(Do.model_validate({"light": self._lights[self._light]}))
            case "+" | "=" | "[+]":
                self._stage.move(-60.0)
            case "-" | "[-]":
                self._stage.move(60.0)
            case "b":
                self._broker_up = not self._broker_up
                self._stage.fault(FaultKind.BROKER_START if self._broker_up else FaultKind.BROKER_STOP, None)
                self._say(f"broker {'on' if self._broker_up else 'off'}")
            case "q" | "escape":
                self.quit = True
            case _ if key in PEOPLE:
                self._say(f"person {PEOPLE[key]}")
                self._stage.change(Do(person=PEOPLE[key], look=None))
            case _:
                pass


def scripted(script: str, now: Callable[[], float], step: Callable[[], Step]) -> Iterator[str | None]:
    """Yield the keys of a script as their time comes, None while waiting.

    "i 4 o" puts the card in, waits four seconds, takes it out; "key:4" is the key. ``until:consent`` waits for a
    screen, ``tap:agree_all`` presses a button.
    """
    for word in script.split():
        if word.startswith("until:"):
            wanted = Step(word.removeprefix("until:"))
            while step() is not wanted:
                yield None
        elif word.replace(".", "", 1).isdigit():
            until = now() + float(word)
            while now() < until:
                yield None
        else:
            yield word.removeprefix("key:")


def run_interactive(script: str | None, out: Path, say: Callable[[str], None]) -> int:
    """Run until q, or until the script is over. Returns 0, or 2 for a script that waits for no known screen."""
    awaited = [word.removeprefix("until:") for word in (script or "").split() if word.startswith("until:")]
    for name in awaited:
        if name not in set(Step):
            say(f"until:{name}: there is no such screen; there are {', '.join(sorted(Step))}")
            return 2
    pygame.display.quit()
    scenario = Scenario(title="interactive", patient=Patient(person="p03", card="over40"), do=(), expect=Expect())
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as name, broker_for(Path(name), "auto") as broker:
        folder = Path(name)
        desk = DeskSide(folder, broker.settings_for("desk"))
        desk.start()
        camera, cards = VirtualCamera(), in_process_card()
        stage = RealStage(scenario, cards, camera, desk)
        stage.faults.update({FaultKind.BROKER_STOP: broker.stop, FaultKind.BROKER_START: broker.start})
        config = config_for(scenario, folder, display="headless" if script is not None else "pygame")
        display = KeyTap(open_display(config))
        choices = Choices(clock, camera=camera, card_reader=cards.reader, card_front=cards.front)
        choices.display = display  # type: ignore[assignment]  # it is a Display by delegation
        choices.trust = simulator_trust()
        choices.motion = script is None
        with start_uplink(folder, broker.settings_for("kiosk")):
            assembled = assemble(config, choices)
            crew = Crew(assembled.workers, clock)
            crew.start()
            say(HELP)
            try:
                _serve(assembled, crew, clock, display, Player(stage, say), stage, script, out)
            except SystemExit:
                say("the window was closed")
            finally:
                crew.stop()
                assembled.close()
        desk.stop()
        say(f"the desk stored {desk.store.count_results()} result(s)")
        desk.store.close()
    return 0


def _serve(
    assembled: Assembled,
    crew: Crew,
    clock: SystemClock,
    display: KeyTap,
    player: Player,
    stage: RealStage,
    script: str | None,
    out: Path,
) -> None:
    keys = scripted(script, clock.now, lambda: assembled.kiosk.session.step) if script is not None else None
    shown: Step | None = None
    while not player.quit:
        now = clock.now()
        crew.check()
        delay = assembled.kiosk.step(now)
        step = assembled.kiosk.session.step
        stage.hear(assembled.kiosk.session.guidance if step in (Step.READING_CARD, Step.FACE) else None)
        if script is not None and step is not shown:
            out.mkdir(parents=True, exist_ok=True)
            pygame.image.save(assembled.display.surface, out / f"{step.value}.png")
            shown = step
        while display.keys:
            player.key(display.keys.pop(0))
        if keys is not None and step is not Step.STARTING:
            try:
                word = next(keys)
            except StopIteration:
                return
            if word is not None and word.startswith("tap:"):
                _tap(assembled, stage, word.removeprefix("tap:"))
            elif word is not None:
                player.key(word)
        time.sleep(max(0.0, min(delay, 1 / 30) - (clock.now() - now)))


def _tap(assembled: Assembled, stage: RealStage, button: str) -> None:
    for target in assembled.kiosk.targets():
        if target.touch.button is not None and target.touch.button.value == button:
            stage.tap(target.rect.x + target.rect.w // 2, target.rect.y + target.rect.h // 2)
            return
