"""What a chip's portrait and a frame of the camera go through before the comparison."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from reader.face.embedder import align, sharpen
from reader.face.engine import FaceEngine
from reader.face.evaluation.cardphoto import as_card_photo
from reader.face.image import Pixels, as_rgb

Portraits = dict[str, NDArray[np.uint8]]


def detail(picture: Pixels) -> float:
    return float(np.abs(cv2.Laplacian(picture.astype(np.float32), cv2.CV_32F)).mean())


def test_detail_that_compression_weakened_is_strengthened(engine: FaceEngine, portraits: Portraits) -> None:
    rgb = portraits["person_a_1"]
    points = engine.refined(rgb, engine.detector.find(rgb)[0]).points
    generous, small = (as_rgb(as_card_photo(rgb, points, size=size)) for size in (32_000, 1_500))
    before = detail(small)
    sharpen(small, 160)
    assert before < detail(generous)
    assert detail(small) > 1.2 * before


@pytest.mark.parametrize("width", [160, 240])
def test_how_far_a_portrait_is_sharpened_goes_with_its_size(width: int) -> None:
    high = width * 5 // 4
    portrait = np.full((high, width, 3), 90, np.uint8)
    portrait[:, width // 2 :] = 150
    sharpen(portrait, width)
    row = portrait[high // 2, :, 0].astype(int)
    changed = np.flatnonzero((row != 90) & (row != 150))
    assert (changed.max() - changed.min() + 1) / width == pytest.approx(0.045, abs=0.015)
    assert row.min() < 90
    assert row.max() > 150


def test_an_even_portrait_stays_as_it_is() -> None:
    even = np.full((200, 160, 3), 117, np.uint8)
    sharpen(even, 160)
    assert np.unique(even).tolist() == [117]


def test_frames_are_not_sharpened_and_portraits_are(
    engine: FaceEngine, portraits: Portraits, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Pixels] = []

    class Looking:
        def embed(self, aligned: Pixels) -> NDArray[np.float32]:
            seen.append(aligned.copy())
            return np.full(4, 0.5, np.float32)

    monkeypatch.setattr(engine, "embedder", Looking())
    grey = as_rgb(cv2.cvtColor(portraits["person_b_1"], cv2.COLOR_RGB2GRAY))
    points = engine.refined(grey, engine.detector.find(grey)[0]).points
    engine.embed(grey, points)
    engine.embed_photo(grey)
    frame, portrait = seen
    assert np.array_equal(frame, align(grey, points))
    assert detail(portrait) > 1.1 * detail(frame)
