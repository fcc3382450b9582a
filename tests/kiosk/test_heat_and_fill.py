"""The fill light follows the light loop, and heat is acted on before the processor's own limit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hw_sim.scenario import virtual, virtual_world
from hw_sim.scenario.schema import Do, Expect, Scenario

from reader.devices.board import Throttling
from reader.devices.ports import LightRequest
from reader.kiosk import heat
from reader.kiosk.assemble import Assembled, Choices, assemble
from reader.kiosk.face_worker import Ease, FaceWorker, StartTry
from reader.kiosk.health import Figures, Sources, read
from reader.kiosk.heat import Heat, rest_after
from reader.kiosk.kiosk import FRAME_S, HEALTH_EVERY_S
from reader.session.vocabulary import Lamp, Step

COOL = Throttling(False, False, False, False)


class Strip:
    """Lamps that remember how bright the fill light was."""

    def __init__(self) -> None:
        self.levels: list[float] = []

    def show(self, lamp: Lamp) -> None:
        """Not looked at here."""

    def fill(self, level: float) -> None:
        self.levels.append(level)

    def close(self) -> None:
        """Nothing to let go of."""


class Room:
    """A kiosk in virtual time with a strip and a thermometer of the test's own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.strip, self.figures = Strip(), Figures(temperature_c=50.0)

        def ours(config: Any, choices: Choices) -> Assembled:
            return assemble(config, replace(choices, lamps=self.strip, figures=lambda: self.figures))

        monkeypatch.setattr(virtual_world, "assemble", ours)
        self.world = virtual.World(Scenario(title="heat", do=(Do(insert=""),), expect=Expect()), folder)
        self.kiosk = self.world.assembled.kiosk
        (self.face,) = [worker for worker in self.world.assembled.workers if isinstance(worker, FaceWorker)]

    @property
    def step(self) -> str:
        return str(self.kiosk.session.step)

    def run(self, seconds: float) -> None:
        until = self.world.clock.now() + seconds
        while self.world.clock.now() < until:
            self.world.tick()

    def until(self, step: Step) -> None:
        for _ in range(20_000):
            if self.kiosk.session.step is step:
                return
            self.world.tick()
        raise AssertionError(f"never came to {step}")

    def warm_to(self, celsius: float, firmware: Throttling | None = None) -> None:
        self.figures = replace(self.figures, temperature_c=celsius, firmware=firmware)
        self.run(HEALTH_EVERY_S + 1.0)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Room(tmp_path, monkeypatch)
    yield made
    made.world.close()


def test_the_fill_light_follows_the_light_loop_and_goes_out_with_the_patient(room: Room) -> None:
    room.until(Step.IDLE)
    virtual.VirtualStage(room.world).insert("", None)
    room.until(Step.FACE)
    room.face._set_light(LightRequest(fill=0.75))
    room.run(0.1)
    assert room.strip.levels[-1] == 0.75
    virtual.VirtualStage(room.world).remove()
    room.run(10.0)
    assert room.strip.levels[-1] == 0.0


def test_in_the_heat_the_fill_light_is_dimmed(room: Room) -> None:
    room.warm_to(73.0)
    virtual.VirtualStage(room.world).insert("", None)
    room.until(Step.FACE)
    room.face._set_light(LightRequest(fill=1.0))
    room.run(0.1)
    assert room.strip.levels[-1] == heat.FILL


def test_the_next_patient_begins_with_plain_light(room: Room) -> None:
    asked: list[LightRequest] = []
    room.face._set_light = asked.append
    room.face.post(StartTry(41))
    room.face.step(0.0)
    assert asked == [LightRequest()]


def test_a_warm_board_eases_off_and_still_serves(room: Room) -> None:
    room.until(Step.IDLE)
    room.warm_to(72.0)
    assert room.face._eased
    assert room.step == "idle"
    virtual.VirtualStage(room.world).insert("", None)
    room.until(Step.CONSENT)


def test_eased_the_screen_moves_less_often(room: Room) -> None:
    room.until(Step.IDLE)
    virtual.VirtualStage(room.world).insert("", None)
    room.until(Step.FACE)
    now = room.world.clock.now()
    assert room.kiosk.step(now) == FRAME_S
    room.figures = replace(room.figures, temperature_c=75.0)
    assert room.kiosk.step(now + HEALTH_EVERY_S + 1.0) == heat.FRAME_S


def test_a_hot_board_takes_no_patient_until_it_has_cooled(room: Room) -> None:
    room.until(Step.IDLE)
    room.warm_to(80.0)
    assert room.step == "out_of_service"
    room.warm_to(78.0)
    assert room.step == "out_of_service", "a kiosk that changes its mind every half minute helps nobody"
    room.warm_to(76.9)
    assert room.step == "idle"
    assert room.face._eased, "cooler, and still warm"
    room.warm_to(68.9)
    assert not room.face._eased


def test_what_the_firmware_slows_down_is_eased_whatever_the_sensor_says(room: Room) -> None:
    room.warm_to(60.0, replace(COOL, slowed=True))
    assert room.face._eased
    room.warm_to(60.0, COOL)
    assert not room.face._eased


def test_an_eased_face_worker_rests_between_looks(room: Room) -> None:
    room.until(Step.IDLE)
    virtual.VirtualStage(room.world).insert("", None)
    room.until(Step.FACE)
    looks: dict[bool, int] = {}
    for eased in (False, True):
        room.face.post(Ease(eased))
        room.face.post(StartTry(room.face._visit))
        before = len(inferences(room))
        room.run(0.4)
        looks[eased] = len(inferences(room)) - before
    assert looks[True] <= 4 < looks[False]


def inferences(room: Room) -> list[object]:
    return [span for span in room.world.assembled.trace.spans() if (span.lane, span.name) == ("inference", "frame")]


@pytest.mark.parametrize("took_s", [0.0, 0.02, 0.1, 0.5])
def test_an_eased_board_works_at_most_two_thirds_of_the_time(took_s: float) -> None:
    rest = rest_after(took_s)
    assert took_s / (took_s + rest) <= 2 / 3 + 1e-9
    assert took_s + rest >= heat.LOOK_EVERY_S


def test_a_board_without_a_thermometer_is_never_too_hot() -> None:
    state = Heat(eased=True, stopped=True)
    state.feel(None, slowed=False)
    assert (state.eased, state.stopped) == (False, False)


def test_figures_are_those_of_the_machine(tmp_path: Path) -> None:
    for path, text in (
        ("sys/class/thermal/thermal_zone0/temp", "51500"),
        ("sys/devices/platform/soc/soc:firmware/get_throttled", "10001"),
        ("proc/meminfo", "MemTotal: 4000000 kB\nMemAvailable:    1024 kB\n"),
        ("run/systemd/timesync/synchronized", ""),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="ascii")
    found = read(Sources(tmp_path, tmp_path))
    assert (found.temperature_c, found.clock_synced, found.memory_free_bytes) == (51.5, True, 1024 * 1024)
    assert found.firmware == Throttling(True, False, True, False)
    assert found.disk_free_bytes


def test_a_machine_that_tells_nothing_gives_no_figures(tmp_path: Path) -> None:
    assert read(Sources(tmp_path, tmp_path / "nowhere")) == Figures()
