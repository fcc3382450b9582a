"""When a number is given out: two exposures, one answer. Everything else is a problem with a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reader.cardfront import reader as module
from reader.cardfront.look import SAMPLINGS, Sight
from reader.cardfront.port import CardFrontUnreadable
from reader.cardfront.reader import OcrCardFront, SlotCameraGone
from reader.session.vocabulary import CardFrontProblem

A, B = b"55021720352285", b"55021720352286"
TODAY = date(2026, 11, 22)
STEP_S = 0.1


@dataclass(frozen=True)
class Picture:
    pixels: NDArray[np.uint8]
    number: int


class ScriptedCamera:
    """One grey frame per capture; ``numbers`` of the exposures, then silence, or ``end`` raised."""

    def __init__(self, numbers: list[int], end: Exception | None = None) -> None:
        self._numbers = iter(numbers)
        self._end = end
        self.taken: list[Picture] = []
        self.stopped = False
        self.now = 0.0

    def capture(self, timeout_s: float) -> Picture:
        self.now += STEP_S
        number = next(self._numbers, None)
        if number is None:
            raise self._end or TimeoutError
        self.taken.append(Picture(np.full((4, 4, 3), 200, np.uint8), number))
        return self.taken[-1]

    def stop(self) -> None:
        self.stopped = True


class NoRecogniser:
    def __init__(self, session: object) -> None:
        pass


class NoModels:
    def session(self, name: str) -> Any:
        return None


Reading = Callable[[ScriptedCamera, list[Sight]], OcrCardFront]


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    """A reader whose looks are scripted."""

    def make(camera: ScriptedCamera, sights: list[Sight]) -> OcrCardFront:
        script: Iterator[Sight] = iter(sights)
        monkeypatch.setattr(module, "Recogniser", NoRecogniser)
        monkeypatch.setattr(module, "look", lambda *args, **kwargs: next(script))
        return OcrCardFront(camera, NoModels(), TODAY, clock=lambda: camera.now)

    return make


def says(number: bytes) -> Sight:
    return Sight(bytearray(number), None, 0.99)


def problem(kind: CardFrontProblem) -> Sight:
    return Sight(None, kind)


def test_two_exposures_that_agree_give_the_number(reading: Reading) -> None:
    assert reading(ScriptedCamera([1, 2]), [says(A), says(A)]).read(5) == A


def test_an_unreadable_frame_between_them_does_no_harm(reading: Reading) -> None:
    sights = [says(A), problem(CardFrontProblem.UNREADABLE), says(A)]
    assert reading(ScriptedCamera([1, 2, 3]), sights).read(5) == A


def test_two_that_differ_end_the_read_without_a_vote(reading: Reading) -> None:
    camera = ScriptedCamera([1, 2, 3])
    with pytest.raises(CardFrontUnreadable) as refusal:
        reading(camera, [says(A), says(B), says(A)]).read(5)
    assert refusal.value.problem is CardFrontProblem.UNREADABLE
    assert len(camera.taken) == 2


@given(st.lists(st.booleans(), max_size=14))
def test_the_readings_that_agree_sampled_the_card_differently(sure: list[bool]) -> None:
    """``sure``: at which exposures the card is read; at the others the print was too doubtful."""
    camera = ScriptedCamera(list(range(len(sure))))
    turns: list[int] = []

    def looked(*args: object, turn: int, **kwargs: object) -> Sight:
        turns.append(turn)
        return says(A) if sure[len(turns) - 1] else problem(CardFrontProblem.UNREADABLE)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "Recogniser", NoRecogniser)
        patch.setattr(module, "look", looked)
        front = OcrCardFront(camera, NoModels(), TODAY, clock=lambda: camera.now)
        if sum(sure) < 2:
            with pytest.raises(CardFrontUnreadable):
                front.read(60)
            return
        assert front.read(60) == A
    first, second = (turn for turn, read in zip(turns, sure, strict=False) if read)
    assert first % SAMPLINGS != second % SAMPLINGS


def test_one_reading_alone_is_never_enough(reading: Reading) -> None:
    with pytest.raises(CardFrontUnreadable):
        reading(ScriptedCamera([1]), [says(A)]).read(5)


def test_the_same_exposure_twice_is_one_reading(reading: Reading) -> None:
    with pytest.raises(CardFrontUnreadable):
        reading(ScriptedCamera([7, 7, 7]), [says(A), says(A), says(A)]).read(5)


@pytest.mark.parametrize("kind", [CardFrontProblem.BACK_SIDE, CardFrontProblem.SLEEVE])
def test_a_back_or_a_sleeve_is_told_after_three_frames_not_at_the_end(reading: Reading, kind: CardFrontProblem) -> None:
    camera = ScriptedCamera(list(range(60)))
    with pytest.raises(CardFrontUnreadable) as refusal:
        reading(camera, [problem(kind)] * 60).read(5)
    assert refusal.value.problem is kind
    assert len(camera.taken) == 3


def test_a_card_still_sliding_in_is_waited_for(reading: Reading) -> None:
    moving = [problem(CardFrontProblem.NO_CARD_SEEN)] * 5 + [problem(CardFrontProblem.BLUR)] * 5
    assert reading(ScriptedCamera(list(range(12))), [*moving, says(A), says(A)]).read(5) == A


def test_at_the_end_the_patient_hears_what_was_seen_most(reading: Reading) -> None:
    sights = [problem(CardFrontProblem.NO_CARD_SEEN)] + [problem(CardFrontProblem.BLUR)] * 2
    with pytest.raises(CardFrontUnreadable) as refusal:
        reading(ScriptedCamera([1, 2, 3]), sights).read(5)
    assert refusal.value.problem is CardFrontProblem.BLUR


def test_a_silent_camera_has_seen_no_card(reading: Reading) -> None:
    with pytest.raises(CardFrontUnreadable) as refusal:
        reading(ScriptedCamera([]), []).read(5)
    assert refusal.value.problem is CardFrontProblem.NO_CARD_SEEN


def test_a_camera_that_went_is_missing(reading: Reading) -> None:
    with pytest.raises(CardFrontUnreadable) as refusal:
        reading(ScriptedCamera([1], SlotCameraGone("unplugged")), [says(A)]).read(5)
    assert refusal.value.problem is CardFrontProblem.CAMERA_MISSING


def test_time_is_kept(reading: Reading) -> None:
    camera = ScriptedCamera(list(range(1000)))
    with pytest.raises(CardFrontUnreadable):
        reading(camera, [problem(CardFrontProblem.UNREADABLE)] * 1000).read(2.0)
    assert camera.now <= 2.0 + STEP_S


@given(st.lists(st.sampled_from(["A", "B", *CardFrontProblem]), max_size=12))
def test_whatever_is_seen_only_two_equal_readings_and_no_other_give_a_number(script: list[str]) -> None:
    camera = ScriptedCamera(list(range(len(script))))
    sights = [says(A) if s == "A" else says(B) if s == "B" else problem(CardFrontProblem(s)) for s in script]
    kept = [sight.number for sight in sights if sight.number is not None]
    with pytest.MonkeyPatch.context() as patch:
        turns = iter(sights)
        patch.setattr(module, "Recogniser", NoRecogniser)
        patch.setattr(module, "look", lambda *args, **kwargs: next(turns))
        front = OcrCardFront(camera, NoModels(), TODAY, clock=lambda: camera.now)
        try:
            number = front.read(60)
        except CardFrontUnreadable:
            assert all(not any(buffer) for buffer in kept[:2]) or len(kept) < 2 or camera_stopped_early(camera, script)
        else:
            said = [s for s in script[: len(camera.taken)] if s in ("A", "B")]
            assert said == ["A", "A"] or said == ["B", "B"]
            assert number == (A if said[0] == "A" else B)
    assert all(not picture.pixels.any() for picture in camera.taken)


def camera_stopped_early(camera: ScriptedCamera, script: list[str]) -> bool:
    """The read ended on a back or a sleeve before the readings came."""
    return len(camera.taken) < len(script)


def test_close_lets_go_of_the_camera(reading: Reading) -> None:
    camera = ScriptedCamera([])
    reading(camera, []).close()
    assert camera.stopped
