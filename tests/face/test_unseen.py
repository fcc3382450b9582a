"""A picture without a face says why, where it can."""

from __future__ import annotations

import numpy as np
import pytest
from hw_sim.people.render import render
from hw_sim.people.scene import LIGHTS, Scene, still
from hw_sim.people.sensor import Exposure
from hypothesis import given
from hypothesis import strategies as st

from reader.face.image import Pixels
from reader.face.unseen import why_unseen
from reader.session.vocabulary import Guidance


def noisy(level: float, height: int = 480, width: int = 640) -> Pixels:
    noise = np.random.default_rng(3).normal(level, 3.0, (height, width, 3))
    return np.clip(noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("level", "told"),
    [(0, Guidance.TOO_DARK), (9, Guidance.TOO_DARK), (60, Guidance.FIND_FACE), (255, Guidance.DIRECT_LIGHT)],
)
def test_a_covered_lens_is_dark_and_a_lamp_into_it_is_direct_light(level: float, told: Guidance) -> None:
    assert why_unseen(noisy(level)) is told


@given(st.floats(0.2, 0.7), st.floats(25, 240))
def test_a_window_that_fills_half_of_the_picture_is_no_lamp_into_the_lens(share: float, level: float) -> None:
    picture = noisy(level)
    picture[:, : int(share * picture.shape[1])] = 255
    assert why_unseen(picture) is Guidance.FIND_FACE


@given(st.sampled_from([(16, 16), (17, 33), (2464, 3280)]), st.integers(0, 255))
def test_a_plain_picture_of_any_size_has_an_answer(size: tuple[int, int], level: int) -> None:
    told = why_unseen(np.full((*size, 3), level, np.uint8))
    assert told is (Guidance.TOO_DARK if level < 16 else Guidance.DIRECT_LIGHT if level > 247 else Guidance.FIND_FACE)


@pytest.mark.parametrize("light", sorted(set(LIGHTS) - {"dark", "sun"}))
def test_an_empty_waiting_room_asks_for_a_face(light: str) -> None:
    room = Scene((), still(LIGHTS[light]))
    assert why_unseen(render(room, 0.0, Exposure())) is Guidance.FIND_FACE
