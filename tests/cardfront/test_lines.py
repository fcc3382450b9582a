"""The security code is told by its place: last on its line, a whole serial number after the start of that line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import cv2
import numpy as np
import pytest
from hw_sim.cardfront.content import FrontContent, sample_content
from hw_sim.cardfront.prints import print_front
from numpy.typing import NDArray

from reader.cardfront.layout import CARD_PX, PX_PER_MM
from reader.cardfront.lines import Box, code_boxes
from reader.cardfront.scratch import Scratch

TODAY = date(2026, 11, 22)
SEEDS = range(24)  # all typefaces and all four grounds


def printed(content: FrontContent, seed: int) -> NDArray[np.uint8]:
    flat = cv2.resize(print_front(content, seed), CARD_PX, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY), np.uint8)


def boxes(card: NDArray[np.uint8]) -> list[Box]:
    with Scratch() as scratch:
        return code_boxes(card, scratch)


def worn_to(start: int, window: int, seed: int) -> FrontContent:
    """A front worn down to the first ``start`` characters and four more of the serial number; the code is gone."""
    content = sample_content(seed, TODAY)
    serial = "".join(c if k < start or window <= k < window + 4 else " " for k, c in enumerate("4096857231604829"))
    return replace(content, serial=serial, code="")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_code_is_found_whatever_security_lines_run_beside_it(seed: int) -> None:
    content = sample_content(seed, TODAY)
    grey = printed(content, seed)
    without = printed(replace(content, code=""), seed)
    rows, columns = np.nonzero(cv2.absdiff(grey, without) > 60)
    found = boxes(grey)
    assert len(found) == 1
    assert abs(found[0].x - columns.min()) < PX_PER_MM  # a millimetre: less than a digit is wide
    assert abs(found[0].x + found[0].width - columns.max()) < PX_PER_MM
    assert abs(found[0].y - rows.min()) < PX_PER_MM / 2


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("start", "window"), [(0, 0), (1, 4), (2, 8), (1, 12), (3, 12), (12, 12)])
def test_four_digits_left_of_the_serial_number_are_no_code(start: int, window: int, seed: int) -> None:
    assert boxes(printed(worn_to(start, window, seed), seed)) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_four_digits_that_more_print_follows_are_no_code(seed: int) -> None:
    grey = printed(sample_content(seed, TODAY), seed)
    code = boxes(grey)[0]
    right = code.x + code.width
    grey[code.y + code.height + 4 :, right:] = np.median(grey)  # the small print below would join what is pasted
    shift = code.width + round(2 * PX_PER_MM)
    rows = slice(code.y - 4, code.y + code.height + 4)
    grey[rows, code.x + shift - 4 : right + shift + 4] = grey[rows, code.x - 4 : right + 4]
    assert [box.x > right for box in boxes(grey)] == [True]
