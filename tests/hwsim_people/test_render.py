"""Pictures: the same for the same scene, true to the pinhole, round where a head is round."""

from __future__ import annotations

import numpy as np
import pytest
from hw_sim.attackers.artefacts import print_of
from hw_sim.attackers.held import HeldPrint
from hw_sim.people.bust import bust
from hw_sim.people.clip import contact_sheet, still_frames
from hw_sim.people.person import Person
from hw_sim.people.raster import Lens
from hw_sim.people.render import render
from hw_sim.people.scene import LIGHTS, STILL, Accessory, Light, Pose, Scene, Visitor, standing, still
from hw_sim.people.sensor import Exposure
from numpy.typing import NDArray

from reader.face.detector import FaceDetector
from reader.face.geometry import LEFT_EYE, LEFT_EYE_OUTER, NOSE_TIP, RIGHT_EYE, RIGHT_EYE_OUTER, five_points, pose
from reader.face.landmarks import Mesh, OnnxLandmarks, region_of_detection, region_of_points

BRIGHT = Exposure(20_000.0, 3.0)


def posed(person: Person, **where: float) -> Scene:
    return Scene((Visitor(person, still(Pose(**where)), STILL),), room=2)


def mesh_of(rgb: NDArray[np.uint8], detector: FaceDetector, landmarks: OnnxLandmarks) -> Mesh:
    found = detector.find(rgb)
    assert found, "no face is seen"
    mesh = landmarks.find(rgb, region_of_detection(found[0]))
    for _ in range(2):
        mesh = landmarks.find(rgb, region_of_points(mesh.points))
    return mesh


def eyes_px(mesh: Mesh) -> float:
    five = five_points(mesh.points)
    return float(np.linalg.norm(five[1] - five[0]))


def test_the_same_moment_gives_the_same_picture_whatever_was_drawn_before(people: tuple[Person, ...]) -> None:
    scene = standing(people[1], seed=5)
    first = render(scene, 1.25, BRIGHT)
    render(standing(people[2], light="back"), 0.7, BRIGHT)
    render(scene, 0.1, Exposure(5_000.0, 1.0))
    assert np.array_equal(first, render(scene, 1.25, BRIGHT))
    assert not np.array_equal(first, render(scene, 1.30, BRIGHT))


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (320, 240)])
def test_a_picture_is_rgb_of_the_lens_size(somebody: Person, size: tuple[int, int]) -> None:
    picture = render(standing(somebody), 0.0, BRIGHT, Lens(*size))
    assert picture.shape == (size[1], size[0], 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous


@pytest.mark.parametrize("distance", [300.0, 450.0, 700.0])
def test_pupils_stand_63_mm_apart_through_the_pinhole(people: tuple[Person, ...], distance: float) -> None:
    lens = Lens()
    for person in people:
        shape, _ = bust(person.live).posed(0.0, 0.0, 0.0, 0.0)
        eyes = np.stack([shape[list(group)].mean(axis=0) for group in (RIGHT_EYE, LEFT_EYE)])
        pixels = lens.project((eyes + np.array([0.0, 0.0, distance])).astype(np.float32))
        assert np.linalg.norm(pixels[1] - pixels[0]) == pytest.approx(lens.focal_px * 63.0 / distance, rel=0.02)


@pytest.mark.parametrize("distance", [300.0, 500.0, 700.0])
def test_the_face_model_measures_the_same_distance_in_the_picture(
    somebody: Person, detector: FaceDetector, landmarks: OnnxLandmarks, distance: float
) -> None:
    mesh = mesh_of(render(posed(somebody, distance_mm=distance), 0.0, BRIGHT), detector, landmarks)
    assert eyes_px(mesh) == pytest.approx(Lens().focal_px * 63.0 / distance, rel=0.02)


@pytest.mark.parametrize("turn", [-20.0, 0.0, 20.0])
def test_a_turned_head_is_seen_turned(
    people: tuple[Person, ...], detector: FaceDetector, landmarks: OnnxLandmarks, turn: float
) -> None:
    for person in people[:4]:
        mesh = mesh_of(render(posed(person, yaw=turn), 0.0, BRIGHT), detector, landmarks)
        assert np.degrees(pose(mesh.points).yaw) == pytest.approx(turn, abs=6.0)
        mesh = mesh_of(render(posed(person, roll=turn), 0.0, BRIGHT), detector, landmarks)
        assert np.degrees(pose(mesh.points).roll) == pytest.approx(turn, abs=3.0)


def nose_between_eyes(mesh: Mesh) -> float:
    """Where the nose stands between the outer eye corners, 0 (right eye) .. 1 (left eye)."""
    right, left, nose = (mesh.points[index, :2] for index in (RIGHT_EYE_OUTER, LEFT_EYE_OUTER, NOSE_TIP))
    across = left - right
    return float((nose - right) @ across / (across @ across))


def test_a_nose_shifts_against_the_eyes_when_a_head_turns_but_not_when_a_print_does(
    somebody: Person, detector: FaceDetector, landmarks: OnnxLandmarks
) -> None:
    def flat(yaw: float) -> Scene:
        picture, thumbs = print_of(somebody.live, (210.0, 297.0), 58.0, np.random.default_rng(1))
        place = still(Pose(distance_mm=420.0, y_mm=20.0, yaw=yaw))
        return Scene((HeldPrint(picture, thumbs, place, STILL, gloss=0.0),), room=2)

    moved = {}
    for name, scenes in (
        ("head", [posed(somebody, yaw=turn) for turn in (-20.0, 20.0)]),
        ("print", [flat(turn) for turn in (-20.0, 20.0)]),
    ):
        places = [nose_between_eyes(mesh_of(render(scene, 0.0, BRIGHT), detector, landmarks)) for scene in scenes]
        moved[name] = places[1] - places[0]
    assert moved["head"] > 0.2
    assert abs(moved["print"]) < 0.25 * moved["head"]


def test_a_blink_hides_the_eyes_and_leaves_the_rest(somebody: Person) -> None:
    still_eyes, shut = (
        render(posed(somebody, distance_mm=350.0, blink=blink), 0.0, BRIGHT).astype(int) for blink in (0.0, 1.0)
    )
    shape, _ = bust(somebody.live).posed(0.0, 0.0, 0.0, 0.0)
    pixels = Lens().project((shape + np.array([0.0, 0.0, 350.0])).astype(np.float32))
    changed = np.abs(still_eyes - shut).max(axis=2) > 40
    for group in (RIGHT_EYE, LEFT_EYE):
        x, y = pixels[list(group)].mean(axis=0)
        assert changed[int(y) - 4 : int(y) + 4, int(x) - 6 : int(x) + 6].mean() > 0.3
    nose = pixels[NOSE_TIP]
    assert not changed[int(nose[1]) - 10 : int(nose[1]) + 40, int(nose[0]) - 20 : int(nose[0]) + 20].any()


def test_eyes_that_look_aside_change_the_picture_at_the_eyes(somebody: Person) -> None:
    ahead, aside = (render(posed(somebody, distance_mm=350.0, gaze_yaw=gaze), 0.0, BRIGHT) for gaze in (0.0, 15.0))
    assert np.abs(ahead.astype(int) - aside).max() > 60


def test_light_from_the_side_makes_that_side_brighter(somebody: Person) -> None:
    def halves(side: float) -> tuple[float, float]:
        scene = Scene(posed(somebody).actors, still(Light(side=side, front=10.0)), room=2)
        face = render(scene, 0.0, Exposure(20_000.0, 2.0))[170:300, 270:370]
        return float(face[:, :50].mean()), float(face[:, 50:].mean())

    left = halves(-0.9)
    right = halves(0.9)
    assert left[0] / left[1] > 1.3 * right[0] / right[1]


def test_back_light_leaves_the_face_darker_than_the_window(somebody: Person) -> None:
    scene = standing(somebody, light="back")
    picture = render(scene, 0.0, Exposure(5_000.0, 1.0)).mean(axis=2)
    assert np.percentile(picture, 95) > 220
    assert picture[200:280, 290:350].mean() < 90


def test_direct_sun_clips_a_part_of_the_face(somebody: Person) -> None:
    picture = render(standing(somebody, light="sun"), 0.0, Exposure(10_000.0, 1.0))
    assert 0.05 < (picture[150:330, 260:380].max(axis=2) >= 250).mean() < 0.95


def test_unfiltered_lamps_leave_bands_in_short_exposures_and_none_in_whole_periods() -> None:
    def bands(exposure: Exposure) -> float:
        flickering, steady = (
            render(Scene(light=still(light), room=2), 0.0, exposure).mean(axis=(1, 2))
            for light in (LIGHTS["flicker"], LIGHTS["clinic"])
        )
        return float(np.std(flickering / steady))

    assert bands(Exposure(1_500.0, 16.0)) > 0.05
    assert bands(Exposure(20_000.0, 1.2)) < 0.01


def test_gain_brings_noise() -> None:
    empty = Scene(room=1)

    def noise(exposure: Exposure) -> float:
        a, b = (render(empty, t, exposure).astype(float) for t in (0.0, 0.1))
        return float(np.std(a - b))

    assert noise(Exposure(2_500.0, 16.0)) > 2.0 * noise(Exposure(30_000.0, 16.0 / 12.0))


@pytest.mark.parametrize("wears", [Accessory.GLASSES, Accessory.DARK_GLASSES, Accessory.MASK])
def test_what_a_face_wears_is_seen(somebody: Person, wears: Accessory) -> None:
    plain = render(posed(somebody), 0.0, BRIGHT).astype(int)
    place = still(Pose())
    dressed = render(Scene((Visitor(somebody, place, STILL, frozenset({wears})),), room=2), 0.0, BRIGHT)
    changed = np.abs(plain - dressed).max(axis=2) > 30
    rows = np.flatnonzero(changed.any(axis=1))
    middle = 480 / 2
    assert changed.sum() > 150
    assert (rows.mean() > middle + 15) == (wears is Accessory.MASK), "a mask sits below the eyes, glasses on them"


def test_a_contact_sheet_shows_every_frame(somebody: Person) -> None:
    frames = still_frames(standing(somebody), [0.0, 0.5, 1.0], BRIGHT)
    sheet = contact_sheet(frames, columns=2, width=160, labels=("a", "b", "c"))
    assert sheet.shape == (2 * 124, 2 * 164, 3)
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([])
