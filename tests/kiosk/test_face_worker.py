"""The face worker tells the session what a try came to, and takes a match back when whoever was matched has left."""

from __future__ import annotations

import platform
import resource
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from reader.devices.ports import Frame
from reader.face.engine import Decision, Observation
from reader.kiosk.face_worker import FaceWorker, ForgetFaces, StartTry
from reader.kiosk.trace import Trace
from reader.kiosk.worker import Mailbox
from reader.session.events import Event, FaceDecided, FaceProgress
from reader.session.failures import Failure
from reader.session.vocabulary import Ref
from reader.vault import Vault, give_back

MATCH = Decision(matched=True, live=True, failure=None)
SWAPPED = Decision(matched=False, live=False, failure=Failure.FACE_NOT_LIVE)


class Scripted:
    """Engine and try in one: the decision of each frame comes from a list."""

    def __init__(self, decisions: Iterable[Decision | None]) -> None:
        self._decisions = iter(decisions)

    def enroll(self, photo: NDArray[np.uint8]) -> Ref:
        raise AssertionError("no photo is shown here")

    def begin(self, at: float) -> Scripted:
        return self

    def set_reference(self, reference: Ref) -> None:
        raise AssertionError("no photo is shown here")

    def observe(self, frame: Frame) -> Observation:
        return Observation(None, 0.5, decision=next(self._decisions))

    def close(self) -> None:
        pass

    def wipe(self) -> None:
        pass


def facts_of(*tries: list[Decision | None]) -> list[Event]:
    """What is reported of these tries, one decision a frame, besides progress."""
    facts: list[Event] = []
    frames = Mailbox[Frame]()
    engine = Scripted([decision for one in tries for decision in one])
    worker = FaceWorker(
        facts.append, engine, Vault(), frames, Mailbox(), lambda wish: None, Trace(), now=lambda: float(len(facts))
    )
    for one in tries:
        worker.post(StartTry(1))
        for number in range(len(one)):
            frames.put(Frame(np.zeros((2, 2, 3), np.uint8), float(number), number))
            worker.step(float(number))
    worker.close()
    return [fact for fact in facts if not isinstance(fact, FaceProgress)]


def kinds(facts: list[Event]) -> list[tuple[str, bool]]:
    return [(type(fact).__name__, getattr(fact, "matched", False)) for fact in facts]


def test_a_match_is_told_with_every_frame_and_taken_back_once() -> None:
    """With every frame: the session may not yet be where it can use it."""
    facts = facts_of([None, MATCH, MATCH, None, None, MATCH])
    assert kinds(facts) == [("FaceDecided", True), ("FaceDecided", True), ("FaceLost", False), ("FaceDecided", True)]


def test_somebody_else_in_the_place_of_whoever_was_matched_is_told_as_a_failed_try() -> None:
    facts = facts_of([MATCH, SWAPPED])
    assert kinds(facts) == [("FaceDecided", True), ("FaceDecided", False)]
    assert isinstance(facts[-1], FaceDecided)
    assert facts[-1].failure is Failure.FACE_NOT_LIVE


def test_a_new_try_has_no_match_to_take_back() -> None:
    assert kinds(facts_of([MATCH], [None, None])) == [("FaceDecided", True)]


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize() / 2**20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps freed memory in this way")
def test_memory_freed_between_pieces_that_live_on_goes_back_to_the_kernel() -> None:
    pieces = [np.ones(60_000, np.uint8) for _ in range(2000)]
    kept = pieces[::40]
    full = resident_mb()
    del pieces
    give_back()
    assert full - resident_mb() > 60, "of 117 MB a fortieth lives on"
    assert all(one.all() for one in kept)


def test_when_a_patient_has_left_memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setattr("reader.kiosk.face_worker.give_back", lambda: given.append(True))
    worker = FaceWorker(
        lambda fact: None, Scripted([]), Vault(), Mailbox(), Mailbox(), lambda wish: None, Trace(), now=lambda: 0.0
    )
    worker.post(ForgetFaces())
    worker.step(0.0)
    assert given == [True]
