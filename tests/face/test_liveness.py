"""Evidence adds up, and some things nothing can outweigh."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reader.face.embedder import TEMPLATE
from reader.face.engine import FaceEngine
from reader.face.geometry import (
    LEFT_EYE,
    LEFT_EYE_OUTER,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    NOSE_TIP,
    RIGHT_EYE,
    RIGHT_EYE_OUTER,
    Points,
    Pose,
    pose,
)
from reader.face.liveness.challenge import LIMIT_S, REACTION_S, TURN, Answer, Challenge, Rest, draw
from reader.face.liveness.motion import BlinkCue, DepthCue, RepeatCue, depth_residual
from reader.face.liveness.passive import Colours, colours
from reader.face.liveness.rule import (
    LEAST_BANDS,
    LEAST_BORDER,
    LEAST_FRAMES,
    SOONEST,
    SURE_TURN_DEPTH,
    Cues,
    Verdict,
    Weights,
    evidence,
    verdict,
)
from reader.session.vocabulary import Guidance

WEIGHTS = Weights()
GOOD = Cues(passive=WEIGHTS.unasked + 0.5, frames=LEAST_FRAMES, repeats=0.0, solid=True)
LEFT = Answer(Guidance.TURN_LEFT, passed=True, depth=0.05)
HEAD = Answer(Guidance.TURN_LEFT, passed=True, depth=SURE_TURN_DEPTH)
FLAT = Answer(Guidance.TURN_LEFT, passed=True, depth=0.01)
FAILED = Answer(Guidance.TURN_LEFT, passed=False)

answers = st.lists(st.sampled_from([LEFT, FLAT, FAILED]), max_size=3).map(tuple)


def test_nothing_is_decided_before_ten_frames() -> None:
    assert verdict(replace(GOOD, frames=LEAST_FRAMES - 1), WEIGHTS) is Verdict.MORE


def test_convincing_passive_evidence_needs_no_challenge() -> None:
    assert verdict(GOOD, WEIGHTS) is Verdict.LIVE


def test_without_depth_everybody_is_asked_to_turn_however_lifelike() -> None:
    assert verdict(replace(GOOD, passive=100.0, solid=False), WEIGHTS) is Verdict.CHALLENGE


def test_a_sheet_in_the_hand_or_a_screen_is_asked_to_turn_however_lifelike() -> None:
    assert verdict(replace(GOOD, border=LEAST_BORDER), WEIGHTS) is Verdict.CHALLENGE
    assert verdict(replace(GOOD, bands=LEAST_BANDS), WEIGHTS) is Verdict.CHALLENGE


def test_nobody_is_let_through_unasked_before_edges_have_been_looked_for() -> None:
    assert verdict(replace(GOOD, settled=False), WEIGHTS) is Verdict.MORE


def test_eyelids_that_move_weigh_little() -> None:
    assert 0 < evidence(replace(GOOD, blinks=3), WEIGHTS) - evidence(GOOD, WEIGHTS) < 1


def test_a_site_may_always_ask() -> None:
    assert verdict(GOOD, WEIGHTS, always_challenge=True) is Verdict.CHALLENGE
    assert verdict(replace(GOOD, answers=(LEFT,)), WEIGHTS, always_challenge=True) is Verdict.LIVE


def test_weak_evidence_asks_and_a_turn_of_a_solid_head_settles_it() -> None:
    weak = replace(GOOD, passive=1.0)
    assert verdict(weak, WEIGHTS) is Verdict.CHALLENGE
    assert verdict(replace(weak, answers=(LEFT,), solid=True), WEIGHTS) is Verdict.LIVE


def test_a_turn_as_deep_as_a_head_decides_where_depth_was_seen_before_and_nothing_is_held_up() -> None:
    doubtful = replace(GOOD, passive=WEIGHTS.accept - WEIGHTS.sure_turn, answers=(HEAD,))
    assert verdict(doubtful, WEIGHTS) is Verdict.LIVE
    assert verdict(replace(doubtful, answers=(LEFT,)), WEIGHTS) is Verdict.CHALLENGE
    assert verdict(replace(doubtful, solid=False), WEIGHTS) is Verdict.CHALLENGE
    assert verdict(replace(doubtful, border=LEAST_BORDER), WEIGHTS) is not Verdict.LIVE
    assert verdict(replace(doubtful, bands=LEAST_BANDS), WEIGHTS) is not Verdict.LIVE


@pytest.mark.parametrize("solid", [True, False])
def test_a_face_that_looks_much_like_paper_turns_twice_and_is_let_through(solid: bool) -> None:
    pale = replace(GOOD, passive=-7.5, solid=solid)
    asked_for = [verdict(replace(pale, answers=(HEAD,) * turns), WEIGHTS) for turns in range(3)]
    assert asked_for == [Verdict.CHALLENGE, Verdict.CHALLENGE, Verdict.LIVE]
    assert verdict(replace(pale, passive=WEIGHTS.refuse - 1), WEIGHTS) is Verdict.FAKE


@given(st.floats(-12, 8.5), st.lists(st.sampled_from([FLAT, FAILED]), min_size=1, max_size=2).map(tuple))
def test_whoever_was_asked_must_have_turned_however_lifelike(passive: float, given_answers: tuple[Answer, ...]) -> None:
    cues = replace(GOOD, passive=passive, blinks=1, answers=given_answers)
    assert verdict(cues, WEIGHTS) is not Verdict.LIVE


def test_what_has_moved_like_a_sheet_is_asked_to_turn_twice_though_it_looked_solid_as_well() -> None:
    both = replace(GOOD, passive=-2.0, flat=True)
    assert verdict(replace(both, passive=100.0), WEIGHTS) is Verdict.CHALLENGE
    assert [verdict(replace(both, answers=(HEAD,) * turns), WEIGHTS) for turns in range(3)] == [
        Verdict.CHALLENGE,
        Verdict.CHALLENGE,
        Verdict.LIVE,
    ]


@given(st.floats(-12, 8.5), st.booleans(), st.sampled_from([0.0, LEAST_BORDER]), answers)
def test_nobody_is_asked_to_turn_for_nothing(
    passive: float, solid: bool, border: float, given_answers: tuple[Answer, ...]
) -> None:
    cues = Cues(passive, LEAST_FRAMES, 0.0, border=border, solid=solid, answers=given_answers)
    if verdict(cues, WEIGHTS) is Verdict.CHALLENGE:
        left = WEIGHTS.most_challenges - len(given_answers)
        assert verdict(replace(cues, answers=(*given_answers, *[HEAD] * left)), WEIGHTS) is Verdict.LIVE


@given(st.integers(0, LEAST_FRAMES - 1), st.floats(-12, 8.5), st.booleans(), st.booleans())
def test_nobody_is_asked_early_whom_the_looks_still_to_come_could_let_through_unasked(
    frames: int, passive: float, solid: bool, blinks: bool
) -> None:
    cues = Cues(passive, frames, 0.0, solid=solid, blinks=int(blinks))
    early = verdict(cues, WEIGHTS)
    assert early in (Verdict.CHALLENGE if frames >= SOONEST else Verdict.MORE, Verdict.MORE)
    if early is Verdict.CHALLENGE:
        best = (passive * frames + 8.5 * (LEAST_FRAMES - frames)) / LEAST_FRAMES
        assert verdict(Cues(best, LEAST_FRAMES, 0.0, solid=True, blinks=1), WEIGHTS) is not Verdict.LIVE
        assert verdict(replace(cues, frames=LEAST_FRAMES), WEIGHTS) is Verdict.CHALLENGE


def test_a_doubtful_face_is_asked_after_five_looks_and_judged_after_ten() -> None:
    doubtful = replace(GOOD, passive=0.0, frames=SOONEST)
    assert verdict(replace(doubtful, frames=SOONEST - 1), WEIGHTS) is Verdict.MORE
    assert verdict(doubtful, WEIGHTS) is Verdict.CHALLENGE
    assert verdict(replace(doubtful, answers=(HEAD,)), WEIGHTS) is Verdict.MORE
    assert verdict(replace(doubtful, answers=(HEAD,), frames=LEAST_FRAMES), WEIGHTS) is Verdict.LIVE
    assert verdict(replace(doubtful, passive=WEIGHTS.refuse - 2), WEIGHTS) is Verdict.MORE
    assert verdict(replace(GOOD, frames=SOONEST), WEIGHTS, always_challenge=True) is Verdict.CHALLENGE


def test_a_flat_turn_is_worse_than_none() -> None:
    assert evidence(replace(GOOD, answers=(FLAT,)), WEIGHTS) < evidence(replace(GOOD, answers=(FAILED,)), WEIGHTS)
    assert verdict(replace(GOOD, answers=(FLAT, FLAT)), WEIGHTS) is Verdict.FAKE


@given(st.floats(-10, 10), st.booleans(), answers)
def test_a_repeated_picture_is_never_live(passive: float, solid: bool, given_answers: tuple[Answer, ...]) -> None:
    cues = Cues(passive, LEAST_FRAMES, repeats=0.3, solid=solid, answers=given_answers)
    assert verdict(cues, WEIGHTS) is Verdict.FAKE


@given(st.floats(-10, 10), st.booleans(), answers)
def test_challenges_end(passive: float, solid: bool, given_answers: tuple[Answer, ...]) -> None:
    cues = Cues(passive, LEAST_FRAMES, 0.0, solid=solid, answers=given_answers)
    if len(given_answers) >= WEIGHTS.most_challenges:
        assert verdict(cues, WEIGHTS) in (Verdict.LIVE, Verdict.FAKE)


@given(st.floats(-10, 9), st.floats(0, 1), answers)
def test_more_passive_evidence_never_hurts(passive: float, more: float, given_answers: tuple[Answer, ...]) -> None:
    cues = Cues(passive, LEAST_FRAMES, 0.0, answers=given_answers)
    assert evidence(replace(cues, passive=passive + more), WEIGHTS) >= evidence(cues, WEIGHTS)


# -- single cues --------------------------------------------------------------------------------------------------


def test_sensor_noise_makes_every_picture_new_and_a_repeat_is_seen() -> None:
    generator = np.random.default_rng(1)
    cue = RepeatCue()
    frames = [generator.integers(100, 110, (120, 160, 3), dtype=np.uint8) for _ in range(5)]
    assert [cue.add(frame) for frame in frames] == [False] * 5
    assert cue.score == 0.0
    assert cue.add(frames[2]) is True
    assert cue.score > 0.0


def blink_at(cue: BlinkCue, levels: list[float]) -> int:
    for k, level in enumerate(levels):
        cue.add(level, k / 30)
    return cue.count


def test_a_blink_is_a_short_dip() -> None:
    assert blink_at(BlinkCue(), [0.3] * 10 + [0.2, 0.1, 0.1, 0.25] + [0.3] * 5) == 1


def test_narrow_eyes_that_stay_as_they_are_do_not_blink() -> None:
    assert blink_at(BlinkCue(), [0.14] * 60) == 0


def test_eyes_that_stay_shut_are_not_a_blink() -> None:
    assert blink_at(BlinkCue(), [0.3] * 10 + [0.05] * 60 + [0.3] * 5) == 0


def ball(yaw: float) -> NDArray[np.float32]:
    """468 points on the front of a head-sized ball, turned."""
    generator = np.random.default_rng(5)
    across, up = generator.uniform(-0.9, 0.9, (2, 468))
    keep = np.clip(1 - 0.5 * across**2 - 0.5 * up**2, 0, 1)
    solid = np.stack([across, up, -np.sqrt(keep)], axis=1) * 80
    turn = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    return np.asarray(solid @ turn.T + 200, np.float32)


def sheet(yaw: float) -> NDArray[np.float32]:
    """The same points printed on paper, seen in perspective, the paper turned."""
    flat = ball(0.0)[:, :2] - 200
    depth = 500 + flat[:, 0] * math.sin(yaw)
    seen = np.stack([flat[:, 0] * math.cos(yaw), flat[:, 1]], axis=1) * (500 / depth)[:, None] + 200
    return np.asarray(np.concatenate([seen, ball(yaw)[:, 2:]], axis=1), np.float32)


def test_a_turning_head_leaves_a_residual_and_a_turning_sheet_none() -> None:
    straight = ball(0.0)
    assert depth_residual(straight, ball(math.radians(15))) > 0.02
    assert depth_residual(straight, sheet(math.radians(30))) < 0.002


def test_depth_is_seen_in_ordinary_movement() -> None:
    cue = DepthCue()
    for degrees in (0, 4, 8, 12, 16, 18, 14, 8, 0):
        cue.add(ball(math.radians(degrees)), Pose(math.radians(degrees), 0, 0))
    assert cue.solid
    assert not cue.flat


def test_a_sheet_that_is_waved_about_counts_as_flat() -> None:
    cue = DepthCue()
    for degrees in (0, 10, 20, 25, 28, 30, 20, 10, 0, -10, -20, -30):
        cue.add(sheet(math.radians(degrees)), Pose(math.radians(degrees), 0, 0))
    assert cue.flat
    assert not cue.solid


def test_one_bad_view_as_of_a_bowed_head_makes_nobody_flat() -> None:
    cue = DepthCue()
    cue.add(sheet(0.0), Pose(0, math.radians(-20), 0))
    for _ in range(20):
        cue.add(sheet(0.0), Pose(0, 0, 0))
    assert not cue.flat
    assert not cue.solid


def asked(kind: Guidance) -> Challenge:
    return Challenge(kind, 0.0, ball(0.0), Pose(0, 0, 0))


@pytest.mark.parametrize(("kind", "sign"), [(Guidance.TURN_LEFT, 1), (Guidance.TURN_RIGHT, -1)])
def test_the_asked_turn_passes_and_the_other_one_fails(kind: Guidance, sign: int) -> None:
    yaw = sign * TURN * 1.1
    passed = turned(asked(kind), yaw)
    assert passed is not None
    assert passed.passed
    assert passed.depth > 0.02
    failed = asked(kind).add(ball(-yaw), Pose(-yaw, 0, 0), 1.0)
    assert failed is not None
    assert not failed.passed


def turned(challenge: Challenge, farthest: float, stay_s: float = 0.0) -> Answer | None:
    """Turn to ``farthest`` and back, as heads do, after a second."""
    out = [farthest * k / 10 for k in range(11)]
    path = [*out, *[farthest] * round(stay_s * 30), *reversed(out)]
    answers = (challenge.add(ball(yaw), Pose(yaw, 0, 0), 1.0 + k / 30) for k, yaw in enumerate(path))
    return next((answer for answer in answers if answer is not None), None)


def test_depth_is_measured_where_the_head_is_turned_farthest() -> None:
    small, large = (turned(asked(Guidance.TURN_LEFT), TURN * by) for by in (1.1, 1.8))
    assert small is not None
    assert large is not None
    assert large.depth > 1.4 * small.depth


def test_a_head_may_stay_turned() -> None:
    answer = turned(asked(Guidance.TURN_LEFT), TURN * 1.3, stay_s=3.0)
    assert answer is not None
    assert answer.passed


def test_nobody_answers_before_the_question() -> None:
    challenge = asked(Guidance.TURN_LEFT)
    assert challenge.add(ball(TURN / 2), Pose(TURN / 2, 0, 0), REACTION_S / 3) is None, "a head sways"
    answer = challenge.add(ball(TURN * 2), Pose(TURN * 2, 0, 0), REACTION_S / 2)
    assert answer is not None
    assert not answer.passed


@pytest.mark.parametrize(("back", "passes"), [(20.0, True), (10.0, False)])
def test_a_head_turned_too_far_to_be_measured_is_measured_on_its_way_back(back: float, passes: bool) -> None:
    challenge = asked(Guidance.TURN_LEFT)
    path = [(1.0, 45.0), (1.1, 46.0), (1.2, back), (1.3, back - 5), (7.0, 0.0)]
    shown = ((at, math.radians(yaw)) for at, yaw in path)
    answers = (challenge.add(ball(yaw), Pose(yaw, 0, 0), at) for at, yaw in shown)
    answer = next((one for one in answers if one is not None), None)
    assert answer is not None
    assert answer.passed is passes
    assert (answer.depth > 0.02) is passes


def test_no_answer_in_time_is_an_answer() -> None:
    answer = asked(Guidance.TURN_LEFT).add(ball(0.0), Pose(0, 0, 0), LIMIT_S + 0.1)
    assert answer is not None
    assert not answer.passed


def asked_while(degrees: list[float]) -> list[bool]:
    """Return at which of these yaws, thirty a second, a movement may be asked for."""
    rest = Rest()
    return [rest.add(Pose(math.radians(yaw), 0.0, 0.0), k / 30) for k, yaw in enumerate(degrees)]


def test_a_head_at_rest_is_asked_soon_straight_ahead_and_later_aside() -> None:
    straight, aside = (asked_while([yaw, yaw + 1.5, yaw - 1.0] * 12) for yaw in (0.0, 13.0))
    assert (straight.index(True), aside.index(True)) == (8, 30)
    assert all(straight[8:])
    assert all(aside[30:]), "else somebody off to one side waits for ever and is told nothing"


@pytest.mark.parametrize("degrees_s", [8.0, 15.0, 30.0, 60.0])
def test_what_is_left_of_the_way_back_when_a_head_is_asked_is_less_than_a_turn(degrees_s: float) -> None:
    way = list(np.arange(23.0, -3.0, -degrees_s / 30))
    left = [yaw - way[-1] for yaw, now in zip(way, asked_while(way), strict=True) if now]
    assert max(left, default=0.0) < math.degrees(TURN)


@pytest.mark.parametrize(("about", "patience_s"), [(0.0, 1.5), (20.0, 3.0)])
def test_a_head_that_is_never_at_rest_is_asked_all_the_same(about: float, patience_s: float) -> None:
    trembling = [about + 6.0 * math.sin(2 * math.pi * 5 * k / 30) for k in range(120)]
    assert asked_while(trembling).index(True) == round(30 * patience_s)


def test_a_head_that_still_looks_up_is_not_at_rest() -> None:
    rest = Rest()
    looks_up = [rest.add(Pose(0.0, math.radians(-30.0 + k), 0.0), k / 30) for k in range(30)]
    stays = [rest.add(Pose(0.0, 0.0, 0.0), k / 30) for k in range(30, 40)]
    assert not any(looks_up)
    assert stays[-1]


@pytest.mark.parametrize(("nods", "passes"), [(8.0, True), (3.0, False)])
def test_a_turn_is_measured_from_the_height_that_the_head_turns_at(nods: float, passes: bool) -> None:
    """Looking up makes a face narrower over its height without a turn; a sheet that hardly nods gains nothing by it."""
    narrow = np.array([0.93, 1.0, 1.0], np.float32)
    ahead, aside = with_eyes(ball(0.0)), with_eyes(ball(math.radians(20)))
    challenge = Challenge(Guidance.TURN_LEFT, 0.0, ahead, Pose(0.0, math.radians(-nods), 0.0))
    path = [(0.5, 0.0), (0.6, 4.0), (0.7, 9.0), (0.8, 20.0), (0.9, 20.0), (1.0, 10.0)]
    shown = ((at, math.radians(yaw), (ahead if yaw < 10 else aside) * narrow) for at, yaw in path)
    answers = (challenge.add(points, Pose(yaw, 0.0, 0.0), at) for at, yaw, points in shown)
    answer = next((one for one in answers if one is not None), None)
    assert answer is not None
    assert answer.passed is passes


def with_eyes(points: Points) -> Points:
    """Number the points so that the corners of the eyes are where a face has them."""
    order = np.arange(468)
    for corner, place in ((RIGHT_EYE_OUTER, (160, 176)), (LEFT_EYE_OUTER, (240, 176))):
        found = int(np.argmin(np.linalg.norm(ball(0.0)[order, :2] - place, axis=1)))
        order[[corner, found]] = order[[found, corner]]
    return points[order]


def swung(begins: float, ends: float) -> Answer | None:
    """Swing a sheet between two angles in degrees, of which a mesh reads six tenths."""
    path = [math.radians(angle) for angle in np.linspace(begins, ends, 20)]
    challenge = Challenge(Guidance.TURN_LEFT, 0.0, with_eyes(sheet(path[0])), Pose(0.6 * path[0], 0, 0))
    shown = enumerate([*path, *reversed(path)])
    answers = (challenge.add(with_eyes(sheet(at)), Pose(0.6 * at, 0, 0), 1.0 + k / 30) for k, at in shown)
    return next((answer for answer in answers if answer is not None), None)


@pytest.mark.parametrize(("begins", "ends"), [(0.0, 45.0), (-20.0, 25.0), (-15.0, 35.0)])
def test_what_gets_narrower_as_it_turns_is_no_head(begins: float, ends: float) -> None:
    answer = swung(begins, ends)
    assert answer is not None
    assert not answer.passed


@pytest.mark.parametrize(("first", "passes"), [(sheet, False), (ball, True)])
def test_what_gets_narrower_before_it_seems_to_turn_is_no_head(first: Callable[[float], Points], passes: bool) -> None:
    """A mesh sees little of a sheet's turn at first, and in the end draws a head into it."""
    challenge = Challenge(Guidance.TURN_LEFT, 0.0, with_eyes(first(0.0)), Pose(0, 0, 0))
    seen = ((first, 0, 0), (first, 20, 8), (ball, 25, 25), (ball, 0, 0))
    for k, (surface, turned_by, read) in enumerate(seen):
        points, pose = with_eyes(surface(math.radians(turned_by))), Pose(math.radians(read), 0, 0)
        answer = challenge.add(points, pose, 1.0 + k / 10)
    assert answer is not None
    assert answer.passed is passes


def test_both_sides_are_asked_about_equally_often() -> None:
    drawn = [draw(random.Random(seed)) for seed in range(400)]
    assert 150 < drawn.count(Guidance.TURN_LEFT) < 250
    assert set(drawn) == {Guidance.TURN_LEFT, Guidance.TURN_RIGHT}


# -- colours ------------------------------------------------------------------------------------------------------

MOUTH_AND_NOSE = ([NOSE_TIP], [MOUTH_RIGHT], [MOUTH_LEFT])


def a_face(red: NDArray[np.float64], blue: NDArray[np.float64]) -> Colours:
    """Return the colours of a face whose tints are these, (112, 112) each, about those of skin."""
    lit = np.stack([np.full_like(red, 140.0), 150.0 + red, 115.0 + blue], axis=2)
    rgb = cv2.cvtColor(np.clip(lit, 0, 255).astype(np.uint8), cv2.COLOR_YCrCb2RGB)
    return colours(np.asarray(rgb, np.uint8), points_on_the_template())


def points_on_the_template() -> Points:
    """Return a mesh that ``align`` leaves where it is."""
    points = np.full((468, 2), 56.0, np.float32)
    for part, at in zip((RIGHT_EYE, LEFT_EYE, *MOUTH_AND_NOSE), TEMPLATE, strict=True):
        points[list(part)] = at
    return points


def blotches(seed: int) -> NDArray[np.float64]:
    """Return a field of standard deviation 1 that varies over a tenth of the face."""
    field = cv2.GaussianBlur(np.random.default_rng(seed).normal(size=(112, 112)), (0, 0), 5.0)
    return np.asarray((field - field.mean()) / field.std(), np.float64)


def test_skin_whose_redness_and_blueness_go_together_looks_alive() -> None:
    blood = blotches(1)
    assert a_face(8.0 * blood, -6.0 * blood).nats == 2.5


def test_the_same_redness_with_scattered_blueness_is_a_sign_of_ink() -> None:
    living, printed = (a_face(8.0 * blotches(1), blue) for blue in (-6.0 * blotches(1), 6.0 * blotches(2)))
    assert printed.red == pytest.approx(living.red, abs=0.3)
    assert printed.lined < -3.0 < living.lined
    assert printed.nats == living.nats - 2.5, "against, as far as it goes; in line it says little for a living face"


def test_the_flatter_the_colours_the_more_they_speak_of_paper() -> None:
    said = [a_face(depth * blotches(1), -depth * blotches(1)).red for depth in (6.0, 4.0, 2.5)]
    assert said == sorted(said, reverse=True)
    assert a_face(0.0 * blotches(1), 0.0 * blotches(1)).nats == -6.0


def test_a_coloured_lamp_from_one_side_puts_no_tints_in_line() -> None:
    across = np.linspace(-6.0, 6.0, 112)[None, :].repeat(112, axis=0)
    scattered = blotches(1), blotches(2)
    lit = [tint + way * across for tint, way in zip(scattered, (1.0, -1.0), strict=True)]
    assert a_face(lit[0], lit[1]).lined < a_face(4.0 * blotches(1), -4.0 * blotches(1)).lined - 3.0


# -- on real photographs ------------------------------------------------------------------------------------------


def test_a_grey_picture_of_a_face_is_not_red_as_skin_is(
    engine: FaceEngine, portraits: dict[str, NDArray[np.uint8]]
) -> None:
    picture = portraits["person_b_2"]
    found = engine.detector.find(picture)[0]
    points = engine.refined(picture, found).points
    grey = np.repeat(picture.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    assert engine.passive.look(grey, points) < engine.passive.look(picture, points) - 2.0


def test_the_mirror_image_turns_the_pose_round(engine: FaceEngine, portraits: dict[str, NDArray[np.uint8]]) -> None:
    picture = portraits["person_a_2"]
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    poses = [pose(engine.refined(one, engine.detector.find(one)[0]).points) for one in (picture, mirrored)]
    assert poses[0].yaw == pytest.approx(-poses[1].yaw, abs=math.radians(4))
    assert poses[0].pitch == pytest.approx(poses[1].pitch, abs=math.radians(3))
