"""A face try from the first frame to the decision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from reader.face.engine import (
    SURE_EVERY_S,
    SURE_FOR_S,
    CameraFrame,
    Decision,
    FaceEngine,
    FaceTry,
    NoFaceInPhoto,
    Observation,
)
from reader.face.geometry import Points, Pose
from reader.face.guidance import View
from reader.face.image import BadImage
from reader.face.liveness.challenge import Answer, Challenge
from reader.face.liveness.motion import DepthCue
from reader.face.liveness.rule import LEAST_FRAMES, Weights
from reader.face.settings import FaceSettings
from reader.face.template import SIZE, Template
from reader.session.failures import Failure
from reader.session.vocabulary import Guidance

Portraits = dict[str, NDArray[np.uint8]]
Camera = Callable[..., Iterator[CameraFrame]]
TURNS = (Guidance.TURN_LEFT, Guidance.TURN_RIGHT)


@dataclass(frozen=True, slots=True)
class Shot:
    pixels: NDArray[np.uint8]
    at: float
    number: int


def grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(picture.mean(axis=2), np.uint8)


def watch(attempt: FaceTry, shots: Iterable[CameraFrame]) -> list[Observation]:
    seen = []
    for shot in shots:
        seen.append(attempt.observe(shot))
        if seen[-1].decision is not None:
            break
    return seen


def test_the_same_person_years_apart_is_matched_and_live(
    engine: FaceEngine, portraits: Portraits, camera: Camera
) -> None:
    attempt = engine.begin(10.0)
    attempt.set_reference(engine.enroll(grey(portraits["person_b_1"])))
    seen = watch(attempt, camera(portraits["person_b_2"]))
    assert seen[-1].decision == Decision(matched=True, live=True, failure=None)
    assert seen[-1].progress == 1.0
    assert [one.progress for one in seen] == sorted(one.progress for one in seen)


def test_the_card_may_be_read_after_the_patient_was_already_looked_at(
    engine: FaceEngine, portraits: Portraits, camera: Camera
) -> None:
    attempt = engine.begin(10.0)
    shots = list(camera(portraits["person_b_2"], seconds=2.0))
    before = watch(attempt, shots[:20])
    assert before[-1].decision is None
    attempt.set_reference(engine.enroll(portraits["person_b_1"]))
    after = watch(attempt, shots[20:])
    assert len(after) == 1
    assert after[-1].decision == Decision(matched=True, live=True, failure=None)


def test_a_face_of_which_all_is_known_is_followed_on_every_second_frame_until_the_card_comes(
    engine: FaceEngine, portraits: Portraits, camera: Camera
) -> None:
    follow, looks = engine.landmarks.find, []
    engine.landmarks.find = lambda rgb, region: looks.append(region) or follow(rgb, region)  # type: ignore
    try:
        attempt = engine.begin(10.0)
        shots = list(camera(portraits["person_b_2"], seconds=1.5))
        watch(attempt, shots[:25])
        looks.clear()
        seen = watch(attempt, shots[25:])
    finally:
        engine.landmarks.find = follow  # type: ignore[method-assign]
    assert len(looks) == pytest.approx(len(seen) / 2, abs=1)
    assert all(one.box is not None and one.guidance is None for one in seen)


def test_another_person_is_refused(engine: FaceEngine, portraits: Portraits, camera: Camera) -> None:
    attempt = engine.begin(10.0)
    attempt.set_reference(engine.enroll(portraits["person_a_1"]))
    seen = watch(attempt, camera(portraits["person_b_2"], seconds=4.0))
    assert seen[-1].decision == Decision(matched=False, live=True, failure=Failure.FACE_NOT_MATCHED)


def test_a_frozen_picture_never_passes(engine: FaceEngine, portraits: Portraits, camera: Camera) -> None:
    attempt = engine.begin(10.0)
    attempt.set_reference(engine.enroll(portraits["person_b_1"]))
    still = next(camera(portraits["person_b_2"]))
    for k in range(90):
        shown = attempt.observe(Shot(still.pixels, 10.0 + k / 30, k))
        assert shown.decision is None or not shown.decision.live


def test_a_looped_clip_never_passes(engine: FaceEngine, portraits: Portraits, camera: Camera) -> None:
    attempt = engine.begin(10.0)
    attempt.set_reference(engine.enroll(portraits["person_b_1"]))
    clip = list(camera(portraits["person_b_2"], seconds=0.2))
    for k in range(90):
        shot = clip[k % len(clip)]
        shown = attempt.observe(Shot(shot.pixels, 10.0 + k / 30, k))
        assert shown.decision is None or not shown.decision.live


def test_whoever_takes_the_place_of_a_living_person_is_not_let_through(
    engine: FaceEngine, portraits: Portraits, camera: Camera
) -> None:
    attempt = engine.begin(10.0)
    watch(attempt, camera(portraits["person_b_2"], seconds=1.0))
    assert attempt.cues.passive > engine.weights.unasked
    # The card's photo arrives when somebody else already stands at the same place.
    attempt.set_reference(engine.enroll(portraits["person_b_1"]))
    seen = watch(attempt, camera(portraits["person_a_2"], seconds=2.5, start=11.0, seed=2))
    assert all(one.decision is None or not one.decision.matched for one in seen)


def test_looks_at_somebodys_own_face_do_not_help_what_they_held_up(
    engine: FaceEngine, portraits: Portraits, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A film fills the template, then its holder's own face takes its place, on the same track."""
    attempt = engine.begin(10.0)
    watch(attempt, camera(portraits["person_b_2"], seconds=0.2))
    monkeypatch.setattr(Template, "wants", lambda template, weight: len(template) < SIZE)
    looks = [attempt.cues.frames]
    for shot in camera(portraits["person_a_2"], seconds=1.0, start=10.2, seed=2):
        attempt.observe(shot)
        looks.append(attempt.cues.frames)
    assert looks[0] >= SIZE
    assert 0 in looks, "all that was gathered of the one face is gone when the other is found out"


def test_whoever_is_asked_early_is_looked_at_until_the_head_moves(
    engine: FaceEngine, portraits: Portraits, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "settings", FaceSettings(always_challenge=True))
    attempt = engine.begin(10.0)
    shots = camera(portraits["person_b_2"], seconds=1.5)
    looks = []
    for shot in shots:
        if attempt.observe(shot).guidance in TURNS:
            looks.append(attempt.cues.frames)
    assert looks[0] < LEAST_FRAMES
    assert looks[-1] == LEAST_FRAMES


def test_in_the_dark_nobody_is_sent_to_look_for_the_camera(engine: FaceEngine) -> None:
    attempt = engine.begin(10.0)
    dark = np.random.default_rng(1).integers(0, 6, (480, 640, 3), dtype=np.uint8)
    seen = watch(attempt, (Shot(dark, 10.0 + k / 30, k) for k in range(15)))
    assert [one.guidance for one in seen[:1] + seen[-1:]] == [None, Guidance.TOO_DARK], "and it is held steady"


def asked(
    engine: FaceEngine, portraits: Portraits, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> tuple[FaceTry, float]:
    """A try in which a turn is asked for and, from now on, every frame shows it deep; the time of its last frame."""
    monkeypatch.setattr(engine, "settings", FaceSettings(always_challenge=True))
    attempt = engine.begin(10.0)
    attempt.set_reference(engine.enroll(portraits["person_b_1"]))
    shots = list(camera(portraits["person_b_2"], seconds=1.0))
    assert watch(attempt, shots)[-1].guidance in TURNS

    def turns(challenge: Challenge, points: Points, pose: Pose, at: float) -> Answer | None:
        challenge.counts, challenge.begun = True, True
        return Answer(challenge.kind, passed=True, depth=0.1) if at > 11.3 else None

    monkeypatch.setattr(Challenge, "add", turns)
    return attempt, shots[-1].at


def test_the_head_that_turns_must_be_the_face_that_was_shown(
    engine: FaceEngine, portraits: Portraits, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A photograph is put away for the turn, somebody's own head does it, and the photograph comes back."""
    attempt, at = asked(engine, portraits, camera, monkeypatch)
    seen = watch(attempt, camera(portraits["person_a_2"], seconds=0.2, start=at + 0.04, seed=2))
    assert seen[-1].decision == Decision(matched=False, live=False, failure=Failure.FACE_NOT_LIVE)


def test_whoever_turns_their_own_head_is_matched_after_it(
    engine: FaceEngine, portraits: Portraits, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt, at = asked(engine, portraits, camera, monkeypatch)
    seen = watch(attempt, camera(portraits["person_b_2"], seconds=1.5, start=at + 0.04, seed=2))
    assert seen[-1].decision == Decision(matched=True, live=True, failure=None)


def test_whoever_leaves_before_the_movement_is_made_has_not_made_it(
    engine: FaceEngine, portraits: Portraits, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a film is held up and taken away until it happens to turn as asked."""
    monkeypatch.setattr(engine, "settings", FaceSettings(always_challenge=True))
    attempt = engine.begin(10.0)
    nobody = np.full_like(portraits["person_b_2"], 90)
    for visit in range(2):
        start = 10.0 + 2.0 * visit
        seen = watch(attempt, camera(portraits["person_b_2"], seconds=1.2, start=start, seed=visit))
        assert seen[-1].guidance in TURNS
        watch(attempt, (Shot(nobody, start + 1.3 + k / 10, 1000 * visit + k) for k in range(6)))
    seen = watch(attempt, camera(portraits["person_b_2"], seconds=1.2, start=14.0, seed=9))
    assert [answer.passed for answer in attempt.cues.answers] == [False, False]
    assert seen[-1].decision == Decision(matched=False, live=False, failure=Failure.FACE_NOT_LIVE)


def test_the_way_back_from_a_movement_shows_no_depth_of_its_own(
    engine: FaceEngine, portraits: Portraits, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt, at = asked(engine, portraits, camera, monkeypatch)
    fed: list[Pose] = []
    monkeypatch.setattr(Challenge, "add", lambda challenge, points, pose, at: Answer(challenge.kind, passed=False))
    monkeypatch.setattr(DepthCue, "add", lambda cue, points, pose: fed.append(pose))
    film = camera(portraits["person_b_2"], seconds=0.4, start=at + 0.04, seed=2)
    while not attempt.cues.answers:
        attempt.observe(next(film))
    fed.clear()
    watch(attempt, film)
    assert not fed


@pytest.mark.parametrize("begun", [False, True])
def test_depth_is_looked_for_until_the_movement_that_was_asked_for_begins(
    engine: FaceEngine, portraits: Portraits, camera: Camera, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    attempt, at = asked(engine, portraits, camera, monkeypatch)
    fed: list[Pose] = []
    monkeypatch.setattr(Challenge, "is_begun_by", lambda challenge, pose: begun)
    monkeypatch.setattr(DepthCue, "add", lambda cue, points, pose: fed.append(pose))
    watch(attempt, camera(portraits["person_b_2"], seconds=0.1, start=at + 0.04, seed=2))
    assert bool(fed) is not begun


def test_a_frame_without_a_face_does_not_take_the_instruction_from_the_screen(
    engine: FaceEngine, portraits: Portraits, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt, at = asked(engine, portraits, camera, monkeypatch)
    attempt.observe(next(camera(portraits["person_b_2"], seconds=0.1, start=at + 0.04, seed=2)))
    empty = np.full_like(portraits["person_b_2"], 90)
    assert attempt.observe(Shot(empty, at + 0.12, 99)).guidance in TURNS


def test_somebody_whose_head_stays_turned_a_little_is_asked_and_not_left_waiting(
    engine: FaceEngine, portraits: Portraits, camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "settings", FaceSettings(always_challenge=True))
    monkeypatch.setattr("reader.face.geometry.pose", lambda points: Pose(0.23, 0.0, 0.0))
    attempt = engine.begin(10.0)
    assert watch(attempt, camera(portraits["person_b_2"], seconds=1.3))[-1].guidance in TURNS


def test_whoever_shows_no_depth_is_asked_to_turn_however_lifelike(
    engine: FaceEngine, portraits: Portraits, camera: Camera
) -> None:
    engine.weights = Weights()
    attempt = engine.begin(10.0)
    attempt.set_reference(engine.enroll(portraits["person_b_1"]))
    seen = watch(attempt, camera(portraits["person_b_2"], seconds=1.0))
    assert attempt.cues.passive > engine.weights.unasked
    assert seen[-1].guidance in TURNS
    assert seen[-1].decision is None


@pytest.mark.parametrize(("looks_up", "is_asked"), [("person_b_2", False), ("person_a_2", True)])
def test_depth_counts_for_whom_it_was_seen_of(
    engine: FaceEngine,
    portraits: Portraits,
    camera: Camera,
    monkeypatch: pytest.MonkeyPatch,
    looks_up: str,
    is_asked: bool,
) -> None:
    """Somebody looks up from the slot, too bowed for the template; then a face, theirs or a print, is there."""

    def looked(view: View | None, *rest: object) -> Guidance | None:
        return Guidance.LOOK_STRAIGHT if bowed else None

    def shows_depth(cue: DepthCue, points: Points, pose: Pose) -> None:
        cue.solid, cue.counts = True, bowed

    monkeypatch.setattr("reader.face.engine.reason", looked)
    monkeypatch.setattr(DepthCue, "add", shows_depth)
    engine.weights = Weights()
    attempt = engine.begin(10.0)
    attempt.set_reference(engine.enroll(portraits["person_b_1"]))
    bowed = True
    watch(attempt, camera(portraits[looks_up], seconds=0.1))
    bowed = False
    seen = watch(attempt, camera(portraits["person_b_2"], seconds=1.5, start=10.2, seed=2))
    assert (seen[-1].guidance in TURNS) is is_asked
    assert (seen[-1].decision is None) is is_asked


def matched(engine: FaceEngine, portraits: Portraits, camera: Camera) -> tuple[FaceTry, float]:
    """A try whose match stands while the card is still being checked, and the time of its last frame."""
    attempt = engine.begin(10.0)
    attempt.set_reference(engine.enroll(portraits["person_b_1"]))
    shots = list(camera(portraits["person_b_2"], seconds=2.0))
    seen = watch(attempt, shots)
    assert seen[-1].decision == Decision(matched=True, live=True, failure=None)
    return attempt, shots[len(seen) - 1].at


def test_a_match_stands_as_long_as_the_matched_person_stays(
    engine: FaceEngine, portraits: Portraits, camera: Camera
) -> None:
    attempt, at = matched(engine, portraits, camera)
    after = [attempt.observe(shot) for shot in camera(portraits["person_b_2"], seconds=3.0, start=at + 0.05)]
    assert {one.decision for one in after} == {Decision(matched=True, live=True, failure=None)}
    assert {one.progress for one in after} == {1.0}


def test_a_match_is_void_when_somebody_else_takes_the_place_before_the_card_is_checked(
    engine: FaceEngine, portraits: Portraits, camera: Camera
) -> None:
    attempt, at = matched(engine, portraits, camera)
    after = [attempt.observe(shot) for shot in camera(portraits["person_a_2"], seconds=1.5, start=at + 0.05, seed=2)]
    assert after[-1].decision is None or not after[-1].decision.matched
    until = next(shot for shot, one in enumerate(after) if one.decision is None or not one.decision.matched)
    assert until / 30 <= SURE_EVERY_S + 0.1, "noticed before a card has been checked"


def test_a_match_is_void_when_nobody_is_left_but_not_for_a_glance_away(
    engine: FaceEngine, portraits: Portraits, camera: Camera
) -> None:
    attempt, at = matched(engine, portraits, camera)
    wall = np.full((400, 330, 3), 130, np.uint8)
    empty = [(shot.at - at, attempt.observe(shot).decision) for shot in camera(wall, seconds=2.0, start=at + 0.05)]
    assert all(decision is not None for since, decision in empty if since < SURE_FOR_S - 0.1)
    assert all(decision is None for since, decision in empty if since > SURE_FOR_S + 0.1)


def test_a_match_is_void_when_the_picture_stands_still(
    engine: FaceEngine, portraits: Portraits, camera: Camera
) -> None:
    attempt, at = matched(engine, portraits, camera)
    still = next(camera(portraits["person_b_2"]))
    after = [attempt.observe(Shot(still.pixels, at + k / 30, k)).decision for k in range(1, 60)]
    assert after[-1] is None or not after[-1].matched


def test_nobody_there_asks_to_find_the_face(engine: FaceEngine, camera: Camera) -> None:
    attempt = engine.begin(10.0)
    wall = np.full((400, 330, 3), 130, np.uint8)
    seen = watch(attempt, camera(wall, seconds=1.0))
    assert seen[-1].guidance is Guidance.FIND_FACE
    assert seen[-1].box is None
    assert seen[-1].decision is None


def test_a_photo_without_a_face_is_refused(engine: FaceEngine) -> None:
    with pytest.raises(NoFaceInPhoto, match="PIN or staff"):
        engine.enroll(np.full((200, 160), 128, np.uint8))


def test_pixels_that_are_no_picture_are_refused(engine: FaceEngine) -> None:
    with pytest.raises(BadImage, match="uint8"):
        engine.enroll(np.full((200, 160), np.nan))


def test_closing_overwrites_the_template(engine: FaceEngine, portraits: Portraits, camera: Camera) -> None:
    attempt = engine.begin(10.0)
    watch(attempt, camera(portraits["person_b_2"], seconds=0.5))
    kept = [one.embedding for one in attempt._template._samples]
    assert kept
    assert all(np.abs(one).max() > 0 for one in kept)
    engine.wipe()
    assert all(not one.any() for one in kept)
    with pytest.raises(ValueError, match="closed"):
        attempt.observe(next(camera(portraits["person_b_2"])))
