"""The face worker tells the session what a try came to, and takes a match back when whoever was matched has left."""

from __future__ import annotations

import platform
import random
import resource
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from reader.devices.ports import Frame, LightRequest
from reader.face.engine import Decision, Observation
from reader.face.light import LightReading
from reader.face.liveness.own_light import SWING
from reader.kiosk.face_worker import Ease, FaceOrder, FaceWorker, ForgetFaces, StartTry, StopTry
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


class Lit(Scripted):
    """The same for a face whose light rises above the room's by a stop for the whole swing of the lamp."""

    def __init__(self) -> None:
        super().__init__([])
        self.wishes: list[LightRequest] = []
        self.at = 0.0

    def observe(self, frame: Frame) -> Observation:
        fill = self.wishes[-1].fill if self.wishes else 0.0
        light = LightReading(0.46, 2.0 ** -(fill / SWING), 0.0, 0.0, 0.8)
        return Observation(None, 0.5, box=(0.3, 0.3, 0.4, 0.4), light=light)


def lamp_of_a_try(own_light: random.Random | None, *orders: FaceOrder) -> list[float]:
    """What the fill light is asked for in a try of four seconds, after ``orders``, and when it has ended."""
    lit, frames = Lit(), Mailbox[Frame]()
    worker = FaceWorker(
        lambda fact: None, lit, Vault(), frames, Mailbox(), lit.wishes.append, Trace(), lambda: lit.at, own_light
    )
    for order in (*orders, StartTry(1)):
        worker.post(order)
    for number in range(120):
        lit.at = number / 30
        frames.put(Frame(np.zeros((2, 2, 3), np.uint8), lit.at, number))
        worker.step(lit.at)
    worker.post(StopTry())
    worker.step(4.0)
    return [wish.fill for wish in lit.wishes]


def test_the_lamp_is_varied_only_where_the_site_asked_for_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "reader.kiosk.face_worker")
    assert set(lamp_of_a_try(None)) == {0.0}
    assert not caplog.records
    levels = lamp_of_a_try(random.Random(3))
    assert set(levels) == {0.0, SWING}
    assert levels[-1] == 0.0, "after the try the lamp is as the light loop wants it"
    (record,) = caplog.records
    assert "+1.00 stops above the room" in record.getMessage()
    assert "decides nothing" in record.getMessage()


def test_in_the_heat_the_lamp_is_left_alone() -> None:
    assert set(lamp_of_a_try(random.Random(3), Ease(on=True))) == {0.0}


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
