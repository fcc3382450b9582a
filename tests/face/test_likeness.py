"""Groups of people who look alike, and the threshold that holds inside each."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from reader.face.evaluation.likeness import alike, thresholds_inside


def people(groups: int, each: int, spread: float, seed: int = 1) -> tuple[NDArray[np.float32], list[str]]:
    """Unit vectors around ``groups`` far directions, two pictures of each person; the name says the group."""
    random = np.random.default_rng(seed)
    rows, names = [], []
    for group in range(groups):
        for number in range(each):
            person = np.eye(16)[group] + random.normal(0, spread, 16)
            for _ in range(2):
                picture = person + random.normal(0, 0.01, 16)
                rows.append(picture / np.linalg.norm(picture))
                names.append(f"{group}-{number}")
    return np.array(rows, np.float32), names


def test_people_who_look_alike_come_into_one_group() -> None:
    rows, names = people(4, 12, 0.05)
    group = alike(rows, names, 4)
    assert len(set(group.values())) == 4
    for name, number in group.items():
        assert {number} == {group[other] for other in group if other[0] == name[0]}


def test_the_same_seed_gives_the_same_groups() -> None:
    rows, names = people(3, 20, 0.3)
    assert alike(rows, names, 5, seed=2) == alike(rows, names, 5, seed=2)


def test_more_groups_than_people_are_refused() -> None:
    rows, names = people(1, 3, 0.1)
    with pytest.raises(ValueError, match="3 subjects cannot make 4 groups"):
        alike(rows, names, 4)


def test_strangers_of_one_group_are_told_apart_by_a_threshold_of_their_own() -> None:
    loose, names = people(1, 40, 0.4, seed=1)
    tight, others = people(1, 40, 0.05, seed=2)
    rows = np.concatenate([loose, np.roll(tight, 1, axis=1)])
    named = names + [f"1-{name}" for name in others]
    group = {name: int(name.startswith("1-")) for name in named}
    scores = rows @ rows.T
    inside = thresholds_inside(scores, named, named, group, 0.01)
    alone = thresholds_inside(tight @ tight.T, others, others, dict.fromkeys(others, 0), 0.01)
    everybody = thresholds_inside(scores, named, named, dict.fromkeys(named, 0), 0.01)
    assert inside.worst == alone.pooled == alone.worst
    assert inside.worst is not None
    assert everybody.pooled < inside.pooled < inside.worst


def test_a_group_too_small_to_tell_is_no_evidence_by_itself() -> None:
    rows, names = people(1, 6, 0.1)
    inside = thresholds_inside(rows @ rows.T, names, names, dict.fromkeys(names, 0), 0.01)
    assert inside.worst is None
    assert inside.pooled > 0
