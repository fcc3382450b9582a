"""Pixels and digits die where they were looked at."""

from __future__ import annotations

import logging
from datetime import date

import numpy as np
import pytest
from hw_sim.cardfront.content import sample_content
from hw_sim.cardfront.evaluate import RenderedCamera, RenderedFrame
from hw_sim.cardfront.render import Condition, front_frames

from reader.cardfront import look as looking
from reader.cardfront.reader import OcrCardFront
from reader.cardfront.recogniser import Recogniser, Words
from reader.cardfront.scratch import Scratch
from reader.face.modelstore import ModelStore
from reader.vault import overwrite

TODAY = date(2026, 11, 22)


class KeepingCamera(RenderedCamera):
    """Remembers what it handed over."""

    def __init__(self, seed: int, condition: Condition) -> None:
        super().__init__(front_frames(sample_content(seed, TODAY), seed, condition))
        self.kept: list[RenderedFrame] = []

    def capture(self, timeout_s: float) -> RenderedFrame:
        self.kept.append(super().capture(timeout_s))
        return self.kept[-1]


def test_scratch_overwrites_arrays_views_and_buffers() -> None:
    whole = np.full((8, 8), 9, np.uint8)
    numbers = np.ones(5, np.float32)
    text = bytearray("昭和".encode())
    with Scratch() as scratch:
        scratch.keep(whole[2:4])
        scratch.keep(numbers)
        scratch.keep_bytes(text)
    assert not whole[2:4].any()
    assert whole[:2].all()
    assert not numbers.any()
    assert not any(text)


def test_scratch_overwrites_after_an_error_too() -> None:
    array = np.ones(3)

    def fail() -> None:
        with Scratch() as scratch:
            scratch.keep(array)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not array.any()


def test_after_a_read_every_frame_and_every_intermediate_picture_is_black(
    models: ModelStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    scratches: list[list[object]] = []
    words: list[Words] = []

    class WatchedScratch(Scratch):
        def __init__(self) -> None:
            super().__init__()
            self.all: list[object] = []
            scratches.append(self.all)

        def keep(self, array):  # type: ignore[no-untyped-def]
            self.all.append(array)
            return super().keep(array)

    read = Recogniser.read

    def watched_read(self: Recogniser, line: object, scratch: Scratch) -> Words:
        words.append(read(self, line, scratch))  # type: ignore[arg-type]
        return words[-1]

    monkeypatch.setattr(looking, "Scratch", WatchedScratch)
    monkeypatch.setattr(Recogniser, "read", watched_read)
    camera = KeepingCamera(3, Condition.CLEAN)
    with caplog.at_level(logging.DEBUG):
        number = OcrCardFront(camera, models, TODAY, clock=camera.clock).read(1)

    assert len(camera.kept) == 2
    assert all(not frame.pixels.any() for frame in camera.kept)
    arrays = [array for held in scratches for array in held if isinstance(array, np.ndarray)]
    assert len(arrays) > 40
    assert all(not array.any() for array in arrays)
    assert len(words) >= 10
    assert all(not any(word.text) for word in words)
    spoken = caplog.text + "".join(capfd.readouterr())
    assert number.decode() not in spoken
    assert number.decode()[-4:] not in spoken
    overwrite(number)
    assert not any(number)


def test_nothing_that_is_shown_by_mistake_shows_a_digit() -> None:
    content = sample_content(3, TODAY)
    sight = looking.Sight(bytearray(b"55021720352285"), None, 0.9)
    words = Words(bytearray(content.code.encode()), 0.9)
    shown = repr(sight) + repr(words) + str(sight) + str(words)
    assert "5502" not in shown
    assert content.code not in shown
