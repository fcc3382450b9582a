"""A finger on the picture: whoever cannot read the screen hears it, again; every screen a patient meets can speak."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hw_sim.scenario.schema import Do, Expect, Patient, Scenario
from hw_sim.scenario.virtual_world import World

from reader.screen.view import present
from reader.session.table import STEPS
from reader.session.vocabulary import Step
from reader.text.catalogue import SOURCE
from reader.text.voice import voice_folder

FOR_STAFF = {Step.STAFF_CODE, Step.STAFF_CORNER, Step.FACTORY_RESET}


@pytest.mark.parametrize("step", [step for step in Step if step not in FOR_STAFF])
def test_every_screen_a_patient_meets_speaks_by_itself_or_to_a_finger(step: Step) -> None:
    text_id = STEPS[step].says or STEPS[step].tells
    assert (voice_folder() / SOURCE / f"{text_id}.ogg").is_file()


class Room:
    """A kiosk in virtual time whose spoken lines are kept, and a finger beside its buttons."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.kiosk = world, world.assembled.kiosk
        self.spoken: list[str] = []
        monkeypatch.setattr(self.kiosk._parts.speaker, "say", lambda text_id, language: self.spoken.append(text_id))

    def until(self, step: Step) -> None:
        while self.kiosk.session.step is not step:
            self.world.tick()

    def touch_the_picture(self) -> list[str]:
        """Return what is spoken in answer."""
        model = present(self.kiosk.session, self.kiosk._live())
        hit = self.kiosk._parts.painter.hit
        x, y = next((x, y) for y in range(100, 700, 10) for x in range(100, 700, 10) if hit(model, x, y) is None)
        self.spoken.clear()
        self.world.sheet.tap(x, y)
        self.kiosk.step(self.world.clock.now())
        return list(self.spoken)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    scenario = Scenario(title="heard", patient=Patient(card="over40"), do=(Do(insert=""),), expect=Expect())
    world = World(scenario, tmp_path)
    world.open()
    yield Room(world, monkeypatch)
    world.close()


def test_the_start_screen_speaks_only_to_a_finger(room: Room) -> None:
    room.until(Step.IDLE)
    assert room.spoken == []
    assert room.touch_the_picture() == ["idle"]


def test_a_screen_says_again_what_it_said(room: Room) -> None:
    room.until(Step.IDLE)
    room.world.put_card()
    room.until(Step.CONSENT)
    assert room.spoken[-1] == "consent"
    assert room.touch_the_picture() == ["consent"]
