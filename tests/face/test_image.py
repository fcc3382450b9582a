"""Bad pictures get an error that says what is wrong."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from reader.face.image import BadImage, as_rgb


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.zeros((0, 0), np.uint8), "0 x 0 pixels"),
        (np.zeros((1, 1), np.uint8), "1 x 1 pixels"),
        (np.zeros((9000, 40), np.uint8), "at most 8192"),
        (np.full((64, 64, 3), np.nan), "float64"),
        (np.zeros((64, 64), np.uint16), "uint16"),
        (np.zeros((5, 64, 64, 3), np.uint8), "5 frames"),
        (np.zeros((64, 64, 4), np.uint8), "4 channels"),
        (np.zeros(64, np.uint8), "this array has 1"),
    ],
    ids=["empty", "one pixel", "huge", "NaN", "16-bit", "animated", "alpha", "flat"],
)
def test_what_is_no_picture_is_refused(picture: NDArray[Any], says: str) -> None:
    with pytest.raises(BadImage, match=re.escape(says)):
        as_rgb(picture)


def test_what_is_no_array_is_refused() -> None:
    path: Any = "portrait.jpg"
    with pytest.raises(BadImage, match="not str"):
        as_rgb(path)


def test_grey_becomes_three_equal_channels() -> None:
    picture = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    assert (as_rgb(picture) == picture[:, :, None]).all()
    assert (as_rgb(picture[:, :, None]) == picture[:, :, None]).all()


def test_a_strided_view_becomes_contiguous() -> None:
    picture = np.zeros((64, 128, 3), np.uint8)[:, ::2]
    assert as_rgb(picture).flags.c_contiguous
