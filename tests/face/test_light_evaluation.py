"""Truth about light is what it costs; every frame in bad light must be refused, none in fine light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reader.face.engine import FaceEngine
from reader.face.evaluation import light as lights
from reader.face.evaluation.light import GOOD, Judged, half_of, summarise
from reader.face.geometry import Points
from reader.face.guidance import LIGHT_REASONS, light_reason, severity
from reader.face.light import LightReading, read_light
from reader.session.vocabulary import Guidance

Picture = NDArray[np.uint8]
FINE = LightReading(face=0.46, background=1.2, left_right=0.1, clipped=0.0, sharpness=0.5)
shares = st.floats(0.0, 1.0)
readings = st.builds(
    LightReading, face=shares, background=st.floats(0.0, 500.0), left_right=shares, clipped=shares, sharpness=shares
)


def judged(light: str, lost: int, refused: int, of: int = 100) -> list[Judged]:
    """``of`` frames of one light, so many people lost in it and so many frames refused."""
    return [
        Judged(0, light, 1.0, number < lost, Guidance.TOO_DARK if number < refused else None, 2.0 * (number < refused))
        for number in range(of)
    ]


def good(of: int = 100) -> list[Judged]:
    return [replace(one, light=GOOD, strength=0.0) for one in judged(GOOD, 0, 0, of)]


def test_light_that_loses_people_must_be_refused() -> None:
    report = summarise([*good(), *judged("dim", lost=60, refused=97)])
    assert report.false_ok.errors == 3
    assert report.false_ok.trials == 100
    assert report.false_refuse.trials == 100


def test_light_that_loses_nobody_must_not_be_refused() -> None:
    report = summarise([*good(), *judged("dim", lost=1, refused=5)])
    assert report.false_refuse.errors == 5
    assert report.false_refuse.trials == 200
    assert report.false_ok.trials == 0


def test_light_between_fine_and_bad_is_shown_but_not_counted() -> None:
    report = summarise([*good(), *judged("dim", lost=25, refused=50)])
    assert [one.fine for one in report.grades] == [None, True]
    assert (report.false_ok.trials, report.false_refuse.trials) == (0, 100)


def test_truth_is_everybodys_and_rates_are_one_halfs() -> None:
    ones = [replace(one, half=number % 2) for number, one in enumerate(judged("dim", lost=60, refused=90))]
    report = summarise([*good(), *ones], half=1)
    assert [one.fine for one in report.grades] == [False, True]
    assert (report.false_ok.errors, report.false_ok.trials) == (5, 50)


def test_a_light_that_few_pictures_show_is_not_counted() -> None:
    assert summarise([*good(), *judged("dim", lost=5, refused=0, of=5)]).false_ok.trials == 0


def test_a_face_that_is_not_found_any_more_counts_as_refused() -> None:
    ones = [replace(one, reason=Guidance.FIND_FACE) for one in judged("dim", lost=100, refused=0)]
    assert summarise([*good(), *ones]).false_ok.errors == 0


def test_the_same_person_is_always_in_the_same_half() -> None:
    halves = [half_of(f"S{number:02}") for number in range(200)]
    assert halves == [half_of(f"S{number:02}") for number in range(200)]
    assert 70 < sum(halves) < 130


@given(readings)
def test_a_reason_is_given_exactly_where_a_limit_is_crossed(reading: LightReading) -> None:
    assert (light_reason(reading) in LIGHT_REASONS) == (severity(reading) > 1.0)


@given(readings, st.floats(0.0, 0.5))
def test_a_darker_face_is_never_better_light(reading: LightReading, darker: float) -> None:
    assert severity(replace(reading, face=reading.face * (1 - darker))) >= severity(reading)


@pytest.mark.parametrize(
    ("alter", "worse"),
    [
        (lights.dim, lambda before, after: after.face < 0.7 * before.face),
        (lights.back, lambda before, after: after.background > 2.0 * before.background),
        (lights.side, lambda before, after: after.left_right > before.left_right + 0.2),
        (lights.direct, lambda before, after: after.clipped > before.clipped + 0.05),
    ],
    ids=["dim", "back", "side", "direct"],
)
def test_each_alteration_changes_what_it_is_named_after(
    engine: FaceEngine,
    portraits: dict[str, Picture],
    alter: Callable[[Picture, Points, float], Picture],
    worse: Callable[[LightReading, LightReading], bool],
) -> None:
    picture = portraits["person_b_2"]
    mesh = engine.refined(picture, engine.detector.find(picture)[0])
    altered = engine.landmarks.find(alter(picture, mesh.points, 2.5), mesh.region)
    assert worse(read_light(mesh.crop, mesh.crop_points), read_light(altered.crop, altered.crop_points))


def test_a_person_is_lost_in_the_dark_and_not_in_good_light(engine: FaceEngine, portraits: dict[str, Picture]) -> None:
    picture = portraits["person_b_2"]
    mesh = engine.refined(picture, engine.detector.find(picture)[0])
    portrait = engine.embed(picture, mesh.points)
    assert not lights.is_lost(engine, picture, mesh, portrait)
    dark = lights.dim(picture, mesh.points, 8.0)
    assert lights.is_lost(engine, dark, engine.landmarks.find(dark, mesh.region), portrait)
