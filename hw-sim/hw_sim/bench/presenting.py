"""Presentations before the whole engine in virtual time: attackers and honest people who do what the kiosk asks.

One presentation is one face try, from the first frame to the decision, with the kiosk's own light loop on the camera.
Frames come ten times a second, as a busy Raspberry Pi 4 manages. Outcomes are kept in a JSON file as they come, so
that a long run can be cut into slices and taken up again; a file made by another liveness rule is not taken up.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import inspect
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from hw_sim.attackers.species import REAL_FACES, Species, presentation
from hw_sim.bench.rows import new_engine
from hw_sim.camera.pace import VirtualPace
from hw_sim.camera.virtual import VirtualCamera
from hw_sim.people.heeding import Heeding
from hw_sim.people.person import Person, evaluation_people, load_people
from hw_sim.people.scene import Accessory, Life, Light, Pose, Scene, Visitor, from_the_slot, still
from reader.face import manifest
from reader.face.embedder import Embedding
from reader.face.engine import SURE_FOR_S, Decision, FaceEngine, FaceTry
from reader.face.evaluation.datasets import default_data
from reader.face.image import Pixels
from reader.face.liveness import rule
from reader.face.liveness.challenge import KINDS as TURNS
from reader.kiosk.light import LightLoop
from reader.session.table import FACE_TRY_S

OUTCOMES = Path("out/pad/outcomes.jsonl")
FPS = 10.0
_PATIENT_S, _SLOW_S = 6.0, 0.2  # a try that drags on is looked at more seldom: two frames of three are left out
_STUCK_S, _STUCK_WAIT_S = 1.5, 0.4  # and one in which no frame has been good for anything, twice a second
LIVE_LIMIT_S = 5.0
BONA_FIDE = "bona-fide"
STRANGERS = "bona-fide-research-set"
KINDS = (*Species, BONA_FIDE, STRANGERS)
FRESH = 29_000  # seeds from here on are only reported on; those below have seen the rule being made


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one presentation ended.

    seconds: from the first frame to the decision. evidence: nats at that moment. asked: movements asked for.
    cues: the scores of every cue then.
    """

    kind: str
    seed: int
    live: bool
    passed: bool
    failure: str | None
    seconds: float
    evidence: float
    asked: int
    cues: Mapping[str, float]


class _Anybody:
    """Stands in for the comparison nets where an artefact is shown: whatever counts as live would also match."""

    def embed(self, aligned: Pixels) -> Embedding:
        """Return always the same unit vector."""
        return np.full(4, 0.5, np.float32)


def attack(species: Species, seed: int, people: Sequence[Person]) -> Outcome:
    """Present attack number ``seed`` of a species. It passes when what it shows is live and matched."""
    target = people[seed % len(people)]
    attacker = people[(seed + 1 + seed // len(people) % (len(people) - 1)) % len(people)]
    if species is Species.SWAP_AFTER_MATCH:
        return _swapped_after_match(target, attacker, seed)
    one = presentation(species, target, attacker, seed)
    # A swap comes between looking and deciding: the portrait arrives when the other one stands there.
    card_at = one.facts["at_s"] + one.facts["pace_s"] if species is Species.SWAP else 0.0
    real = species in REAL_FACES
    told = _try(_engine(seed, real_faces=real), Heeding(one.scene, seed), target, FACE_TRY_S, card_at)
    if told.live and not real:
        # Whoever holds the thing is alive too: compared for once, it shows whose face was taken for living.
        told = _try(_engine(seed, real_faces=True), Heeding(one.scene, seed), target, FACE_TRY_S, card_at)
    return _outcome(str(species), seed, told, passed=told.matched_too)


def _swapped_after_match(target: Person, attacker: Person, seed: int) -> Outcome:
    """Let the holder be matched and somebody else take the place. It passes when the match still stands after that."""
    species = Species.SWAP_AFTER_MATCH
    alone = presentation(species, target, attacker, seed, matched_at=FACE_TRY_S)
    told = _try(_engine(seed, real_faces=True), Heeding(alone.scene, seed), target, FACE_TRY_S, 0.0)
    if not told.matched_too:
        return _outcome(str(species), seed, told, passed=False)
    one = presentation(species, target, attacker, seed, matched_at=told.seconds)
    there = one.facts["at_s"] + one.facts["pace_s"]
    until = there + SURE_FOR_S + 2 / FPS
    scene = Heeding(one.scene, seed)
    told = _try(_engine(seed, real_faces=True), scene, target, until, 0.0, goes_on=True)
    return _outcome(str(species), seed, told, passed=told.matched_too)


def honest(kind: str, seed: int, person: Person) -> Outcome:
    """Let somebody stand before the kiosk with their own card. Passes when live within the time allowed."""
    told = _try(_engine(seed, real_faces=True), Heeding(at_reception(person, seed), seed), person, LIVE_LIMIT_S, 0.0)
    return _outcome(kind, seed, told, passed=told.live)


def at_reception(person: Person, seed: int) -> Scene:
    """Return somebody who has just looked down at the card and now looks up, in a room and light of their own."""
    draw = np.random.default_rng([seed, 5])
    light = Light(
        ambient=float(draw.uniform(150, 420)),
        front=float(draw.uniform(40, 140)),
        side=float(draw.uniform(-0.5, 0.5)),
        back=float(draw.uniform(150, 900)),
    )
    stand = Pose(
        x_mm=float(draw.normal(0, 15)),
        y_mm=float(draw.normal(0, 12)),
        distance_mm=float(draw.uniform(370, 560)),
        yaw=float(draw.normal(0, 4)),
        pitch=float(draw.normal(0, 4)),
        roll=float(draw.normal(0, 3)),
    )
    wears = frozenset({Accessory.GLASSES}) if draw.random() < 0.3 else frozenset()
    path = from_the_slot(stand, float(draw.uniform(0.2, 0.6)))
    visitor = Visitor(person, path, Life(seed + 1, liveliness=float(draw.uniform(0.5, 1.6))), wears)
    return Scene((visitor,), still(light), room=seed, seed=seed)


@cache
def _opened(*, real_faces: bool) -> FaceEngine:
    engine = new_engine()
    if not real_faces:
        engine.embedder = _Anybody()
    return engine


def _engine(seed: int, *, real_faces: bool) -> FaceEngine:
    """Return the engine, opened once, with challenges drawn from ``seed``."""
    engine = _opened(real_faces=real_faces)
    engine.rng = random.Random(seed)
    return engine


@dataclass(frozen=True, slots=True)
class _Told:
    live: bool
    matched_too: bool
    failure: str | None
    seconds: float
    evidence: float
    asked: int
    cues: Mapping[str, float]


def _try(
    engine: FaceEngine, scene: Heeding, card_of: Person, limit_s: float, card_at: float, *, goes_on: bool = False
) -> _Told:
    """Show a scene until the kiosk decides, or with ``goes_on`` until it refuses or ``limit_s`` is over."""
    pace = VirtualPace(-0.3)
    camera = VirtualCamera(pace=pace, fps=FPS)
    camera.look_at(scene, since=0.0)
    camera.start()
    loop = LightLoop()
    reference = engine.enroll(card_of.ic_photo())
    attempt = engine.begin(0.0)
    asked, said = 0, None
    try:
        while True:
            if pace.now() > _STUCK_S and not attempt.cues.frames:
                pace.wait_until(pace.now() + _STUCK_WAIT_S)
            elif pace.now() > _PATIENT_S:
                pace.wait_until(pace.now() + _SLOW_S)
            frame = camera.capture(1.0)
            if frame.at < -1e-9:
                continue
            if frame.at >= card_at:
                attempt.set_reference(reference)
            seen = attempt.observe(frame)
            if seen.light is not None:
                wish = loop.answer(seen.box, seen.light.face, seen.light.background, frame.at)
                if wish is not None:
                    camera.adjust(wish)
            scene.hear(seen.guidance, frame.at)
            asked += seen.guidance in TURNS and seen.guidance is not said
            said = seen.guidance
            decided = seen.decision is not None and not (goes_on and seen.decision.failure is None)
            if decided or frame.at >= limit_s:
                return _told(engine, attempt, seen.decision, frame.at, asked)
    finally:
        camera.stop()
        engine.wipe()
        engine.vault.wipe()


def _told(engine: FaceEngine, attempt: FaceTry, decision: Decision | None, at: float, asked: int) -> _Told:
    """Return how a try ended; without a decision in time it counts as live when it looks so by then."""
    if decision is None:
        live, both = rule.verdict(attempt.cues, engine.weights) is rule.Verdict.LIVE, False
    else:
        live, both = decision.live, decision.failure is None
    failure = None if decision is None or decision.failure is None else str(decision.failure)
    nats, cues = _evidence(engine, attempt)
    return _Told(live, both, failure, at, nats, asked, cues)


def _evidence(engine: FaceEngine, attempt: FaceTry) -> tuple[float, dict[str, float]]:
    cues = attempt.cues
    scores = {name: float(value) for name, value in asdict(cues).items() if name != "answers"}
    scores["turns"] = float(sum(rule.turned(answer) for answer in cues.answers))
    scores["turn_depth"] = max((answer.depth for answer in cues.answers), default=0.0)
    return rule.evidence(cues, engine.weights), scores


def _outcome(kind: str, seed: int, told: _Told, *, passed: bool) -> Outcome:
    cues = {name: round(value, 4) for name, value in told.cues.items()}
    return Outcome(
        kind, seed, told.live, passed, told.failure, round(told.seconds, 2), round(told.evidence, 3), told.asked, cues
    )


# -- long runs in slices -----------------------------------------------------------------------------------------------


_DECIDING = (
    *("bands", "detector", "engine", "geometry", "guidance", "image", "landmarks", "light", "template", "tracker"),
    *("liveness/border", "liveness/challenge", "liveness/motion", "liveness/passive", "liveness/rule"),
    "../kiosk/light",
)
_NETS = ("face_detector", "face_landmarks", "pad")


@cache
def rule_version() -> str:
    """Return a short hash of the nets and the code that decide: outcomes of another rule are other outcomes."""
    models, home = manifest.load().models, Path(inspect.getfile(manifest)).parent
    parts = [models[name].sha256 for name in _NETS]
    parts += [statements((home / f"{name}.py").read_text("utf-8")) for name in _DECIDING]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def statements(code: str) -> str:
    """Return Python code without comments and docstrings: they decide nothing."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.unparse(tree)


def load(path: Path) -> list[Outcome]:
    """Return the outcomes kept in ``path``, one of each presentation, none where the rule has changed since."""
    version = rule_version()
    found: dict[tuple[str, int], Outcome] = {}
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        fields: dict[str, Any] = json.loads(line)
        if fields.pop("rule") == version:
            found[fields["kind"], fields["seed"]] = Outcome(**fields)
    return list(found.values())


def keep(path: Path, outcome: Outcome) -> None:
    """Add an outcome to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"rule": rule_version(), **asdict(outcome)}) + "\n")


@cache
def _everybody() -> tuple[Person, ...]:
    return load_people()


_STRANGERS, _APART = 150, 13  # people of the evaluation data, and folders from one to the next


@lru_cache(maxsize=8)
def _stranger(number: int) -> Person:
    """Return somebody of the evaluation data, the same for the same number. Raises PhotosMissing."""
    return next(evaluation_people(default_data() / "lfw-dev" / "images", 1, skip=number % _STRANGERS * _APART))


def present(kind: str, seed: int) -> Outcome:
    """Run one presentation of a species, or one honest visit. Raises PhotosMissing without the evaluation data."""
    if kind == STRANGERS:
        return honest(kind, seed, _stranger(seed))
    people = _everybody()
    return honest(kind, seed, people[seed % len(people)]) if kind == BONA_FIDE else attack(Species(kind), seed, people)


def slices(path: Path, kinds: Sequence[str], count: int, first: int, seconds: float) -> Iterator[Outcome]:
    """Run what is still missing of ``count`` presentations of each kind, kinds in turn, for at most ``seconds``."""
    done = {(one.kind, one.seed) for one in load(path)}
    end = time.monotonic() + seconds
    for number in range(count):
        for kind in kinds:
            if (kind, first + number) in done:
                continue
            if time.monotonic() >= end:
                return
            outcome = present(kind, first + number)
            keep(path, outcome)
            yield outcome


def main() -> None:
    """Run a slice and say how each presentation ended."""
    parser = argparse.ArgumentParser(prog="python -m hw_sim.bench.presenting", description=__doc__)
    parser.add_argument("--kinds", default=",".join(KINDS), help="species and honest people, with commas")
    parser.add_argument("--count", type=int, default=150, help="presentations of each kind")
    parser.add_argument("--first", type=int, default=FRESH, help=f"first seed; from {FRESH} on they are reported")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after this long; the next run goes on")
    parser.add_argument("--out", type=Path, default=OUTCOMES)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    for one in slices(chosen.out, chosen.kinds.split(","), chosen.count, chosen.first, chosen.seconds):
        how = f"{'PASSED' if one.passed else 'refused':7} after {one.seconds:4.1f} s, {one.evidence:+6.2f} nats"
        print(f"{one.kind:24} {one.seed:6} {how}, asked {one.asked}, {one.failure}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
