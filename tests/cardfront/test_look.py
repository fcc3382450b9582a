"""One look answers whatever lies in the slot, and never with a number it cannot stand for."""

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

from reader.cardfront.look import look
from reader.cardfront.recogniser import Recogniser, Words
from reader.cardfront.scratch import Scratch
from reader.session.vocabulary import CardFrontProblem

TODAY = date(2026, 11, 22)


class Says(Recogniser):
    """Answers every line alike, or in turn."""

    def __init__(self, *texts: str, confidence: float = 0.99) -> None:
        self.texts = list(texts)
        self.confidence = confidence
        self.asked = 0

    def read(self, line: NDArray[np.uint8], scratch: Scratch) -> Words:
        text = self.texts[min(self.asked, len(self.texts) - 1)]
        self.asked += 1
        return Words(scratch.keep_bytes(bytearray(text.encode())), self.confidence)


def front(seed: int = 5) -> NDArray[np.uint8]:
    return next(front_frames(sample_content(seed, TODAY), seed, Condition.CLEAN))


BIRTH, EXPIRY, CODE = "昭和55年2月17日生", "2035年2月17日まで有効", "2285"


def test_three_fields_that_fit_make_a_number() -> None:
    sight = look(front(), Says(BIRTH, EXPIRY, CODE), TODAY)
    assert sight.number == bytearray(b"55021720352285")


@pytest.mark.parametrize(
    "texts",
    [
        (BIRTH, EXPIRY, "2285", "2285", "2286"),  # one margin sees another code
        (BIRTH, EXPIRY, "228"),
        (BIRTH, BIRTH, EXPIRY, CODE),  # two births: which one?
        (EXPIRY, EXPIRY, BIRTH, CODE),
        (BIRTH, "2035年2月18日まで有効", CODE),  # not on a birthday
        (BIRTH, "2025年2月17日まで有効", CODE),  # expired
        (BIRTH, "2046年2月17日まで有効", CODE),  # no card lasts that long
        ("見本", "見本", CODE),
    ],
)
def test_what_does_not_fit_is_unreadable(texts: tuple[str, ...]) -> None:
    sight = look(front(), Says(*texts), TODAY)
    assert sight.number is None
    assert sight.problem is CardFrontProblem.UNREADABLE


def test_a_doubtful_character_is_unreadable() -> None:
    assert look(front(), Says(BIRTH, EXPIRY, CODE, confidence=0.89), TODAY).number is None


def test_twelve_digits_end_the_look_at_once() -> None:
    recogniser = Says("123456789012")
    assert look(front(), recogniser, TODAY).problem is CardFrontProblem.BACK_SIDE
    assert recogniser.asked == 1


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31),
    st.sampled_from([(1280, 720), (640, 480), (1920, 1080), (720, 1280)]),
    st.integers(0, 4),
    st.booleans(),
)
def test_whatever_lies_in_the_slot_it_answers(seed: int, size: tuple[int, int], shapes: int, noisy: bool) -> None:
    rng = np.random.default_rng(seed)
    frame = np.full((size[1], size[0], 3), int(rng.integers(0, 256)), np.uint8)
    for _ in range(shapes):
        corners = (rng.uniform(-0.2, 1.2, (int(rng.integers(3, 6)), 2)) * size).astype(np.int32)
        cv2.fillPoly(frame, [corners], [int(v) for v in rng.integers(0, 256, 3)])
    if noisy:
        frame = np.asarray(np.clip(frame + rng.normal(0, 40, frame.shape), 0, 255), np.uint8)
    sight = look(frame, Says(BIRTH, EXPIRY, CODE), TODAY)
    assert (sight.number is None) != (sight.problem is None)
    assert sight.number is None or sight.number == bytearray(b"55021720352285")
