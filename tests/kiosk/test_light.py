"""The light loop around a camera that has a loop of its own: it comes to rest, does not overshoot and never flashes."""

from __future__ import annotations

import itertools
import math

from hypothesis import example, given
from hypothesis import strategies as st

from reader.devices.ports import LightRequest
from reader.kiosk.light import BACK_LIGHT, SETTLE_S, TARGET, LightLoop

BOX = (0.3, 0.3, 0.3, 0.3)
FPS = 15.0


class Room:
    """A face in some light before a camera with automatic exposure, which ends somewhere, and a fill light.

    dark: stops by which the face is too dark for the camera's longest exposure. window: stops by which the room is
    brighter than the face. Light is counted in stops from mid grey.
    """

    def __init__(self, dark: float, window: float) -> None:
        self._dark, self._window = dark, window
        self._request = LightRequest()
        self._exposure = 0.0

    def frame(self) -> tuple[float, float]:
        """Return the face's luminance (sRGB) and the background's ratio; the camera takes its next step."""
        lamp = math.log2(1 + 4 * self._request.fill)
        face = self._exposure - self._dark + lamp
        metered = face if self._request.region else face + self._window
        self._exposure = min(0.0, self._exposure + 0.55 * (self._request.ev - metered))
        return min(1.0, TARGET * 2 ** (face / 2.2)), 2.0**self._window

    def adjust(self, request: LightRequest) -> None:
        """Take a wish."""
        self._request = request


def watch(room: Room, seconds: float) -> tuple[list[float], list[LightRequest]]:
    loop, seen, asked = LightLoop(), [], []
    for number in range(int(seconds * FPS)):
        luminance, background = room.frame()
        seen.append(luminance)
        request = loop.answer(BOX, luminance, background, number / FPS)
        if request is not None:
            asked.append(request)
            room.adjust(request)
    return seen, asked


def test_no_face_asks_for_nothing() -> None:
    loop = LightLoop()
    assert loop.answer(None, 0.3, 1.0, 0.0) is None
    assert loop.answer(BOX, 0.0, 1.0, 0.0) is None


def test_the_camera_first_meters_on_the_face_and_is_given_time() -> None:
    loop = LightLoop()
    assert loop.answer(BOX, 0.2, 4.0, 10.0) == LightRequest(region=BOX)
    assert loop.answer(BOX, 0.2, 4.0, 10.0 + 0.9 * SETTLE_S) is None
    later = loop.answer(BOX, 0.2, 4.0, 10.0 + 1.1 * SETTLE_S)
    assert later is not None
    assert later.ev > 0
    assert later.fill > 0


def test_a_well_lit_face_is_left_alone() -> None:
    loop = LightLoop()
    loop.answer(BOX, TARGET, 1.0, 0.0)
    assert all(loop.answer(BOX, TARGET, 1.0, 1.0 + second) is None for second in range(10))


def test_exposure_comes_before_the_lamp() -> None:
    loop = LightLoop()
    loop.answer(BOX, 0.38, 1.0, 0.0)
    a_little = loop.answer(BOX, 0.38, 1.0, 1.0)
    assert a_little is not None
    assert (a_little.fill, a_little.ev > 0) == (0.0, True)


def test_the_next_patient_begins_anew() -> None:
    loop = LightLoop()
    loop.answer(BOX, 0.1, 4.0, 0.0)
    loop.answer(BOX, 0.1, 4.0, 1.0)
    assert loop.reset() == LightRequest()
    assert loop.answer(BOX, 0.2, 4.0, 1.01) == LightRequest(region=BOX)


def test_what_the_camera_cannot_give_is_not_asked_for_on_and_on() -> None:
    loop = LightLoop()
    loop.answer(BOX, 0.26, 1.0, 0.0)
    first = loop.answer(BOX, 0.26, 1.0, 1.0)
    without_effect = loop.answer(BOX, 0.26, 1.0, 2.0)
    assert first is not None
    assert without_effect is not None
    assert (first.ev > 0, first.fill) == (True, 0.0)
    assert (without_effect.ev, without_effect.fill > 0) == (0.0, True)


@example(1.75, 0.0)  # at its longest exposure, and lit half a step too far by the lamp
@given(st.floats(-4.0, 3.0), st.floats(-1.0, 3.0))
def test_it_comes_to_rest_and_never_flashes(dark: float, window: float) -> None:
    seen, asked = watch(Room(dark, window), 8.0)
    assert max(seen[-30:]) - min(seen[-30:]) < 0.02, "the last two seconds are still"
    fills = [0.0, *(request.fill for request in asked)]
    turns = [b - a for a, b in itertools.pairwise(fills) if a != b]
    assert all(turn > 0 for turn in turns), "in light that stays the same the lamp only goes up"


@given(st.floats(-4.0, 0.0), st.floats(-1.0, math.log2(BACK_LIGHT)))
def test_where_the_camera_can_do_it_alone_it_is_soon_right_and_stays_so(dark: float, window: float) -> None:
    seen, _ = watch(Room(dark, window), 3.0)
    assert all(abs(luminance - TARGET) < 0.04 for luminance in seen[int(FPS) :])
