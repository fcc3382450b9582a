"""What the face part reaches: comparison, liveness, light and speed, each with its interval and its goal.

``python -m hw_sim.bench.face [--data DIR] [--attacks N]`` prints the table; ``measure`` returns it. Rows whose data or
tool is absent are left out. Rates are fractions. Attacks are drawn frame by frame, so their number decides the time.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from hw_sim.attackers.species import REAL_FACES, Presentation, Species, presentations
from hw_sim.camera.clip import record
from hw_sim.camera.pace import VirtualPace
from hw_sim.camera.virtual import VirtualCamera
from hw_sim.people.person import Person, load_people
from hw_sim.people.scene import LIGHTS, Key, Light, Scene, Track, Visitor, standing
from reader.devices.ports import Frame
from reader.face import manifest
from reader.face.embedder import Embedding
from reader.face.engine import Decision, FaceEngine
from reader.face.evaluation import light as lights
from reader.face.evaluation import liveness, match, stats
from reader.face.evaluation.datasets import LIVE, default_data, read_pairs, read_people
from reader.face.evaluation.stats import Rate
from reader.face.guidance import LIGHT_REASONS, light_reason
from reader.face.image import Pixels
from reader.face.light import read_light
from reader.face.modelbuild import sources, task_bundle
from reader.face.modelbuild.commands import default_folder
from reader.face.modelstore import ModelStore
from reader.face.tracker import Tracker
from reader.session.vocabulary import Guidance
from reader.vault import Vault

Row = dict[str, Any]
LIVE_LIMIT_S = 5.0
ATTACK_LIMIT_S = 20.0


def measure(data: Path | None = None, attacks: int = 2, people_tries: int = 2) -> dict[str, Row]:
    """Return every figure that can be measured here, by metric id.

    data: evaluation data, default as ``reader.face.evaluation``. attacks: presentations per species. people_tries:
    visits per virtual person.
    """
    folder = data or default_data()
    engine = _engine()
    rows: dict[str, Row] = {}
    if (folder / "lfw-dev" / "pairs.txt").is_file():
        rows.update(_lfw(engine, folder / "lfw-dev"))
    if (folder / "nuaa-dev").is_dir():
        rows.update(_nuaa(engine, folder / "nuaa-dev"))
    people = load_people()
    rows.update(_speed(people))
    rows.update(_light(engine, people, folder / "lfw-dev"))
    rows.update(_attacks(people, attacks, people_tries))
    rows.update(_against_mediapipe(engine, people))
    return rows


def _engine(seed: int = 1) -> FaceEngine:
    return FaceEngine(ModelStore(default_folder()), Vault(), rng=random.Random(seed))


def _row(rate: Rate, goal: float, low: float | None = None, high: float | None = None) -> Row:
    return {
        "value": rate.value,
        "unit": "fraction",
        "n": rate.trials,
        "low": rate.low if low is None else low,
        "high": rate.high if high is None else high,
        "goal": goal,
    }


def _lfw(engine: FaceEngine, folder: Path) -> dict[str, Row]:
    pairs = read_pairs(folder)
    rows = {}
    for name, as_card, goal in (("face.lfw_fnmr_1e4", False, 0.020), ("face.lfw_ic_fnmr_1e4", True, 0.024)):
        report = match.compare_pairs(engine, pairs, as_card=as_card, fmrs=(1e-4,))
        one = report.at[0]
        rows[name] = _row(one.fnmr, goal, one.low, one.high)
    return rows


def _nuaa(engine: FaceEngine, folder: Path) -> dict[str, Row]:
    pictures = read_people(folder)
    live = [one for one in pictures if one.species == LIVE]
    sessions = match.compare_sessions(engine, live, engine.threshold)
    assert sessions.fmr is not None
    assert sessions.fnmr is not None
    rows = {"face.nuaa_fmr": _row(sessions.fmr, 1e-3), "face.nuaa_fnmr": _row(sessions.fnmr, 0.005)}
    for one in liveness.evaluate(engine, pictures).species:
        name, goal = ("pad.nuaa_eer_frame", 0.08) if one.frames == 1 else ("pad.nuaa_eer_10", 0.015)
        trials = one.attack.size + one.live.size
        rows[name] = _row(stats.rate(round(one.eer * trials), trials), goal) | {"value": one.eer}
    return rows


# -- one visit before the virtual camera ------------------------------------------------------------------------------


class Patient:
    """Someone who stands there and turns the head when asked, after a moment to understand."""

    REACTION_S, TURN_S, HOLD_S, YAW = 0.5, 0.45, 0.25, 22.0

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._asked: Guidance | None = None

    def scene(self, t: float) -> Scene:
        """Return what the camera sees."""
        return self._scene

    def hear(self, guidance: Guidance | None, t: float) -> None:
        """Be told ``guidance`` at second ``t``."""
        turning = guidance in (Guidance.TURN_LEFT, Guidance.TURN_RIGHT)
        if turning and self._asked is not guidance:
            visitor = self._scene.actors[0]
            assert isinstance(visitor, Visitor)
            straight = visitor.path.at(t)
            turned = replace(straight, yaw=self.YAW if guidance is Guidance.TURN_LEFT else -self.YAW)
            start = t + self.REACTION_S
            there, back = start + self.TURN_S, start + self.TURN_S + self.HOLD_S
            keys = (Key(start, straight), Key(there, turned), Key(back, turned), Key(back + self.TURN_S, straight))
            visitor = replace(visitor, path=Track(keys))
            self._scene = replace(self._scene, actors=(visitor, *self._scene.actors[1:]))
        self._asked = guidance if turning else None


@dataclass(frozen=True, slots=True)
class Visit:
    """How one try went. seconds: from the first frame to the decision; challenged: whether a movement was asked for."""

    decision: Decision
    seconds: float
    challenged: bool


def visit(
    engine: FaceEngine,
    scene_at: Callable[[float], Scene],
    card_of: Person,
    *,
    limit_s: float,
    fps: float,
    card_at: float = 0.0,
    hear: Callable[[Guidance | None, float], None] = lambda guidance, t: None,
) -> Visit:
    """Let the whole engine look at a scene until it decides or the limit is reached.

    card_at: second at which the card's portrait is there to compare with.
    """
    pace = VirtualPace(-0.5)
    camera = VirtualCamera(pace=pace, fps=fps)
    camera.look_at(scene_at, since=0.0)
    camera.start()
    attempt = engine.begin(0.0)
    reference = engine.enroll(card_of.ic_photo())
    challenged = False
    try:
        while True:
            frame = camera.capture(1.0)
            if frame.at < 0:
                continue
            if frame.at >= card_at:
                attempt.set_reference(reference)
            seen = attempt.observe(frame)
            challenged = challenged or seen.guidance in (Guidance.TURN_LEFT, Guidance.TURN_RIGHT)
            hear(seen.guidance, frame.at)
            if seen.decision is not None:
                return Visit(seen.decision, frame.at, challenged)
            if frame.at >= limit_s:
                return Visit(attempt.give_up(), frame.at, challenged)
    finally:
        camera.stop()
        engine.wipe()
        engine.vault.wipe()


def _attacks(people: Sequence[Person], count: int, tries: int, fps: float = 10.0) -> dict[str, Row]:
    worst: Rate | None = None
    species_rows: dict[str, Row] = {}
    for species in Species:
        passed = sum(attack_passes(one, fps) for one in presentations(species, people, count))
        rate = stats.rate(passed, count)
        species_rows[f"pad.sim_apcer.{species}"] = _row(rate, 0.0)
        if worst is None or rate.value > worst.value:
            worst = rate
    refused = 0
    for person in people:
        for number in range(tries):
            generator = np.random.default_rng([number, 5])
            light = Light(
                ambient=float(generator.uniform(150, 420)),
                front=float(generator.uniform(40, 140)),
                side=float(generator.uniform(-0.5, 0.5)),
                back=float(generator.uniform(150, 900)),
            )
            patient = Patient(standing(person, light=light, seed=number + 1))
            seen = visit(_engine(number), patient.scene, person, limit_s=LIVE_LIMIT_S, fps=15.0, hear=patient.hear)
            refused += not seen.decision.live
    assert worst is not None
    bona_fide = stats.rate(refused, len(people) * tries)
    return {"pad.sim_apcer_max": _row(worst, 0.0), "pad.sim_bpcer": _row(bona_fide, 0.03), **species_rows}


def attack_passes(attack: Presentation, fps: float = 10.0) -> bool:
    """Tell whether an attack reaches its aim: live for an artefact, live and matched where real faces are used."""
    # A swap comes between looking and deciding: the portrait arrives when the other one stands there.
    card_at = attack.facts["at_s"] + attack.facts["pace_s"] if attack.species is Species.SWAP else 0.0
    engine, limit = _engine(attack.seed), ATTACK_LIMIT_S
    seen = visit(engine, lambda t: attack.scene, attack.target, limit_s=limit, fps=fps, card_at=card_at)
    if attack.species in REAL_FACES:
        return seen.decision.failure is None
    return seen.decision.live


# -- speed and light --------------------------------------------------------------------------------------------------


def _speed(people: Sequence[Person]) -> dict[str, Row]:
    """Time from the first good frame to the decision, newest frame wins, camera at 30 frames/s, one thread."""
    engine = _engine()
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


_TRUTH = {"clinic": True, "flicker": True, "dark": False, "side": False, "back": False, "sun": False}


def _light(engine: FaceEngine, people: Sequence[Person], pairs: Path, limit: int = 150) -> dict[str, Row]:
    wrong_ok, bad, wrong_refuse, good = 0, 0, 0, 0
    for person in people:
        for name, fine in _TRUTH.items():
            frame = record(standing(person, light=LIGHTS[name]), 0.1, settle_s=1.0)[-1]
            tracked = Tracker(engine.detector, engine.landmarks).follow(frame.pixels, frame.at)
            refused = tracked is None or (
                light_reason(read_light(tracked.mesh.crop, tracked.mesh.crop_points)) in LIGHT_REASONS
            )
            good, wrong_refuse = good + fine, wrong_refuse + (fine and refused)
            bad, wrong_ok = bad + (not fine), wrong_ok + (not fine and not refused)
    if (pairs / "pairs.txt").is_file():
        report = lights.evaluate(engine, lights.recognised(engine, read_pairs(pairs), limit))
        wrong_ok, bad = wrong_ok + report.false_ok.errors, bad + report.false_ok.trials
        wrong_refuse, good = wrong_refuse + report.false_refuse.errors, good + report.false_refuse.trials
    return {
        "light.false_ok": _row(stats.rate(wrong_ok, bad), 0.01),
        "light.false_refuse": _row(stats.rate(wrong_refuse, good), 0.03),
    }


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


def _against_mediapipe(engine: FaceEngine, people: Sequence[Person]) -> dict[str, Row]:
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
    engine = _engine()
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
    parser.add_argument("--attacks", type=int, default=2)
    parser.add_argument("--tries", type=int, default=2)
    parser.add_argument("--clip", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.clip is not None:
        sys.stdout.write(f"{_clip_ms(chosen.clip)}\n")
        return
    for name, row in measure(chosen.data, chosen.attacks, chosen.tries).items():
        sys.stdout.write(
            f"{name:32} {row['value']:.4g} {row['unit']} [{row['low']:.4g}, {row['high']:.4g}] "
            f"n={row['n']} goal {row['goal']:g}\n"
        )


if __name__ == "__main__":
    main()
