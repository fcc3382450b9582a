"""The official flow, branch by branch: each has a file that plays it, nobody taps more than promised."""

from __future__ import annotations

from pathlib import Path

import pytest
from hw_sim.cli import SCENARIOS
from hw_sim.scenario.branches import Branch
from hw_sim.scenario.schema import load
from hw_sim.scenario.virtual import play

from reader.session.vocabulary import Guidance

# What a patient who agrees to everything has to touch; the site's choices and wishes add theirs.
FEWEST = {
    "face": 1, "returning": 1, "desk_slow": 1, "child": 2, "face_card": 1, "wheelchair": 1, "expiring": 1, "grace": 0,
    "visual_check": 1, "prescription": 2, "specific_disease_said": 1, "not_registered": 2, "sleeve": 1,
}  # fmt: skip


def test_every_branch_of_the_official_flow_has_a_file_that_plays_it() -> None:
    shown = {branch for path in SCENARIOS.glob("*.toml") for branch in load(path).shows}
    assert shown == set(Branch)


@pytest.mark.parametrize("name", FEWEST)
def test_a_returning_patient_needs_one_tap_a_new_one_no_more_than_three(name: str, tmp_path: Path) -> None:
    scenario = load(SCENARIOS / f"{name}.toml")
    played = play(scenario, name, tmp_path)
    last = max(played.results, key=lambda message: message.finished_at)
    assert last.taps == FEWEST[name]
    assert last.taps <= (1 if name.startswith("returning") else 3) + scenario.site.prescription_choice


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mask", Guidance.UNCOVER_FACE),
        ("glasses", Guidance.UNCOVER_FACE),
        ("wheelchair", Guidance.MOVE_UP),
        ("second_person", Guidance.ONE_PERSON),
        ("too_far", Guidance.COME_CLOSER),
        ("walks_up", Guidance.COME_CLOSER),
        ("looks_aside", Guidance.LOOK_STRAIGHT),
    ],
)
def test_the_patient_is_told_what_to_change(name: str, said: Guidance, tmp_path: Path) -> None:
    played = play(load(SCENARIOS / f"{name}.toml"), name, tmp_path)
    assert f"guidance={said!r}" in "\n".join(played.log)
