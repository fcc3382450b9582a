"""The doctor tells a sunlit, blurred, greasy or flickering picture from a good one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from reader.devices.ports import Frame
from reader.doctor import picture
from reader.doctor.finding import Outcome


def room(seed: int = 1) -> NDArray[np.uint8]:
    """Return a picture with edges and with dark and bright parts, as any room has."""
    random = np.random.default_rng(seed)
    pixels = np.full((480, 640, 3), 110, np.uint8)
    for _ in range(40):
        x, y = int(random.integers(0, 560)), int(random.integers(0, 400))
        pixels[y : y + 70, x : x + 70] = random.integers(10, 235)
    return pixels


def frame(pixels: NDArray[np.uint8]) -> Frame:
    return Frame(np.ascontiguousarray(pixels), 0.0, 1)


def test_a_good_picture_is_good() -> None:
    for judge in (picture.light, picture.glare, picture.focus, picture.haze):
        assert judge(frame(room())).outcome is Outcome.OK, judge.__name__


def test_the_sun_in_the_lens_is_noticed() -> None:
    pixels = room()
    cv2.circle(pixels, (320, 120), 110, (255, 255, 255), -1)
    assert picture.glare(frame(pixels)).outcome is Outcome.WARN


def test_a_film_left_on_the_lens_is_noticed() -> None:
    blurred = np.asarray(cv2.GaussianBlur(room(), (0, 0), 14), np.uint8)
    assert picture.focus(frame(blurred)).outcome is Outcome.WARN


def test_a_greasy_lens_is_noticed() -> None:
    veiled = np.asarray(room() * 0.12 + 130, np.uint8)
    assert picture.haze(frame(veiled)).outcome is Outcome.WARN


@pytest.mark.parametrize(("depth", "outcome"), [(0.0, Outcome.OK), (0.15, Outcome.WARN)])
def test_lamps_that_beat_are_noticed(depth: float, outcome: Outcome) -> None:
    rows = np.arange(480)[:, None, None]
    frames = [
        frame(np.clip(room() * (1 + depth * np.sin(rows / 40 + phase)), 0, 255).astype(np.uint8)) for phase in range(8)
    ]
    assert picture.flicker(frames).outcome is outcome


def test_flicker_needs_several_frames() -> None:
    with pytest.raises(ValueError, match="at least four"):
        picture.flicker([frame(room())] * 3)
