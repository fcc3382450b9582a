"""The kiosk's own light, varied: whose face rises above the room with it, and by how much."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.face.light import LightReading
from reader.face.liveness.own_light import LAG_S, PAIRS, STEP_S, SWING, OwnLightCue

SECONDS = 2 * PAIRS * STEP_S


def light(face_over_room: float) -> LightReading:
    return LightReading(face=0.46, background=1.0 / face_over_room, left_right=0.0, clipped=0.0, sharpness=0.8)


def watched(cue: OwnLightCue, answers: float, *, seconds: float = SECONDS, drift: float = 0.0, fps: int = 30) -> None:
    """Show a face that rises ``answers`` stops for the whole swing of the light, in a room that drifts."""
    for number in range(int(seconds * fps) + 1):
        at = number / fps
        lit = (cue.level(0.5, at) - 0.5) / SWING
        cue.add(light(2.0 ** (0.7 + answers * lit + drift * at)), at)


@given(seed=st.integers(0, 10_000), answers=st.floats(-1.0, 1.0))
def test_the_score_is_what_the_face_answers(seed: int, answers: float) -> None:
    cue = OwnLightCue(random.Random(seed), 0.0)
    watched(cue, answers)
    assert cue.score == pytest.approx(answers, abs=1e-6)


@given(seed=st.integers(0, 10_000))
def test_what_drifts_by_itself_is_hardly_taken_for_an_answer(seed: int) -> None:
    cue = OwnLightCue(random.Random(seed), 0.0)
    watched(cue, 0.0, drift=0.2)
    assert cue.score is not None
    assert abs(cue.score) <= 0.2 * STEP_S + 1e-6


def test_there_is_no_score_before_three_pairs_of_steps() -> None:
    cue = OwnLightCue(random.Random(1), 0.0)
    watched(cue, 0.5, seconds=SECONDS - STEP_S)
    assert cue.score is None


def test_a_face_that_was_away_for_half_of_a_pair_leaves_that_pair_out() -> None:
    cue = OwnLightCue(random.Random(1), 0.0)
    for number in range(round(30 * (SECONDS + 2 * STEP_S))):
        at = number / 30
        if not STEP_S <= at < 2 * STEP_S:
            cue.add(light(2.0 ** ((cue.level(0.5, at) - 0.5) / SWING)), at)
    assert cue.score == pytest.approx(1.0)


def test_frames_taken_while_the_light_still_changes_do_not_count() -> None:
    cue = OwnLightCue(random.Random(1), 0.0)
    for step in range(2 * PAIRS):
        start = step * STEP_S
        settled = start + LAG_S + 0.01
        cue.add(light(2.0 ** ((cue.level(0.5, settled) - 0.5) / SWING)), settled)
        cue.add(light(1000.0), start + LAG_S / 2)
    assert cue.score == pytest.approx(1.0)


@given(seed=st.integers(0, 10_000), fill=st.floats(0.0, 1.0), at=st.floats(-10.0, 60.0))
def test_the_light_stays_within_what_the_lamp_can_do(seed: int, fill: float, at: float) -> None:
    level = OwnLightCue(random.Random(seed), 0.0).level(fill, at)
    assert 0.0 <= level <= 1.0
    assert abs(level - fill) <= SWING + 1e-9


@given(seed=st.integers(0, 10_000))
def test_it_never_flashes_three_times_in_a_second(seed: int) -> None:
    """WCAG 2.2, 2.3.1: a flash is a pair of opposing changes."""
    cue = OwnLightCue(random.Random(seed), 0.0)
    levels = [cue.level(0.0, number / 100) for number in range(1000)]
    changes = [number / 100 for number in range(1, 1000) if levels[number] != levels[number - 1]]
    for start in changes:
        assert sum(start <= at < start + 1.0 for at in changes) / 2 < 3


def test_every_pair_is_once_bright_and_once_dark_in_an_order_of_its_own() -> None:
    orders = set()
    for seed in range(40):
        cue = OwnLightCue(random.Random(seed), 0.0)
        steps = [cue.level(0.0, (number + 0.5) * STEP_S) > 0 for number in range(6)]
        assert all(sum(steps[at : at + 2]) == 1 for at in (0, 2, 4))
        orders.add(tuple(steps))
    assert len(orders) == 8


def test_no_light_is_no_number() -> None:
    cue = OwnLightCue(random.Random(1), 0.0)
    cue.add(replace(light(1.0), background=0.0), STEP_S - 0.01)
    cue.add(None, STEP_S - 0.01)
    assert cue.score is None
    assert not math.isnan(cue.level(0.0, 0.0))


def test_a_reading_that_serves_several_frames_counts_once() -> None:
    cue = OwnLightCue(random.Random(1), 0.0)
    for step in range(2 * PAIRS):
        settled = (step + 0.5) * STEP_S
        one = light(2.0 ** ((cue.level(0.5, settled) - 0.5) / SWING))
        cue.add(one, settled)
        cue.add(one, settled + STEP_S)  # of the next step this says nothing
    assert cue.score == pytest.approx(1.0)
