"""Workers survive what parts do: cameras that hang, readers that go, cards that stop answering; none dies unnoticed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable

import numpy as np
import pytest

from reader.devices.ports import DeviceGone, DeviceTimeout, Frame, LightRequest
from reader.kiosk.camera_worker import HANG_S, CameraWorker
from reader.kiosk.clock import SystemClock
from reader.kiosk.threads import Crew, WorkerDied, WorkerStuck
from reader.kiosk.trace import Trace
from reader.kiosk.worker import Mailbox, Worker
from reader.session.events import Event, PartChanged
from reader.session.failures import Failure
from reader.session.vocabulary import Part

PICTURE = np.zeros((4, 4, 3), np.uint8)


class ScriptedCamera:
    """Does what a list says: "ok", "timeout" or "gone", one word a capture; the last one goes on for ever."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = deque(words)
        self.starts = 0
        self.running = False
        self.requests: list[LightRequest] = []

    def start(self) -> None:
        self.starts += 1
        self.running = True

    def streams(self) -> bool:
        return self.running

    def capture(self, timeout_s: float) -> Frame:
        word = self.words.popleft() if len(self.words) > 1 else self.words[0]
        if word == "timeout":
            raise DeviceTimeout("nothing came")
        if word == "gone":
            raise DeviceGone("unplugged")
        return Frame(PICTURE, 0.0, 1)

    def adjust(self, request: LightRequest) -> None:
        self.requests.append(request)

    def stop(self) -> None:
        self.running = False


def camera_worker(*words: str) -> tuple[CameraWorker, ScriptedCamera, list[Event], Mailbox[Frame]]:
    facts: list[Event] = []
    camera = ScriptedCamera(words)
    box: Mailbox[Frame] = Mailbox()
    return CameraWorker(facts.append, camera, (box,), Trace()), camera, facts, box


def run(worker: Worker[bool | LightRequest], seconds: float, start: float = 0.0) -> float:
    now = start
    while now < start + seconds:
        now += max(worker.step(now), 0.5)
    return now


def test_at_power_on_the_kiosk_learns_whether_there_is_a_camera() -> None:
    worker, _, facts, _ = camera_worker("ok")
    worker.step(0.0)
    assert facts == [PartChanged(0.0, Part.CAMERA, None)]
    worker, _, facts, _ = camera_worker("gone")
    worker.step(0.0)
    assert facts == [PartChanged(0.0, Part.CAMERA, Failure.CAMERA_MISSING)]


def test_the_camera_rests_until_somebody_is_to_be_seen() -> None:
    worker, camera, _, box = camera_worker("ok")
    run(worker, 5)
    assert not camera.streams()
    worker.post(True)
    worker.step(10.0)
    assert camera.streams()
    assert box.peek() is not None
    worker.post(False)
    worker.step(11.0)
    assert not camera.streams()
    assert box.peek() is None, "no face stays in the box"


def test_a_camera_that_hangs_is_reopened_and_one_that_stays_away_is_reported_once() -> None:
    worker, camera, facts, box = camera_worker("ok", "ok", "timeout")
    worker.step(0.0)
    worker.post(True)
    worker.step(1.0)
    run(worker, HANG_S + 40, start=2.0)
    assert camera.starts > 2
    assert facts.count(PartChanged(facts[-1].at, Part.CAMERA, Failure.CAMERA_MISSING)) == 1
    assert box.peek() is None, "never a frozen face"


def test_a_camera_that_comes_back_is_noticed_without_a_patient() -> None:
    worker, camera, facts, _ = camera_worker("gone", "gone", "ok")
    run(worker, 40)
    assert isinstance(facts[-1], PartChanged)
    assert facts[-1].failure is None
    assert not camera.streams()


def test_light_wishes_reach_the_camera() -> None:
    worker, camera, _, _ = camera_worker("ok")
    worker.step(0.0)
    worker.post(True)
    worker.post(LightRequest(ev=1.0))
    worker.step(1.0)
    assert camera.requests == [LightRequest(ev=1.0)]
    worker.close()
    assert not camera.streams()


class Idle(Worker[str]):
    """A worker that fails, hangs or does nothing, as its orders say."""

    name = "idle"
    patience_s = 0.0

    def __init__(self) -> None:
        super().__init__(lambda event: None)
        self.release = threading.Event()
        self.hanging = threading.Event()
        self.closed = threading.Event()

    def _take(self, order: str, now: float) -> None:
        if order == "fail":
            raise RuntimeError("broken")
        self.hanging.set()
        self.release.wait(20)

    def _work(self, now: float) -> float:
        return 0.05

    def close(self) -> None:
        self.closed.set()


class Ahead(SystemClock):
    """A clock that can be put ahead."""

    def __init__(self) -> None:
        self.by = 0.0

    def now(self) -> float:
        return super().now() + self.by


def test_a_dead_worker_is_noticed_and_closed() -> None:
    worker, clock = Idle(), SystemClock()
    crew = Crew([worker], clock)  # type: ignore[list-item]  # a worker of orders of its own
    crew.start()
    worker.post("fail")
    assert worker.closed.wait(5)
    with pytest.raises(WorkerDied, match="idle"):
        crew.check()
    assert crew.stop() == []


def test_a_stuck_worker_is_noticed() -> None:
    worker, clock = Idle(), Ahead()
    crew = Crew([worker], clock)  # type: ignore[list-item]  # a worker of orders of its own
    crew.start()
    worker.post("hang")
    assert worker.hanging.wait(5)
    clock.by = 60.0
    assert crew.ages()["idle"] >= 59
    with pytest.raises(WorkerStuck, match="idle"):
        crew.check()
    worker.release.set()
    assert crew.stop() == []
