"""Persons and their card photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hw_sim.people.person import Person, evaluation_people, load_people, load_person
from hw_sim.people.sources import PhotosMissing


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
