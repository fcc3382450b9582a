"""Against goals and baseline: worse by more than a tenth is said, better and seconds are not."""

from __future__ import annotations

import pytest
from hw_sim.bench.compare import missed, misses, perhaps_chance, regressions
from hw_sim.bench.rows import count_row, fraction_row, row


def test_a_goal_is_a_bound_from_above_or_from_below() -> None:
    assert missed("card.link_overhead", row(0.06, "ratio", 7) | {"goal": 0.05})
    assert not missed("card.link_overhead", row(0.05, "ratio", 7) | {"goal": 0.05})
    assert missed("ocr.right", row(0.99, "fraction", 75) | {"goal": 0.995})
    assert not missed("ocr.right", row(1.0, "fraction", 75) | {"goal": 0.995})
    assert not missed("start.ready_s", row(1e9, "s", 1))


def test_a_goal_is_not_met_by_too_few_trials() -> None:
    assert missed("pad.sim_apcer_max", row(0.0, "fraction", 149) | {"goal": 0.0})
    assert not missed("pad.sim_apcer_max", row(0.0, "fraction", 150) | {"goal": 0.0})


def test_a_missed_goal_is_said() -> None:
    lost = count_row(1, 1000, "results") | {"goal": 0}
    assert misses({"kill.lost": lost}) == ["GOAL MISSED: kill.lost is 1 results, goal 0"]
    few = {"pad.sim_apcer_max": row(0.0, "fraction", 2) | {"goal": 0.0}}
    assert misses(few) == ["GOAL NOT PROVED: pad.sim_apcer_max rests on 2 trials of 150"]


@pytest.mark.parametrize(
    ("name", "was", "now", "loud"),
    [
        ("path.verified_over_link", 1.0, 1.11, True),
        ("path.verified_over_link", 1.0, 1.09, False),
        ("path.verified_over_link", 1.0, 0.5, False),
        ("ocr.right", 1.0, 0.85, True),
        ("ocr.right", 0.85, 1.0, False),
        ("pad.sim_apcer_max", 0.0, 0.01, True),  # from none to some is worse by any measure
        ("pad.sim_apcer_max", 0.0, 0.0, False),
        ("peer.opencv.embed_ratio", 0.5, 0.6, True),
    ],
)
def test_ratios_are_compared_each_in_its_own_direction(name: str, was: float, now: float, loud: bool) -> None:
    lines = regressions({name: row(now, "ratio", 9)}, {name: row(was, "ratio", 9)})
    assert bool(lines) is loud
    assert all(line.startswith(f"WORSE: {name}") for line in lines)


def test_seconds_and_new_figures_are_not_compared() -> None:
    assert regressions({"start.ready_s": row(9.0, "s", 1)}, {"start.ready_s": row(1.0, "s", 1)}) == []
    assert regressions({"path.verified_over_link": row(9.0, "ratio", 1)}, {}) == []


def test_overlapping_intervals_are_called_perhaps_chance() -> None:
    before, now = fraction_row(3, 100), fraction_row(5, 100)
    assert perhaps_chance(now, before)
    (line,) = regressions({"pad.sim_bpcer": now}, {"pad.sim_bpcer": before})
    assert line.endswith("perhaps chance)")
    assert not perhaps_chance(fraction_row(500, 1000), fraction_row(3, 1000))
    assert not perhaps_chance(row(1.0, "ratio", 1), row(2.0, "ratio", 1))
