"""Scenes over time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hw_sim.people.person import Person
from hw_sim.people.scene import (
    LIGHTS,
    Easing,
    Key,
    Life,
    Light,
    Pose,
    Scene,
    Track,
    joined,
    leaving,
    light_step,
    standing,
    still,
    walking_up,
)
from hypothesis import given, settings
from hypothesis import strategies as st

A, B = Pose(distance_mm=900.0, yaw=-20.0), Pose(distance_mm=400.0, yaw=10.0)


@given(st.floats(-5.0, 15.0), st.sampled_from(list(Easing)))
def test_a_track_stays_between_its_keys(t: float, easing: Easing) -> None:
    pose = Track((Key(1.0, A, easing), Key(3.0, B))).at(t)
    assert 400.0 <= pose.distance_mm <= 900.0
    assert -20.0 <= pose.yaw <= 10.0


def test_a_track_rests_before_its_first_and_after_its_last_key() -> None:
    track = Track((Key(1.0, A), Key(3.0, B)))
    assert track.at(0.0) == A
    assert track.at(9.0) == B
    assert Track((Key(1.0, A, Easing.STEP), Key(3.0, B))).at(2.99) == A


def test_a_track_in_disorder_is_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        Track((Key(2.0, A), Key(1.0, B)))
    with pytest.raises(ValueError, match="at least one"):
        Track[Pose](())


def blinks(life: Life, seconds: float) -> list[float]:
    times = np.arange(0.0, seconds, 0.025)
    shut = np.array([life.touch(Pose(), float(t)).blink > 0.5 for t in times])
    return [float(t) for t in times[1:][shut[1:] & ~shut[:-1]]]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_a_living_person_blinks_every_two_to_six_seconds(seed: int) -> None:
    gaps = np.diff(blinks(Life(seed), 50.0))
    assert len(gaps) >= 7
    assert gaps.min() >= 1.9
    assert gaps.max() <= 6.1


@given(st.integers(0, 10_000), st.floats(0.0, 100.0))
def test_a_living_head_moves_a_little_all_the_time(seed: int, t: float) -> None:
    now, soon = (Life(seed).touch(Pose(), at) for at in (t, t + 0.4))
    assert now != soon
    assert abs(now.x_mm) < 12.0
    assert abs(now.distance_mm - Pose().distance_mm) < 20.0
    assert abs(now.yaw) < 6.0


def test_somebody_walks_up_at_the_asked_speed(somebody: Person) -> None:
    scene = walking_up(standing(somebody, Pose(distance_mm=450.0)), 650.0, start_mm=1100.0)
    start, stop = scene.pose(0.0), scene.pose(1.0)
    assert start is not None
    assert stop is not None
    assert start.distance_mm == pytest.approx(1100.0, abs=20.0)
    assert stop.distance_mm == pytest.approx(450.0, abs=20.0)


def test_whoever_leaves_is_gone(somebody: Person) -> None:
    scene = leaving(standing(somebody), at=2.0)
    assert scene.pose(1.9) is not None
    aside = scene.pose(2.7)
    assert aside is not None
    assert aside.x_mm > 500.0
    assert scene.pose(2.9) is None


def test_a_second_person_comes_when_told(people: tuple[Person, ...]) -> None:
    scene = joined(standing(people[0]), people[1], at=1.0)
    assert [actor.pose(0.5) is not None for actor in scene.actors] == [True, False]
    assert [actor.pose(1.5) is not None for actor in scene.actors] == [True, True]


def test_light_may_jump_from_ten_to_ten_thousand_lux(somebody: Person) -> None:
    scene = light_step(replace(Scene(), light=still(Light(ambient=10.0))), at=1.0, after=LIGHTS["back"])
    assert scene.light.at(0.99).ambient == 10.0
    assert scene.light.at(1.0) == LIGHTS["back"]
