"""What counts as an image here, and clear refusals for what does not."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

SMALLEST = 32  # below this no face can hold the detail that any stage needs
LARGEST = 8192


class BadImage(ValueError):
    """The array is not a usable picture; the message says what is wrong and what is expected."""


def as_rgb(image: NDArray[Any]) -> Pixels:
    """Return uint8 RGB (H, W, 3), C-contiguous, from grey (H, W) or (H, W, 1), or RGB (H, W, 3).

    No conversion of depth is guessed: a 16-bit or float picture is refused, because scaling it wrongly would look
    like bad light. The result shares memory with ``image`` where it already has the right form. Raises BadImage.
    """
    if not isinstance(image, np.ndarray):
        raise BadImage(f"a picture must be a numpy array, not {type(image).__name__}")
    if image.dtype != np.uint8:
        raise BadImage(f"a picture must have 8 bits per sample (uint8), this one is {image.dtype}: convert it first")
    if image.ndim == 4:
        raise BadImage(f"this picture has {image.shape[0]} frames (shape {image.shape}): pass one frame at a time")
    if image.ndim not in (2, 3):
        raise BadImage(f"a picture has two or three dimensions, this array has {image.ndim}")
    height, width = image.shape[:2]
    if height < SMALLEST or width < SMALLEST:
        raise BadImage(f"the picture is {width} x {height} pixels, at least {SMALLEST} x {SMALLEST} are needed")
    if height > LARGEST or width > LARGEST:
        raise BadImage(f"the picture is {width} x {height} pixels, at most {LARGEST} x {LARGEST} are accepted")
    if image.ndim == 2 or image.shape[2] == 1:
        return np.ascontiguousarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    if image.shape[2] != 3:
        raise BadImage(f"a picture is grey or RGB, this one has {image.shape[2]} channels: drop alpha first")
    return np.ascontiguousarray(image)
