"""What the comparison reaches, and what the face part costs: each figure with its interval and its goal.

``python -m hw_sim.bench.face [--data DIR]`` prints the table; ``measure`` returns it. Rows whose data or tool is
absent are left out. Rates are fractions. Liveness and light are measured by ``hw_sim.bench.attacks``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

from hw_sim.bench.rows import Row, new_engine, print_rows, rate_row
from hw_sim.camera.clip import record
from hw_sim.people.person import Person, load_people
from hw_sim.people.scene import standing
from reader.devices.ports import Frame
from reader.face import manifest
from reader.face.embedder import Embedding
from reader.face.engine import FaceEngine
from reader.face.evaluation import match
from reader.face.evaluation.datasets import LIVE, default_data, read_pairs, read_people
from reader.face.image import Pixels
from reader.face.modelbuild import sources, task_bundle
from reader.session.vocabulary import Guidance


def measure(data: Path | None = None) -> dict[str, Row]:
    """Return every figure that can be measured here, by metric id. data: default as ``reader.face.evaluation``."""
    folder = data or default_data()
    engine = new_engine()
    rows: dict[str, Row] = {}
    if (folder / "lfw-dev" / "pairs.txt").is_file():
        rows.update(_lfw(engine, folder / "lfw-dev"))
    if (folder / "nuaa-dev").is_dir():
        rows.update(_nuaa(engine, folder / "nuaa-dev"))
    people = load_people()
    rows.update(_speed(people))
    rows.update(_against_mediapipe(people))
    return rows


def _lfw(engine: FaceEngine, folder: Path) -> dict[str, Row]:
    pairs = read_pairs(folder)
    rows = {}
    for name, as_card, goal in (("face.lfw_fnmr_1e4", False, 0.020), ("face.lfw_ic_fnmr_1e4", True, 0.024)):
        report = match.compare_pairs(engine, pairs, as_card=as_card, fmrs=(1e-4,))
        one = report.at[0]
        rows[name] = rate_row(one.fnmr, goal, one.low, one.high)
    return rows


def _nuaa(engine: FaceEngine, folder: Path) -> dict[str, Row]:
    pictures = read_people(folder)
    live = [one for one in pictures if one.species == LIVE]
    sessions = match.compare_sessions(engine, live, engine.threshold)
    assert sessions.fmr is not None
    assert sessions.fnmr is not None
    return {"face.nuaa_fmr": rate_row(sessions.fmr, 1e-3), "face.nuaa_fnmr": rate_row(sessions.fnmr, 0.005)}


def _speed(people: Sequence[Person]) -> dict[str, Row]:
    """Time from the first good frame to the decision, newest frame wins, camera at 30 frames/s, one thread."""
    engine = new_engine()
    taken: list[float] = []
    for person in people:
        frames = record(standing(person), 1.6)
        attempt = engine.begin(0.0)
        attempt.set_reference(engine.enroll(person.ic_photo()))
        clock, first, challenged = 0.0, None, False
        while clock < frames[-1].at:
            frame = frames[min(int(clock * 30.0), len(frames) - 1)]
            start = time.perf_counter()
            seen = attempt.observe(frame)
            clock = max(clock, frame.at) + time.perf_counter() - start
            clock = max(clock, frame.at + 1 / 30.0)
            if first is None and seen.guidance is None and seen.box is not None:
                first = frame.at
            challenged = challenged or seen.guidance in (Guidance.TURN_LEFT, Guidance.TURN_RIGHT)
            if seen.decision is not None:
                break
        if not challenged and seen.decision is not None and first is not None:
            taken.append((clock - first) * 1000.0)
        engine.wipe()
    if not taken:
        return {}
    low, high = float(min(taken)), float(max(taken))
    return {
        "face.decision_ms": {
            "value": median(taken), "unit": "ms", "n": len(taken), "low": low, "high": high, "goal": 600.0
        }
    }  # fmt: skip


_MEDIAPIPE = """
import sys, time, numpy as np, mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision
frames = np.load(sys.argv[1])
options = vision.FaceLandmarkerOptions(
    base_options=BaseOptions(model_asset_path=sys.argv[2]), running_mode=vision.RunningMode.VIDEO)
with vision.FaceLandmarker.create_from_options(options) as net:
    took = []
    for k, frame in enumerate(frames):
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=frame)
        start = time.process_time(); net.detect_for_video(image, k * 33); took.append(time.process_time() - start)
print(sum(took[5:]) / len(took[5:]) * 1000)
"""


def _against_mediapipe(people: Sequence[Person]) -> dict[str, Row]:
    """Compare milliseconds per frame with MediaPipe's FaceLandmarker, each alone in a process pinned to one CPU.

    Needs KAOPI_MEDIAPIPE: the Python of an environment with mediapipe 1.2.2 (it brings its own OpenCV).
    """
    python = os.environ.get("KAOPI_MEDIAPIPE")
    if not python:
        return {}
    frames: list[Frame] = record(standing(people[0]), 5.0)
    pixels = np.stack([frame.pixels for frame in frames])
    with tempfile.TemporaryDirectory() as name:
        clip, task = Path(name) / "clip.npy", Path(name) / "face_landmarker.task"
        np.save(clip, pixels)
        make_task(python, task)
        theirs = float(_alone([python, "-c", _MEDIAPIPE, str(clip), str(task)]))
        ours = float(_alone([sys.executable, "-m", "hw_sim.bench.face", "--clip", str(clip)]))
    return {
        "face.pipeline_over_mediapipe": {
            "value": ours / theirs, "unit": "ratio", "n": len(frames), "low": ours, "high": theirs, "goal": 1.0
        }
    }  # fmt: skip


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


def _alone(command: list[str]) -> str:
    """Run on one CPU and return the last word printed."""
    pinned = ["taskset", "-c", str(max(os.sched_getaffinity(0))), *command]
    done = subprocess.run(pinned, check=True, capture_output=True, text=True)
    return done.stdout.split()[-1]


class _NoNet:
    """Stands in for the comparison nets, which MediaPipe has no counterpart of."""

    def embed(self, aligned: Pixels) -> Embedding:
        """Return always the same vector."""
        return np.full(4, 0.5, np.float32)


def _clip_ms(path: Path) -> float:
    """Return our CPU milliseconds per frame of a clip: all but the comparison nets."""
    frames = np.load(path)
    engine = new_engine()
    engine.embedder = _NoNet()
    attempt = engine.begin(0.0)
    took = []
    for number, pixels in enumerate(frames):
        frame = Frame(pixels, number / 30.0, number)
        start = time.process_time()
        attempt.observe(frame)
        took.append(time.process_time() - start)
    return sum(took[5:]) / len(took[5:]) * 1000.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.clip is not None:
        sys.stdout.write(f"{_clip_ms(chosen.clip)}\n")
        return
    print_rows(measure(chosen.data))


if __name__ == "__main__":
    main()
