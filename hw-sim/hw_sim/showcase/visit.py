"""Plays one visit in real time on the real kiosk and keeps its screens, its touches and what its workers did.

The camera plays a film of somebody who is ready and needs no movement asked for.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pygame
from PIL import Image

from hw_sim.camera.clip import ON_THE_FACE
from hw_sim.camera.clip import record as film
from hw_sim.camera.film import FPS as CAMERA_FPS
from hw_sim.camera.film import FilmCamera
from hw_sim.camera.virtual import VirtualCamera
from hw_sim.card.authority import simulator_trust
from hw_sim.people.person import load_person
from hw_sim.people.scene import standing
from hw_sim.scenario.hands import Hands
from hw_sim.scenario.real import DeskSide, RealStage, broker_for, in_process_card, start_uplink
from hw_sim.scenario.schema import Scenario, load
from hw_sim.scenario.world import config_for
from reader.kiosk.assemble import Assembled, Choices, assemble
from reader.kiosk.clock import SystemClock
from reader.kiosk.threads import Crew
from reader.kiosk.trace import Span
from reader.session.vocabulary import Step

SCENARIO = Path(__file__).parents[2] / "scenarios" / "face.toml"
FPS = 15.0
FILM_S = 4.0
LIMIT_S = 40.0
AFTER_S = 1.2  # how long the last screen is kept


class VisitError(RuntimeError):
    """The visit did not go as it should: a starved machine must not replace a good picture."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A screen ``at`` seconds after the recording began, already in the size it is shown in."""

    at: float
    step: Step
    screen: Image.Image


@dataclass(slots=True)
class Recorded:
    """One visit. Times in seconds since the recording began; touches in shares of the screen."""

    shots: list[Shot] = field(default_factory=list)
    touches: list[tuple[float, float, float]] = field(default_factory=list)
    steps: list[tuple[float, Step]] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    card: list[tuple[float, bool]] = field(default_factory=list)  # when it went in (True) and out

    def entered(self, step: Step) -> float:
        """Return when a step was entered first. Raises VisitError when it never was."""
        for at, one in self.steps:
            if one is step:
                return at
        raise VisitError(f"the visit never came to {step.value}")


class _Watched(RealStage):
    """A stage that notes what the hands did."""

    recorded: Recorded
    began: float
    panel: tuple[int, int]

    def insert(self, persona: str, pull_at: int | None) -> None:
        self.recorded.card.append((time.monotonic() - self.began, True))
        super().insert(persona, pull_at)

    def remove(self) -> None:
        self.recorded.card.append((time.monotonic() - self.began, False))
        super().remove()

    def tap(self, x: int, y: int) -> None:
        self.recorded.touches.append((time.monotonic() - self.began, x / self.panel[0], y / self.panel[1]))
        super().tap(x, y)


def record(size: tuple[int, int]) -> Recorded:
    """Play the visit of the demo scenario. size: of the screens kept. Raises VisitError."""
    pygame.display.quit()
    scenario, clock, cards = load(SCENARIO), SystemClock(), in_process_card()
    somebody = standing(load_person(scenario.patient.person))
    camera = FilmCamera(film(somebody, FILM_S, fps=CAMERA_FPS, settle_s=1.0, request=ON_THE_FACE))
    with tempfile.TemporaryDirectory() as name, broker_for(Path(name), "auto") as broker:
        folder = Path(name)
        desk = DeskSide(folder, broker.settings_for("desk"))
        desk.start()
        with start_uplink(folder, broker.settings_for("kiosk")):
            assembled = assemble(
                config_for(scenario, folder),
                Choices(clock, camera=camera, card_reader=cards.reader, card_front=cards.front,
                        trust=simulator_trust()),
            )  # fmt: skip
            crew = Crew(assembled.workers, clock)
            crew.start()
            try:
                recorded = _loop(scenario, assembled, crew, _Watched(scenario, cards, VirtualCamera(), desk), size)
            finally:
                crew.stop()
                assembled.close()
                desk.stop()
        stored = desk.store.count_results()
        desk.store.close()
    if stored != 1:
        raise VisitError(f"the desk stored {stored} results instead of one")
    return recorded


def _loop(scenario: Scenario, made: Assembled, crew: Crew, stage: _Watched, size: tuple[int, int]) -> Recorded:
    recorded = Recorded()
    began = time.monotonic()
    stage.recorded, stage.began, stage.panel = recorded, began, made.display.surface.get_size()
    hands = Hands(scenario, made.kiosk, stage, lambda line: None)
    step: Step | None = None
    due, ends_at = 0.0, LIMIT_S
    while (at := time.monotonic() - began) < min(ends_at, LIMIT_S):
        now = time.monotonic()
        crew.check()
        delay = made.kiosk.step(now)
        if made.kiosk.session.step is not step:
            step = made.kiosk.session.step
            recorded.steps.append((at, step))
            hands.entered(step)
            if step is Step.THANKS:
                ends_at = at + AFTER_S
        if at >= due and step is not Step.STARTING:
            small = pygame.transform.smoothscale(made.display.surface, size)
            recorded.shots.append(Shot(at, step, _image(small)))
            due = at + 1 / FPS
        stage.hear(made.kiosk.session.guidance if step in (Step.READING_CARD, Step.FACE) else None)
        if step is not Step.STARTING:
            hands.step(now)
        time.sleep(max(0.0, min(delay, 1 / 60) - (time.monotonic() - now)))
    recorded.entered(Step.THANKS)
    recorded.spans = [Span(span.lane, span.name, span.start - began, span.end - began) for span in made.trace.spans()]
    return recorded


def _image(surface: pygame.Surface) -> Image.Image:
    return Image.frombytes("RGB", surface.get_size(), pygame.image.tobytes(surface, "RGB"))
