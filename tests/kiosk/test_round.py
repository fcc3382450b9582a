"""The doctor looks at the kiosk by itself while nobody is there, and the desk hears what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hw_sim.scenario import virtual, virtual_world
from hw_sim.scenario.schema import Do, Expect, Scenario

from reader.kiosk.assemble import Assembled, Choices, assemble
from reader.kiosk.kiosk import HEALTH_EVERY_S, ROUND_EVERY_S
from reader.session.vocabulary import CheckedPart, Condition, Step
from reader.uplink.messages import Health

FOUND = (
    CheckedPart("python", "Pythonの版", Condition.OK),
    CheckedPart("power", "電源の電圧", Condition.SKIPPED),
    CheckedPart("disk", "空き容量", Condition.FAULT, "SDカードを交換してください。"),
    CheckedPart("updates", "更新の確認", Condition.ATTENTION, "更新を入れてください。"),
)


class Room:
    """A kiosk in virtual time whose doctor says what the test wants, and counts."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rounds = 0

        def inspect() -> tuple[CheckedPart, ...]:
            self.rounds += 1
            return FOUND

        def ours(config: Any, choices: Choices) -> Assembled:
            return assemble(config, replace(choices, inspect=inspect))

        monkeypatch.setattr(virtual_world, "assemble", ours)
        self.world = virtual.World(Scenario(title="round", do=(Do(insert=""),), expect=Expect()), folder)
        self.world.desk._link.connect()

    def run(self, seconds: float) -> None:
        until = self.world.clock.now() + seconds
        while self.world.clock.now() < until:
            self.world.tick()
            self.world.assembled.kiosk._round.join(5.0)

    def health(self) -> Health:
        (row,) = self.world.store.kiosks()
        assert row.health is not None
        return row.health


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    made = Room(tmp_path, monkeypatch)
    yield made
    made.world.close()


def test_the_desk_hears_what_is_wrong_and_nothing_of_what_is_well(room: Room) -> None:
    room.run(3 * HEALTH_EVERY_S)
    found = room.health().findings
    assert found is not None
    assert [(one.code, one.condition, one.remedy) for one in found] == [
        ("disk", "fault", "SDカードを交換してください。"),
        ("updates", "attention", "更新を入れてください。"),
    ]


def test_before_the_first_round_nothing_is_claimed(room: Room) -> None:
    room.run(1.0)
    assert room.health().findings is None


def test_rounds_come_four_times_an_hour_and_never_with_a_patient_there(room: Room) -> None:
    room.run(2 * HEALTH_EVERY_S)
    assert room.rounds == 1
    virtual.VirtualStage(room.world).insert("", None)
    room.run(5.0)
    kiosk = room.world.assembled.kiosk
    assert kiosk.session.step is not Step.IDLE
    kiosk._round_at = -ROUND_EVERY_S
    kiosk._health_at = -HEALTH_EVERY_S
    room.run(1.0)
    assert room.rounds == 1
