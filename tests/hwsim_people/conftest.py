"""People for the tests: fetched once, from the cache ever after."""

from __future__ import annotations

import pytest
from hw_sim.people.person import Person, load_people
from hw_sim.people.portrait import default_models

from reader.face.detector import FaceDetector
from reader.face.landmarks import OnnxLandmarks
from reader.face.modelstore import ModelStore


@pytest.fixture(scope="session")
def people() -> tuple[Person, ...]:
    return load_people()


@pytest.fixture(scope="session")
def somebody(people: tuple[Person, ...]) -> Person:
    return people[1]


@pytest.fixture(scope="session")
def detector() -> FaceDetector:
    return FaceDetector(ModelStore(default_models()).session("face_detector"))


@pytest.fixture(scope="session")
def landmarks() -> OnnxLandmarks:
    return OnnxLandmarks(ModelStore(default_models()).session("face_landmarks"))
