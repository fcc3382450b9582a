"""A figure carries what it rests on: how many measurements, and between which bounds it lies."""

from __future__ import annotations

import random

import pytest
from hw_sim.bench.rows import count_row, fraction_row, line, quantile_row, row
from hypothesis import given
from hypothesis import strategies as st


def test_a_fraction_has_its_exact_interval() -> None:
    none = fraction_row(0, 150)
    assert (none["value"], none["unit"], none["n"], none["low"]) == (0.0, "fraction", 150, 0.0)
    assert none["high"] == pytest.approx(0.0243, abs=1e-4)  # 1 - 0.025 ** (1 / 150)


def test_a_count_of_none_says_how_many_there_may_yet_be() -> None:
    none = count_row(0, 1000, "results")
    assert none["value"] == none["low"] == 0.0
    assert none["high"] == pytest.approx(3.68, abs=0.01)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.sampled_from([0.5, 0.99]))
def test_a_quantile_is_one_of_the_values_and_lies_in_its_interval(values: list[float], share: float) -> None:
    one = quantile_row(values, "ms", share)
    assert one["value"] in values
    assert min(values) <= one["low"] <= one["value"] <= one["high"] <= max(values)
    assert one["n"] == len(values)


def test_the_interval_of_a_median_holds_the_truth_as_often_as_it_says() -> None:
    dice = random.Random(7)
    held = 0
    for _ in range(2000):
        drawn = quantile_row([dice.expovariate(1.0) for _ in range(25)], "s")
        held += drawn["low"] <= 0.6931 <= drawn["high"]
    assert held / 2000 >= 0.95


def test_the_middle_of_many_is_known_better_than_that_of_few() -> None:
    dice = random.Random(3)
    values = [dice.gauss(100, 10) for _ in range(400)]
    few, many = quantile_row(values[:20], "ms"), quantile_row(values, "ms")
    assert many["high"] - many["low"] < few["high"] - few["low"]


def test_a_line_says_value_interval_count_and_goal() -> None:
    assert line("a.b", row(1.5, "ms", 3)).split() == ["a.b", "1.5", "ms", "n=3"]
    said = line("a.b", fraction_row(1, 10) | {"goal": 0.2})
    assert "0.1 fraction [" in said
    assert said.endswith("n=10 goal 0.2")
