"""The whole kiosk, as a user meets it: real threads, real screen (SDL dummy driver), real broker, the desk's own store.

Each scenario file says what must have come of it; here those are played in real time that break something.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hw_sim.cli import SCENARIOS
from hw_sim.scenario.real import play
from hw_sim.scenario.schema import load

# Every file is played in virtual time (tests/scenarios); these need real threads, a real broker, real hands.
NAMES = ("impostor", "wrong_card", "pulled", "reader_lost", "broker_lost", "camera_lost", "sleeve", "visual_check")
FILES = [SCENARIOS / f"{name}.toml" for name in NAMES]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario_goes_as_its_file_expects(path: Path, tmp_path: Path) -> None:
    played = play(load(path), path.stem, tmp_path, broker="mosquitto")
    assert played.ok, "\n".join(played.problems)


@pytest.mark.timeout(120)
def test_the_link_works_on_the_embedded_broker_that_speaks_mqtt_3_1_1_only(tmp_path: Path) -> None:
    path = SCENARIOS / "face.toml"
    played = play(load(path), "embedded", tmp_path, broker="embedded")
    assert played.ok, "\n".join(played.problems)
