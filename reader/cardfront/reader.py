"""``CardFrontReader`` by optical character recognition: two looks must agree, or the patient is asked to help."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import date
from time import monotonic
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from reader.cardfront.look import SAMPLINGS, Sight, look
from reader.cardfront.port import CardFrontUnreadable
from reader.cardfront.recogniser import Recogniser
from reader.session.vocabulary import CardFrontProblem
from reader.vault import overwrite

MODEL = "card_front_recogniser"
_SURE_PROBLEMS = frozenset({CardFrontProblem.BACK_SIDE, CardFrontProblem.SLEEVE})
_FRAMES_TO_BE_SURE = 3
# What to tell the patient when several things were seen: the most useful first.
_TELL_FIRST = (
    CardFrontProblem.BACK_SIDE,
    CardFrontProblem.SLEEVE,
    CardFrontProblem.UNREADABLE,
    CardFrontProblem.BLUR,
    CardFrontProblem.NO_CARD_SEEN,
)


class SlotCameraGone(Exception):
    """The slot camera is not there or stopped answering."""


class SlotFrame(Protocol):
    """One picture: ``pixels`` uint8 RGB (H, W, 3), ``number`` different for every exposure."""

    @property
    def pixels(self) -> NDArray[np.uint8]: ...

    @property
    def number(self) -> int: ...


class SlotCamera(Protocol):
    """The camera over the card slot."""

    def capture(self, timeout_s: float) -> SlotFrame:
        """Return the newest frame, the receiver's own to overwrite. Raises SlotCameraGone or TimeoutError."""

    def stop(self) -> None:
        """Stop streaming."""


class Models(Protocol):
    """Opens finished models by name and refuses altered ones."""

    def session(self, name: str) -> onnxruntime.InferenceSession:
        """Return the session of model ``name``."""


class OcrCardFront:
    """Reads verification number B from the printed front.

    A number is returned only when two frames of different exposures, sampled differently, each above the confidence
    bound and within the rules of issue, say the same. Two that differ end the read: no vote, no guess. Every frame
    is overwritten as soon as it has been looked at.
    """

    def __init__(
        self,
        camera: SlotCamera,
        models: Models,
        today: Callable[[], date] | date,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """``today``: the day rules of issue are judged on, or what tells it. Raises what ``models.session`` raises."""
        self._camera = camera
        self._recogniser = Recogniser(models.session(MODEL))
        self._today = today
        self._clock = clock

    def read(self, timeout_s: float) -> bytearray:
        """Return 14 ASCII digits in a buffer the caller must wipe. Raises CardFrontUnreadable."""
        today = self._today if isinstance(self._today, date) else self._today()
        deadline = self._clock() + timeout_s
        problems: list[CardFrontProblem] = []
        first: bytearray | None = None
        first_turn = turn = -1
        last_number: int | None = None
        try:
            while (left := deadline - self._clock()) > 0:
                try:
                    frame = self._camera.capture(left)
                except TimeoutError:
                    break
                except SlotCameraGone:
                    raise CardFrontUnreadable(CardFrontProblem.CAMERA_MISSING) from None
                try:
                    if frame.number == last_number:
                        continue
                    last_number = frame.number
                    turn = _next_turn(turn, first_turn)
                    sight = look(frame.pixels, self._recogniser, today, turn=turn)
                finally:
                    overwrite(frame.pixels)
                if sight.number is None:
                    problems.append(_problem(sight))
                    recent = problems[-_FRAMES_TO_BE_SURE:]
                    if len(recent) == _FRAMES_TO_BE_SURE and len(set(recent)) == 1 and recent[0] in _SURE_PROBLEMS:
                        raise CardFrontUnreadable(recent[0])
                elif first is None:
                    first, first_turn = sight.number, turn
                elif hmac.compare_digest(first, sight.number):
                    return sight.number
                else:
                    overwrite(sight.number)
                    raise CardFrontUnreadable(CardFrontProblem.UNREADABLE)
        finally:
            if first is not None:
                overwrite(first)
        raise CardFrontUnreadable(_most_useful(problems))

    def close(self) -> None:
        """Let go of the camera."""
        self._camera.stop()


def _next_turn(turn: int, first: int) -> int:
    """The turn after ``turn``, leaving out those that sample the card as the ``first`` reading did (-1: none yet)."""
    turn += 1
    return turn + 1 if first >= 0 and (turn - first) % SAMPLINGS == 0 else turn


def _problem(sight: Sight) -> CardFrontProblem:
    assert sight.problem is not None
    return sight.problem


def _most_useful(problems: list[CardFrontProblem]) -> CardFrontProblem:
    """The problem seen most often; among equals the one the patient can act on best."""
    if not problems:
        return CardFrontProblem.NO_CARD_SEEN
    return min(_TELL_FIRST, key=lambda problem: (-problems.count(problem), _TELL_FIRST.index(problem)))
