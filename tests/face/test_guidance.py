"""One reason at most, the most useful one, held steady."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.face.geometry import Pose
from reader.face.guidance import CLEAR_S, LIMITS, RAISE_S, Steady, View, light_reason, reason
from reader.face.light import LightReading
from reader.session.vocabulary import Guidance

VIEW = View(x=0.5, y=0.5, width=0.3, eyes_px=110, pose=Pose(0, 0, 0), openness=0.3, motion=0.1, others=0)
LIGHT = LightReading(face=0.5, background=1.2, left_right=0.1, clipped=0, sharpness=0.5)
TURNED = math.radians(30)


def test_a_good_frame_has_no_reason() -> None:
    assert reason(VIEW, LIGHT) is None


def test_without_a_face_nothing_else_matters() -> None:
    assert reason(None, None) is Guidance.FIND_FACE


@pytest.mark.parametrize(
    ("view", "light", "wanted"),
    [
        (replace(VIEW, others=1), LIGHT, Guidance.ONE_PERSON),
        (replace(VIEW, eyes_px=30), LIGHT, Guidance.COME_CLOSER),
        (replace(VIEW, width=0.8), LIGHT, Guidance.STEP_BACK),
        (replace(VIEW, x=0.15), LIGHT, Guidance.MOVE_LEFT),
        (replace(VIEW, x=0.85), LIGHT, Guidance.MOVE_RIGHT),
        (replace(VIEW, y=0.1), LIGHT, Guidance.MOVE_DOWN),
        (replace(VIEW, y=0.9), LIGHT, Guidance.MOVE_UP),
        (replace(VIEW, pose=Pose(TURNED, 0, 0)), LIGHT, Guidance.LOOK_STRAIGHT),
        (replace(VIEW, pose=Pose(0, -TURNED, 0)), LIGHT, Guidance.LOOK_STRAIGHT),
        (replace(VIEW, motion=3.0), LIGHT, Guidance.HOLD_STILL),
        (replace(VIEW, openness=0.05), LIGHT, Guidance.OPEN_EYES),
        (VIEW, replace(LIGHT, face=0.05), Guidance.TOO_DARK),
        (VIEW, replace(LIGHT, background=12.0, face=0.15), Guidance.BACKLIGHT),
        (VIEW, replace(LIGHT, clipped=0.7), Guidance.DIRECT_LIGHT),
        (VIEW, replace(LIGHT, left_right=0.98), Guidance.SIDE_LIGHT),
        (VIEW, replace(LIGHT, sharpness=0.1), Guidance.BLURRED),
    ],
    ids=lambda value: value.value if isinstance(value, Guidance) else "",
)
def test_each_fault_has_its_own_reason(view: View, light: LightReading, wanted: Guidance) -> None:
    assert reason(view, light) is wanted


def test_a_patient_at_the_images_left_moves_to_their_own_left() -> None:
    # The camera is not mirrored: the patient's left is the image's right, so the middle lies to their left.
    assert reason(replace(VIEW, x=0.1), LIGHT) is Guidance.MOVE_LEFT


def test_position_is_said_before_light_and_light_before_stillness() -> None:
    bad = replace(LIGHT, face=0.05)
    assert reason(replace(VIEW, eyes_px=20, motion=9), bad) is Guidance.COME_CLOSER
    assert reason(replace(VIEW, motion=9), bad) is Guidance.TOO_DARK


def test_bright_background_behind_a_well_lit_face_is_fine() -> None:
    assert light_reason(replace(LIGHT, background=12.0, face=0.5)) is None


def test_a_value_on_the_edge_does_not_toggle() -> None:
    edge = replace(LIGHT, face=LIMITS.dark_face * 1.05)
    assert light_reason(edge) is None
    assert light_reason(edge, standing=Guidance.TOO_DARK) is Guidance.TOO_DARK


def test_a_moment_is_not_worth_a_sentence() -> None:
    steady = Steady()
    assert steady.hold(Guidance.TOO_DARK, 0.0) is None
    assert steady.hold(Guidance.TOO_DARK, RAISE_S / 2) is None
    assert steady.hold(None, RAISE_S) is None
    assert steady.hold(None, 10.0) is None


def test_a_reason_stays_until_it_has_been_gone_for_a_while() -> None:
    steady = Steady()
    steady.hold(Guidance.TOO_DARK, 0.0)
    assert steady.hold(Guidance.TOO_DARK, RAISE_S) is Guidance.TOO_DARK
    assert steady.hold(None, 1.0) is Guidance.TOO_DARK
    assert steady.hold(None, 1.0 + CLEAR_S * 0.9) is Guidance.TOO_DARK
    assert steady.hold(None, 1.0 + CLEAR_S) is None


@given(st.lists(st.sampled_from([None, Guidance.TOO_DARK, Guidance.COME_CLOSER]), min_size=2, max_size=200))
def test_the_sentence_never_changes_faster_than_it_can_be_read(found: list[Guidance | None]) -> None:
    steady = Steady()
    shown = [(k / 30, steady.hold(what, k / 30)) for k, what in enumerate(found)]
    changes = [at for (at, now), (_, before) in zip(shown[1:], shown[:-1], strict=True) if now is not before]
    assert all(later - sooner >= min(RAISE_S, CLEAR_S) - 1e-9 for sooner, later in pairwise(changes))
