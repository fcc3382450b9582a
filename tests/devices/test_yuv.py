"""The camera's YUV memory becomes the picture it was made from, whatever the padding."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reader.devices.yuv import yuv_to_rgb

Layout = Literal["YUV420", "NV12"]


def memory_of(rgb: NDArray[np.uint8], layout: Layout, stride: int) -> NDArray[np.uint8]:
    """Return ``rgb`` as a camera would lay it out, with rows of ``stride`` bytes."""
    height, width, _ = rgb.shape
    planar = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420)
    y = planar[:height]
    u, v = (plane.reshape(height // 2, width // 2) for plane in np.split(planar[height:].ravel(), 2))
    memory = np.full((height * 3 // 2, stride), 77, np.uint8)
    memory[:height, :width] = y
    if layout == "NV12":
        memory[height:, 0:width:2], memory[height:, 1:width:2] = u, v
    else:
        chroma = np.full((height, stride // 2), 77, np.uint8)
        chroma[: height // 2, : width // 2], chroma[height // 2 :, : width // 2] = u, v
        memory[height:] = chroma.reshape(height // 2, stride)
    return memory


@given(
    colour=st.tuples(*[st.integers(16, 235)] * 3),
    width=st.sampled_from([32, 48, 66]),
    padding=st.sampled_from([0, 32, 64]),
    layout=st.sampled_from(["YUV420", "NV12"]),
)
def test_a_colour_survives(colour: tuple[int, int, int], width: int, padding: int, layout: Layout) -> None:
    rgb = np.empty((24, width, 3), np.uint8)
    rgb[:] = colour
    seen = yuv_to_rgb(memory_of(rgb, layout, width + padding), layout, width, 24)
    assert seen.shape == rgb.shape
    assert np.abs(seen.astype(int) - rgb.astype(int)).max() <= 4


@pytest.mark.parametrize("layout", ["YUV420", "NV12"])
def test_left_stays_left_and_red_stays_red(layout: Layout) -> None:
    rgb = np.zeros((24, 64, 3), np.uint8)
    rgb[:, :32, 0] = 200
    seen = yuv_to_rgb(memory_of(rgb, layout, 64), layout, 64, 24)
    assert seen[12, 4, 0] > 150 > seen[12, 60, 0]
    assert seen[12, 4, 2] < 60
    assert seen.flags.c_contiguous


@pytest.mark.parametrize("shape", [(35, 64), (36, 60)])
def test_memory_of_another_size_is_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="expected"):
        yuv_to_rgb(np.zeros(shape, np.uint8), "NV12", 64, 24)
