"""No part may die unnoticed, and no face may stand still on the screen: what the kiosk does about itself."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
import textwrap
import threading
import time
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from hw_sim.cli import SCENARIOS
from hw_sim.scenario.schema import load
from hw_sim.scenario.virtual import World

import reader.kiosk
from reader.devices.ports import Frame, LightRequest
from reader.kiosk.camera_worker import STILL_S, CameraWorker
from reader.kiosk.clock import SystemClock
from reader.kiosk.kiosk import STALE_S
from reader.kiosk.threads import GRACE_S, Crew, WorkerDied, WorkerStuck
from reader.kiosk.trace import Trace
from reader.kiosk.worker import Mailbox, Worker
from reader.session.events import Event, PartChanged
from reader.session.failures import Failure
from reader.session.vocabulary import Part


def workers_there_are() -> list[str]:
    """The name of every Worker in the product, found by looking."""
    for module in pkgutil.iter_modules(reader.kiosk.__path__, "reader.kiosk."):
        importlib.import_module(module.name)
    return sorted(kind.name for kind in Worker.__subclasses__() if kind.__module__.startswith("reader.kiosk."))


NAMES = workers_there_are()


def test_a_whole_kiosk_drives_every_worker_there_is(tmp_path: Path) -> None:
    world = World(load(SCENARIOS / "face.toml"), tmp_path)
    try:
        assert sorted(worker.name for worker in world.assembled.workers) == NAMES
        assert len(NAMES) >= 5
    finally:
        world.close()


class Ahead(SystemClock):
    """A clock that can be put ahead."""

    def __init__(self) -> None:
        self.by = 0.0

    def now(self) -> float:
        return super().now() + self.by


@pytest.mark.parametrize("name", NAMES)
def test_every_worker_that_dies_in_its_thread_is_noticed_by_name(name: str, tmp_path: Path) -> None:
    world, clock = World(load(SCENARIOS / "face.toml"), tmp_path), Ahead()
    worker = next(one for one in world.assembled.workers if one.name == name)
    crew = Crew([worker], clock)
    closed = threading.Event()
    close = worker.close
    try:
        worker.step = lambda now: sys.exit("broken")  # type: ignore[method-assign]
        worker.close = lambda: (close(), closed.set())[0]  # type: ignore[method-assign,func-returns-value]
        crew.start()
        assert closed.wait(5), "a dead worker lets go of its part"
        with pytest.raises(WorkerDied, match=name):
            crew.check()
    finally:
        crew.stop()
        world.close()


@pytest.mark.parametrize("name", NAMES)
def test_every_worker_that_hangs_in_its_thread_is_noticed_when_its_patience_ends(name: str, tmp_path: Path) -> None:
    world, clock = World(load(SCENARIOS / "face.toml"), tmp_path), Ahead()
    worker = next(one for one in world.assembled.workers if one.name == name)
    crew = Crew([worker], clock)
    hanging, release = threading.Event(), threading.Event()

    def hang(now: float) -> float:
        hanging.set()
        release.wait(20)
        return 1.0

    try:
        worker.step = hang  # type: ignore[method-assign]
        crew.start()
        assert hanging.wait(5)
        clock.by = worker.patience_s - 0.5
        crew.check()
        clock.by = worker.patience_s + GRACE_S + 0.5
        with pytest.raises(WorkerStuck, match=name):
            crew.check()
    finally:
        release.set()
        crew.stop()
        world.close()


def test_whoever_will_not_end_holds_up_the_end_of_all_for_three_seconds_at_most(tmp_path: Path) -> None:
    world, clock = World(load(SCENARIOS / "face.toml"), tmp_path), SystemClock()
    release = threading.Event()
    for worker in world.assembled.workers:
        worker.step = lambda now: float(release.wait(20))  # type: ignore[method-assign]
    crew = Crew(world.assembled.workers, clock)
    crew.start()
    began = time.monotonic()
    try:
        assert sorted(crew.stop()) == NAMES
        assert time.monotonic() - began < 4.5
    finally:
        release.set()
        crew.stop()
        world.close()


GUARDED = """
    import sys, time
    from reader.kiosk.threads import HangGuard

    guard = HangGuard(1.0)
    for _ in range(3):
        guard.feed()
        time.sleep(0.5)
    print("alive", flush=True)
    {then}
    print("over", flush=True)
"""


@pytest.mark.parametrize(
    ("then", "code", "says"),
    [
        ("time.sleep(30)", 1, "alive\n"),
        ("while True: pass", 1, "alive\n"),
        ("guard.release(); time.sleep(1.5)", 0, "alive\nover\n"),
    ],
    ids=["sleeps for ever", "runs for ever", "orderly end"],
)
def test_a_main_loop_that_stands_still_is_ended_from_outside_of_it(then: str, code: int, says: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(GUARDED).format(then=then)],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (run.returncode, run.stdout) == (code, says)
    assert ("Timeout" in run.stderr) is (code == 1), "the stack goes to the journal"


class RepeatingCamera:
    """Gives the pictures of a list, the last one for ever, thirty a second."""

    def __init__(self, pictures: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]) -> None:
        self.pictures = deque(pictures)
        self.now = 0.0
        self.starts = 0
        self._number = 0

    def start(self) -> None:
        self.starts += 1

    def capture(self, timeout_s: float) -> Frame:
        picture = self.pictures.popleft() if len(self.pictures) > 1 else self.pictures[0]
        self.now += 1 / 30
        self._number += 1
        return Frame(picture, self.now, self._number)

    def adjust(self, request: LightRequest) -> None:
        """Nothing to adjust."""

    def stop(self) -> None:
        """Nothing to stop."""


def noise(count: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    return list(np.random.default_rng(5).integers(0, 255, (count, 48, 64, 3), dtype=np.uint8))


def looking(camera: RepeatingCamera, seconds: float) -> tuple[list[Event], Mailbox[Frame]]:
    facts: list[Event] = []
    box: Mailbox[Frame] = Mailbox()
    worker = CameraWorker(facts.append, camera, (box,), Trace())
    worker.step(0.0)
    worker.post(True)
    while camera.now < seconds:
        wait = worker.step(camera.now)
        camera.now += wait
    return facts, box


def test_a_camera_that_repeats_one_picture_is_reopened_then_given_up_and_its_last_face_is_taken_away() -> None:
    camera = RepeatingCamera(noise(30))
    facts, box = looking(camera, 1.0 + STILL_S)
    assert facts == [PartChanged(0.0, Part.CAMERA, None)]
    facts, box = looking(camera, 15.0)
    assert camera.starts > 3
    assert isinstance(facts[-1], PartChanged)
    assert facts[-1].failure is Failure.CAMERA_MISSING
    assert box.peek() is None


@pytest.mark.parametrize("value", [0, 255])
def test_a_black_or_white_picture_is_the_lights_fault_and_no_reason_to_reopen(value: int) -> None:
    camera = RepeatingCamera([np.full((48, 64, 3), value, np.uint8)])
    facts, box = looking(camera, 8.0)
    assert camera.starts == 2, "once at power-on, once for the patient"
    assert facts == [PartChanged(0.0, Part.CAMERA, None)]
    assert box.peek() is not None


def test_a_picture_that_has_grown_old_is_not_shown(tmp_path: Path) -> None:
    world = World(load(SCENARIOS / "face.toml"), tmp_path)
    kiosk = world.assembled.kiosk
    preview = kiosk._parts.preview
    try:
        while not kiosk.session.card_in:
            if world.clock.now() > 1.0 and world.cards.card() is None:
                world.put_card()
            world.tick()
        while kiosk.showing is None:
            world.tick()
        camera = next(task for task in world.tasks if task.name == "camera")
        camera.due = float("inf")
        stopped = world.clock.now()
        while world.clock.now() < stopped + STALE_S + 0.5:
            world.tick()
            camera.due = float("inf")
        assert preview.peek() is not None
        assert kiosk.showing is None
    finally:
        world.close()


def test_before_a_kiosk_ends_for_whatever_reason_its_screen_goes_dark(tmp_path: Path) -> None:
    world = World(load(SCENARIOS / "face.toml"), tmp_path)
    try:
        surface = world.assembled.display.surface
        surface.fill((200, 10, 10))
        world.assembled.kiosk.dark()
        assert tuple(surface.get_at((0, 0)))[:3] == (0, 0, 0)
    finally:
        world.close()
