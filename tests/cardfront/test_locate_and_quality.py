"""Finding the card, laying it flat, and seeing why it cannot be read."""

from __future__ import annotations

from datetime import date

import cv2
import numpy as np
import pytest
from hw_sim.cardfront.content import sample_content
from hw_sim.cardfront.render import Condition, front_frames
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reader.cardfront.layout import CARD_MM, CARD_PX
from reader.cardfront.locate import find_card, flatten
from reader.cardfront.look import LEAST_SHARPNESS, POCKET_SIDES
from reader.cardfront.quality import Quality, measure
from reader.cardfront.scratch import Scratch

TODAY = date(2026, 11, 22)


def card_on_bed(
    centre: tuple[float, float], across: float, turn_deg: float, light: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A plain card with round corners on a dark bed; returns the frame and its true corners."""
    radius = 3.18 / CARD_MM[0] * across
    half = np.array([across / 2, across / 2 * CARD_MM[1] / CARD_MM[0]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    turn = np.deg2rad(turn_deg)
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    true = (corners @ spin + np.array(centre)).astype(np.float32)
    inner = ((corners - np.sign(corners) * radius) @ spin + np.array(centre)) * 8
    mask = np.zeros((720, 1280), np.uint8)
    cv2.fillConvexPoly(mask, inner.astype(np.int32), 255, cv2.LINE_AA, 3)
    grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(radius) + 1,) * 2))
    frame = np.full((720, 1280, 3), 30, np.uint8)
    frame[np.asarray(grown) > 127] = light
    return frame, true


@settings(max_examples=40, deadline=None)
@given(st.integers(600, 680), st.integers(345, 375), st.integers(760, 930), st.integers(-50, 50), st.integers(110, 250))
def test_the_corners_are_found_to_a_third_of_a_millimetre(x: int, y: int, across: int, tenths: int, light: int) -> None:
    frame, true = card_on_bed((x, y), across, tenths / 10, light)
    with Scratch() as scratch:
        found = find_card(frame, scratch)
        assert found is not None
        apart = np.hypot(*(found.corners - true).T)
    assert apart.max() < 0.33 / CARD_MM[0] * across


@pytest.mark.parametrize("shape", ["square", "small", "nothing", "note"])
def test_what_is_not_a_card_is_not_found(shape: str) -> None:
    frame = np.full((720, 1280, 3), 30, np.uint8)
    if shape == "square":
        frame[100:600, 300:800] = 220
    elif shape == "small":
        frame[300:400, 500:659] = 220
    elif shape == "note":
        frame[300:450, 100:1100] = 220
    with Scratch() as scratch:
        assert find_card(frame, scratch) is None


def test_laying_flat_undoes_the_turn() -> None:
    frame, true = card_on_bed((640, 360), 900, 4, 200)
    with Scratch() as scratch:
        card = flatten(frame, true, scratch)
        assert card.shape == (CARD_PX[1], CARD_PX[0], 3)
        assert (card[60:-60, 60:-60] == 200).all()


def test_upside_down_is_turned_back() -> None:
    frame, true = card_on_bed((640, 360), 900, 0, 200)
    frame[100:200, 250:400] = 60
    with Scratch() as scratch:
        upright = flatten(frame, true, scratch).copy()
        over = flatten(frame, true, scratch, upside_down=True)
        assert np.mean(np.abs(upright.astype(int) - over[::-1, ::-1].astype(int))) < 2


def quality_of(seed: int, condition: Condition) -> Quality:
    frame = next(front_frames(sample_content(seed, TODAY), seed, condition))
    with Scratch() as scratch:
        located = find_card(frame, scratch)
        assert located is not None
        return measure(frame, located.corners, flatten(frame, located.corners, scratch), scratch)


BARE = [
    c
    for c in Condition
    if c in (Condition.CLEAN, Condition.DIM, Condition.GRADIENT, Condition.SOFT_FOCUS, Condition.WORN)
]


@pytest.mark.parametrize("condition", BARE)
@pytest.mark.parametrize("seed", range(5))
def test_a_bare_card_is_not_taken_for_one_in_a_sleeve_nor_blurred(condition: Condition, seed: int) -> None:
    quality = quality_of(seed, condition)
    assert quality.pocket_sides < POCKET_SIDES
    assert quality.sharpness > LEAST_SHARPNESS


@pytest.mark.parametrize("condition", [Condition.SLEEVE, Condition.SLEEVE_THIN])
@pytest.mark.parametrize("seed", range(5))
def test_a_sleeve_shows_by_its_margin(condition: Condition, seed: int) -> None:
    assert quality_of(seed, condition).pocket_sides >= POCKET_SIDES


@pytest.mark.parametrize("condition", [Condition.HEAVY_BLUR, Condition.MOTION])
@pytest.mark.parametrize("seed", range(5))
def test_blur_shows_by_soft_print(condition: Condition, seed: int) -> None:
    assert quality_of(seed, condition).sharpness < LEAST_SHARPNESS
