"""Every scenario file in virtual time: kiosk, uplink and desk in one thread, the nets replaced by the truth."""

from __future__ import annotations

from pathlib import Path

import pytest
from hw_sim.cli import SCENARIOS
from hw_sim.scenario.schema import ScenarioError, load
from hw_sim.scenario.virtual import play

FILES = sorted(SCENARIOS.glob("*.toml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario_goes_as_its_file_expects(path: Path, tmp_path: Path) -> None:
    played = play(load(path), path.stem, tmp_path)
    assert played.ok, "\n".join(played.problems)
    assert played.messages > 0, "and each of them kept to the published contract"


@pytest.mark.parametrize("name", ["face", "pin_wrong_then_right", "sleeve"])
def test_two_runs_with_the_same_seed_give_the_same_events_at_the_same_instants(name: str, tmp_path: Path) -> None:
    scenario = load(SCENARIOS / f"{name}.toml")
    logs = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        logs.append("\n".join(play(scenario, name, tmp_path / run, seed=7).log).encode())
    assert logs[0]
    assert logs[0] == logs[1]


def test_the_whole_pipeline_in_virtual_time_decides_on_pixels(tmp_path: Path) -> None:
    scenario = load(SCENARIOS / "face.toml")
    played = play(scenario, "face", tmp_path, pixels=True)
    assert played.ok, "\n".join(played.problems)
    assert sum(span.lane == "inference" and span.name == "frame" for span in played.spans) >= 8


def test_a_scenario_file_with_a_mistake_is_refused_by_name_and_place(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('title = "x"\n[[do]]\npress = "nothing_of_the_kind"\n[expect]\n', "utf-8")
    with pytest.raises(ScenarioError, match=r"bad\.toml: do\.0\.press"):
        load(bad)
