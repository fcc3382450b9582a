"""What the comparison reaches, and what the face part costs: each figure with its interval and its goal.

``python -m hw_sim.bench.face [--data DIR]`` prints the table; ``measure`` returns it. Rows whose data or tool is
absent are left out. Rates are fractions. Liveness and light are measured by ``hw_sim.bench.attacks``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import cv2
import numpy as np

from hw_sim.bench import embeddings
from hw_sim.bench.rows import Row, new_engine, print_rows, quantile_row, rate_row
from hw_sim.camera.clip import ON_THE_FACE, record
from hw_sim.people.person import Person, evaluation_people, load_people
from hw_sim.people.scene import standing
from reader.devices.ports import Frame
from reader.face import manifest
from reader.face.embedder import Embedding
from reader.face.engine import FaceEngine
from reader.face.evaluation import match, stats
from reader.face.evaluation.datasets import LIVE, default_data, read_pairs, read_people
from reader.face.image import Pixels
from reader.face.modelbuild import sources, task_bundle

FPS = 30.0
FILM_S = 1.6  # long enough for a decision at half the speed that is wanted
STRANGERS = 34  # people of the evaluation data who come to the kiosk besides those who are shipped
WARM_UP = 5  # frames before the clock runs: the first patient of the day is not the measure


def measure(data: Path | None = None) -> dict[str, Row]:
    """Return every figure that can be measured here, by metric id. data: default as ``reader.face.evaluation``."""
    return {**recognition(data), **speed(data)}


def recognition(data: Path | None = None) -> dict[str, Row]:
    """Return what the comparison reaches on the research sets that are there."""
    folder = data or default_data()
    rows: dict[str, Row] = {}
    if (folder / "lfw-dev" / "pairs.txt").is_file():
        rows.update(_lfw(folder / "lfw-dev"))
    if (folder / "nuaa-dev").is_dir():
        rows.update(_nuaa(folder / "nuaa-dev"))
    return rows


def speed(data: Path | None = None) -> dict[str, Row]:
    """Return what the face part costs."""
    folder = data or default_data()
    return {**_decision(visitors(folder / "lfw-dev" / "images")), **_against_mediapipe(load_people())}


def _lfw(folder: Path) -> dict[str, Row]:
    pairs = read_pairs(folder)
    rows = {}
    for name, as_card, goal in (("face.lfw_fnmr_1e4", False, 0.020), ("face.lfw_ic_fnmr_1e4", True, 0.024)):
        for one in match.compare_pairs(pairs, embeddings.described, as_card=as_card, fmrs=(1e-4,)).at:
            rows[name] = rate_row(one.fnmr, goal, one.low, one.high)
    return rows


def _nuaa(folder: Path) -> dict[str, Row]:
    """Return both errors at the shipped threshold, which was fixed on other data."""
    live = [one for one in read_people(folder) if one.species == LIVE]
    floor = manifest.load().threshold("match_score")
    sessions = match.compare_sessions(live, floor, embeddings.described)
    assert sessions.fmr is not None
    assert sessions.fnmr is not None
    low, high = stats.subject_bootstrap(
        sessions.genuine, sessions.subjects, lambda scores: float((scores < floor).mean())
    )
    return {"face.nuaa_fmr": rate_row(sessions.fmr, 1e-3), "face.nuaa_fnmr": rate_row(sessions.fnmr, 0.005, low, high)}


# -- from the first good frame to the decision ------------------------------------------------------------------------


def visitors(pictures: Path) -> Iterator[Person]:
    """Yield the shipped people, then people of the evaluation data where it is there."""
    yield from load_people()
    if pictures.is_dir():
        yield from evaluation_people(pictures, STRANGERS)


def _decision(people: Iterable[Person]) -> dict[str, Row]:
    """Return how long visitors wait of whom nothing is asked.

    Whether a challenge comes depends on what the virtual camera makes of a photograph; how long the rest takes does
    not. So everybody is let through unasked here.
    """
    cv2.setNumThreads(1)
    engine = new_engine()
    engine.weights = replace(engine.weights, unasked=-math.inf, unasked_depth=False, refuse=-math.inf)
    waits = []
    for number, person in enumerate(people, start=1):
        wait_ms = _wait_ms(engine, person, seed=number)
        sys.stderr.write(f"  decisions: {number} people\n")
        if wait_ms is not None:
            waits.append(wait_ms)
    return {"face.decision_ms": quantile_row(waits, "ms") | {"goal": 600.0}} if waits else {}


def _wait_ms(engine: FaceEngine, person: Person, seed: int) -> float | None:
    """Let somebody stand there with their card; return the time from the first good frame to their match, or None.

    The camera gives 30 frames a second and the engine takes the newest. The clock is simulated: it advances by the
    processor time that each frame has really cost, so that other work on this machine does not count.
    """
    frames = record(standing(person, seed=seed), FILM_S, request=ON_THE_FACE)
    attempt = engine.begin(0.0)
    attempt.set_reference(engine.enroll(person.ic_photo()))
    first: float | None = None
    clock, last = 0.0, -1
    try:
        while (newest := max(last + 1, int(clock * FPS))) < len(frames):
            frame, last = frames[newest], newest
            start = time.process_time()
            seen = attempt.observe(frame)
            clock = max(clock, frame.at) + time.process_time() - start
            if first is None and seen.guidance is None and seen.box is not None:
                first = frame.at
            if seen.decision is not None and first is not None:
                return (clock - first) * 1000.0 if seen.decision.failure is None else None
        return None
    finally:
        engine.wipe()
        engine.vault.wipe()


# -- against MediaPipe ------------------------------------------------------------------------------------------------

_MEDIAPIPE = """
import json, sys, time, numpy as np, mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision
frames = np.load(sys.argv[1])
options = vision.FaceLandmarkerOptions(
    base_options=BaseOptions(model_asset_path=sys.argv[2]), running_mode=vision.RunningMode.VIDEO)
with vision.FaceLandmarker.create_from_options(options) as net:
    took = []
    for k, frame in enumerate([*frames[:WARM_UP], *frames]):
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=frame)
        start = time.process_time(); net.detect_for_video(image, k * 33); took.append(time.process_time() - start)
print(json.dumps(took[WARM_UP:]))
""".replace("WARM_UP", str(WARM_UP))


def _against_mediapipe(people: Sequence[Person]) -> dict[str, Row]:
    """Return processor time per frame over that of MediaPipe's FaceLandmarker, each alone on one CPU, person by person.

    Ours is everything but the comparison nets. The whole clip is one visit of five seconds; in its first second, when
    evidence for liveness is gathered, a frame costs more. While there is nothing to gather, landmarks are found on
    every second frame only; "every frame" is measured without that. Needs KAOPI_MEDIAPIPE: the Python of an
    environment with mediapipe 1.2.2 (it brings its own OpenCV).
    """
    python = os.environ.get("KAOPI_MEDIAPIPE")
    if not python:
        return {}
    whole, beginning, every, milliseconds = [], [], [], []
    with tempfile.TemporaryDirectory() as name:
        clip, task = Path(name) / "clip.npy", Path(name) / "face_landmarker.task"
        make_task(python, task)
        for person in people:
            np.save(clip, np.stack([frame.pixels for frame in record(standing(person), 5.0)]))
            theirs = _alone([python, "-c", _MEDIAPIPE, str(clip), str(task)])
            command = [sys.executable, "-m", "hw_sim.bench.face", "--clip", str(clip)]
            ours = _alone(command)
            every.append(fmean(_alone([*command, "--every-frame"])) / fmean(theirs))
            whole.append(fmean(ours) / fmean(theirs))
            beginning.append(fmean(ours[: int(FPS)]) / fmean(theirs[: int(FPS)]))
            milliseconds.append(fmean(ours) * 1000.0)
    return {
        "face.pipeline_over_mediapipe": quantile_row(whole, "ratio") | {"goal": 1.0},
        "face.pipeline_every_frame_over_mediapipe": quantile_row(every, "ratio"),
        "face.pipeline_first_second_over_mediapipe": quantile_row(beginning, "ratio"),
        "face.pipeline_ms": quantile_row(milliseconds, "ms"),
    }


def make_task(python: str, task: Path) -> None:
    """Write MediaPipe's bundle from the same weights that kaopi's models come from, with that environment's Python."""
    entries = manifest.load().models
    with tempfile.TemporaryDirectory() as name:
        paths = []
        for key in ("face_detector", "face_landmarks"):
            archive = sources.fetch(entries[key].package, sources.default_cache())
            paths.append(Path(name) / f"{key}.tflite")
            paths[-1].write_bytes(sources.member(archive, entries[key].member))
        subprocess.run([python, task_bundle.__file__, *map(str, paths), str(task)], check=True, capture_output=True)


def _alone(command: list[str]) -> list[float]:
    """Run on one CPU and return the list printed last: seconds of processor time by frame."""
    pinned = ["taskset", "-c", str(max(os.sched_getaffinity(0))), *command]
    done = subprocess.run(pinned, check=True, capture_output=True, text=True)
    return [float(seconds) for seconds in json.loads(done.stdout.splitlines()[-1])]


class _NoNet:
    """Stands in for the comparison nets, which MediaPipe has no counterpart of."""

    def embed(self, aligned: Pixels) -> Embedding:
        """Return always the same vector."""
        return np.full(4, 0.5, np.float32)


def clip_seconds(path: Path, *, every_frame: bool = False) -> list[float]:
    """Return our processor seconds for each frame of a clip: all but the comparison nets.

    every_frame: find landmarks on each, also while there is nothing to gather.
    """
    cv2.setNumThreads(1)
    frames = np.load(path)
    engine = new_engine()
    engine.embedder = _NoNet()
    if every_frame:
        engine.watch_every_s = 0.0
    took: list[float] = []
    for pictures in (frames[:WARM_UP], frames):
        attempt = engine.begin(0.0)
        took.clear()
        for number, pixels in enumerate(pictures):
            frame = Frame(pixels, number / FPS, number)
            start = time.process_time()
            attempt.observe(frame)
            took.append(time.process_time() - start)
    return took


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--every-frame", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.clip is not None:
        sys.stdout.write(json.dumps(clip_seconds(chosen.clip, every_frame=chosen.every_frame)) + "\n")
        return
    print_rows(measure(chosen.data))


if __name__ == "__main__":
    main()
