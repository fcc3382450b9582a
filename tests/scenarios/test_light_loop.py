"""The light loop is closed in simulation: what the face worker asks for changes the next pictures it sees."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hw_sim.scenario.mix import every_file
from hw_sim.scenario.schema import Do, Expect, Patient, Scenario
from hw_sim.scenario.virtual_world import World
from numpy.typing import NDArray

from reader.devices.ports import LightRequest
from reader.session.vocabulary import Step

LOOKS_S = 4.0


class Room:
    """Somebody stands before a kiosk with pixels; every picture's face and the wishes in force are kept."""

    def __init__(self, folder: Path, light: str, *, deaf: bool = False) -> None:
        patient = Patient.model_validate({"person": "p03", "card": "over40", "light": light})
        scenario = Scenario(title=light, patient=patient, do=(Do(insert=""),), expect=Expect())
        self.world = World(scenario, folder, pixels=True)
        camera = self.world.camera.virtual
        self.wishes: list[LightRequest] = []
        self.faces: list[float] = []
        self.exposures: list[float] = []
        if deaf:
            camera.adjust = lambda request: None  # type: ignore[method-assign]
        self.world.open()
        try:
            while self.world.assembled.kiosk.session.step is not Step.IDLE:
                self.world.tick()
            self.world.put_card()
            until, number = self.world.clock.now() + LOOKS_S, 0
            while self.world.clock.now() < until:
                self.world.tick()
                frame = self.world.assembled.kiosk._parts.preview.peek()
                if frame is not None and frame.number != number:
                    number = frame.number
                    self.faces.append(middle(frame.pixels))
                    self.wishes.append(camera.request)
                    self.exposures.append(cast(float, frame.exposure_us) * cast(float, frame.gain))
        finally:
            self.world.close()


def middle(picture: NDArray[np.uint8]) -> float:
    """Mean code value where the face is."""
    height, width = picture.shape[:2]
    return float(picture[int(0.35 * height) : int(0.6 * height), int(0.42 * width) : int(0.58 * width)].mean())


def test_before_a_window_the_loop_meters_on_the_face_and_brightens_it(tmp_path: Path) -> None:
    room = Room(tmp_path, "back")
    assert room.wishes[0].region is None, "nobody has asked yet"
    assert room.wishes[-1].region is not None
    assert room.exposures[-1] > 1.5 * room.exposures[0], "the camera obeyed"
    assert room.faces[-1] > room.faces[0] + 25, "and the face is brighter for it"


def test_a_camera_that_does_not_obey_leaves_the_face_dark(tmp_path: Path) -> None:
    (tmp_path / "deaf").mkdir()
    deaf, open_loop = Room(tmp_path / "deaf", "back", deaf=True), Room(tmp_path, "back")
    assert deaf.faces[-1] < open_loop.faces[-1] - 25


def test_in_the_clinics_own_light_the_loop_comes_to_rest(tmp_path: Path) -> None:
    room = Room(tmp_path, "clinic")
    late = room.faces[len(room.faces) // 2 :]
    assert max(late) - min(late) < 20
    assert len(set(room.wishes[-15:])) <= 3, "no hunting"


@pytest.mark.parametrize("light", ["clinic", "dim", "dark", "side", "back", "sun", "flicker"])
def test_every_kind_of_light_has_a_scenario_file(light: str) -> None:
    files = every_file().values()
    assert any(scenario.patient.light == light for scenario in files)
