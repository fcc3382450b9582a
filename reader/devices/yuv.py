"""Turns the camera's YUV 4:2:0 memory into the RGB that the rest of kaopi sees."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

YuvFormat = Literal["YUV420", "NV12"]
_CODES = {"YUV420": cv2.COLOR_YUV2RGB_I420, "NV12": cv2.COLOR_YUV2RGB_NV12}


def yuv_to_rgb(memory: NDArray[Any], layout: YuvFormat, width: int, height: int) -> NDArray[np.uint8]:
    """Return RGB (height, width, 3) of a 4:2:0 picture.

    memory: uint8, ``height * 3 / 2`` rows of ``stride`` ≥ width bytes, planar (YUV420, I420 order) or with
    interleaved chroma (NV12); columns beyond ``width`` are padding and are cut away. BT.601, video range, as
    libcamera delivers it. Raises ValueError when the memory has another shape.
    """
    rows = height * 3 // 2
    if memory.ndim != 2 or memory.shape[0] < rows or memory.shape[1] < width or memory.dtype != np.uint8:
        raise ValueError(f"{layout} memory is {memory.shape} {memory.dtype}, expected ({rows}, ≥{width}) uint8")
    rgb: NDArray[np.uint8] = np.asarray(cv2.cvtColor(np.ascontiguousarray(memory[:rows]), _CODES[layout]), np.uint8)
    return np.ascontiguousarray(rgb[:height, :width])
