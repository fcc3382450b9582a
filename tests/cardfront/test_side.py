"""The back is told by layout alone: whatever lies over it, no character of it is ever read."""

from __future__ import annotations

from datetime import date

import cv2
import numpy as np
import pytest
from hw_sim.cardfront.content import impossible_number, sample_content
from hw_sim.cardfront.prints import print_back, print_front
from hw_sim.cardfront.render import BACKS, Condition, front_frames
from numpy.typing import NDArray

from reader.cardfront.layout import CARD_PX
from reader.cardfront.look import look
from reader.cardfront.recogniser import Recogniser, Words
from reader.cardfront.scratch import Scratch
from reader.cardfront.side import Side, count_finder_patterns, which_side
from reader.session.vocabulary import CardFrontProblem

TODAY = date(2026, 11, 22)


class MustNotRead(Recogniser):
    """Fails the test when asked to read."""

    def __init__(self) -> None:
        pass

    def read(self, line: NDArray[np.uint8], scratch: Scratch) -> Words:
        pytest.fail("a character of a back was about to be read")


def flat(card: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(card, CARD_PX, interpolation=cv2.INTER_AREA), np.uint8)


def side_of(card: NDArray[np.uint8]) -> Side:
    with Scratch() as scratch:
        return which_side(card, scratch)


@pytest.mark.parametrize("condition", sorted(BACKS))
@pytest.mark.parametrize("seed", range(6))
def test_no_back_is_ever_read(condition: Condition, seed: int) -> None:
    frame = next(front_frames(sample_content(seed, TODAY), seed, condition))
    sight = look(frame, MustNotRead(), TODAY)
    assert sight.number is None
    assert sight.problem is CardFrontProblem.BACK_SIDE


@pytest.mark.parametrize("seed", range(8))
def test_a_front_is_a_front_either_way_up(seed: int) -> None:
    front = flat(print_front(sample_content(seed, TODAY), seed))
    assert side_of(front.copy()) is Side.FRONT
    assert side_of(np.ascontiguousarray(front[::-1, ::-1])) is Side.FRONT_UPSIDE_DOWN


@pytest.mark.parametrize("sign", ["qr", "stripe", "contacts"])
def test_one_sign_of_a_back_is_enough(sign: str) -> None:
    """A front with that sign pasted over it counts as a back: in doubt nothing is read."""
    seed = next(s for s in range(20) if (print_back(s)[160, 100] < 80).all())  # one with a stripe
    front, back = print_front(sample_content(1, TODAY), 1).copy(), print_back(seed)
    if sign == "qr":
        front[640:980, 1320:1650] = back[640:980, 1320:1650]
    elif sign == "stripe":
        front[90:330] = back[90:330]
    else:
        front[:, :560] = front[:1, 600:601]
        front[380:600, 180:440] = back[380:600, 180:440]
    assert side_of(flat(front)) is Side.BACK


def test_a_blank_card_is_no_front() -> None:
    assert side_of(np.full((*CARD_PX[::-1], 3), 220, np.uint8)) is Side.UNSURE


@pytest.mark.parametrize("quarter_turns", range(4))
def test_finder_patterns_are_found_at_any_turn(quarter_turns: int) -> None:
    code = cv2.QRCodeEncoder.create().encode("specimen")
    side = 150
    picture = np.full((400, 400), 230, np.uint8)
    picture[100 : 100 + side, 120 : 120 + side] = cv2.resize(code, (side, side), interpolation=cv2.INTER_NEAREST)
    with Scratch() as scratch:
        assert count_finder_patterns(np.ascontiguousarray(np.rot90(picture, quarter_turns)), scratch) == 3


def test_print_is_no_finder_pattern() -> None:
    for seed in range(6):
        grey = cv2.cvtColor(flat(print_front(sample_content(seed, TODAY), seed)), cv2.COLOR_RGB2GRAY)
        with Scratch() as scratch:
            assert count_finder_patterns(np.asarray(grey, np.uint8), scratch) == 0


def test_the_specimens_number_can_be_nobodys() -> None:
    for seed in range(200):
        digits = [int(digit) for digit in impossible_number(seed)]
        weights = [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]
        remainder = sum(d * w for d, w in zip(digits[:11], weights, strict=True)) % 11
        assert digits[11] != (0 if remainder <= 1 else 11 - remainder)
