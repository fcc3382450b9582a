"""Persons and their card photographs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hw_sim.people.person import Person, evaluation_people, load_people, load_person
from hw_sim.people.sources import PhotosMissing
from numpy.typing import NDArray

from reader.face.image import Pixels


def test_three_people_bring_another_photograph_on_their_card_than_the_camera_meets(people: tuple[Person, ...]) -> None:
    for person in people:
        assert person.card_differs == (person.portraits[0] is not person.portraits[-1])
    assert sum(person.card_differs for person in people) >= 3


def test_the_card_photograph_is_grey_of_the_chips_size_with_the_face_in_the_middle(people: tuple[Person, ...]) -> None:
    for person in people:
        photo = person.ic_photo()
        assert photo.shape == (240, 192)
        assert photo.dtype == np.uint8
        assert photo[:12, :12].mean() > 180, "the background is plain and light"
        assert photo[60:200, 60:132].std() > 15, "a face has contrast"
        assert np.array_equal(photo, person.ic_photo())


def test_an_unknown_person_is_refused_with_the_known_ids() -> None:
    with pytest.raises(KeyError, match="p01"):
        load_person("p99")


def test_showcase_people_are_a_part_of_all(people: tuple[Person, ...]) -> None:
    shown = load_people(showcase=True)
    assert 0 < len(shown) < len(people)
    assert all(person.showcase for person in shown)


def test_missing_evaluation_data_is_named() -> None:
    with pytest.raises(PhotosMissing, match="KAOPI_DATA"):
        next(evaluation_people(Path("nowhere"), 1))


def turned(points: NDArray[np.float32], degrees: float) -> NDArray[np.float32]:
    yaw = np.radians(degrees)
    about = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]], np.float32)
    return points @ about.T


def grey(pixels: Pixels) -> Pixels:
    return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


def test_no_living_face_is_black_and_white_or_soft_or_always_turned_away(people: tuple[Person, ...]) -> None:
    live = people[0].live
    assert live.could_live
    assert not replace(live, pixels=grey(live.pixels)).could_live
    soft = np.asarray(cv2.GaussianBlur(live.pixels, (0, 0), 0.08 * live.eyes_px), np.uint8)
    assert not replace(live, pixels=soft).could_live
    assert not replace(live, points=turned(live.points, 25.0)).could_live


def test_of_evaluation_data_the_camera_meets_who_could_live_and_nobody_else_comes(
    people: tuple[Person, ...], tmp_path: Path
) -> None:
    pixels = people[0].live.pixels
    pictures = {"a": (grey(pixels), pixels), "b": (grey(pixels), grey(pixels)), "c": (pixels, grey(pixels))}
    for name, both in pictures.items():
        (tmp_path / name).mkdir()
        for number, picture in enumerate(both):
            cv2.imwrite(str(tmp_path / name / f"{number}.jpg"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    come = list(evaluation_people(tmp_path, 9))
    assert [person.id for person in come] == ["e001", "e002"]
    for person in come:
        assert person.live.could_live
        assert not person.portraits[-1].could_live
