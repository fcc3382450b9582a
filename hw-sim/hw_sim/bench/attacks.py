"""What liveness and light reach: the research set of prints, attacks and visits by virtual people, a light sweep.

``python -m hw_sim.bench.attacks [--data DIR] [--attacks N] [--tries N]`` prints the table; ``measure`` returns it. Rows
whose data is absent are left out. Rates are fractions. Attacks are drawn frame by frame: their number decides the time.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hw_sim.attackers.species import REAL_FACES, Presentation, Species, presentations
from hw_sim.bench.rows import Row, new_engine, print_rows, rate_row
from hw_sim.camera.clip import record
from hw_sim.camera.pace import VirtualPace
from hw_sim.camera.virtual import VirtualCamera
from hw_sim.people.person import Person, load_people
from hw_sim.people.scene import LIGHTS, Key, Light, Scene, Track, Visitor, standing
from reader.face.engine import Decision, FaceEngine
from reader.face.evaluation import light as lights
from reader.face.evaluation import liveness, stats
from reader.face.evaluation.datasets import default_data, read_pairs, read_people
from reader.face.evaluation.stats import Rate
from reader.face.guidance import LIGHT_REASONS, light_reason
from reader.face.light import read_light
from reader.face.tracker import Tracker
from reader.session.vocabulary import Guidance

LIVE_LIMIT_S = 5.0
ATTACK_LIMIT_S = 20.0


def measure(data: Path | None = None, attacks: int = 2, people_tries: int = 2) -> dict[str, Row]:
    """Return every figure that can be measured here, by metric id.

    data: evaluation data, default as ``reader.face.evaluation``. attacks: presentations per species. people_tries:
    visits per virtual person.
    """
    folder = data or default_data()
    engine = new_engine()
    people = load_people()
    rows: dict[str, Row] = {}
    if (folder / "nuaa-dev").is_dir():
        rows.update(_prints(engine, folder / "nuaa-dev"))
    rows.update(_light(engine, people, folder / "lfw-dev"))
    rows.update(_attacks(people, attacks, people_tries))
    return rows


def _prints(engine: FaceEngine, folder: Path) -> dict[str, Row]:
    """Passive evidence alone on NUAA's prints: equal error rate of one frame, and of the mean of ten."""
    rows = {}
    for one in liveness.evaluate(engine, read_people(folder)).species:
        name, goal = ("pad.nuaa_eer_frame", 0.08) if one.frames == 1 else ("pad.nuaa_eer_10", 0.015)
        trials = one.attack.size + one.live.size
        rows[name] = rate_row(stats.rate(round(one.eer * trials), trials), goal) | {"value": one.eer}
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
        species_rows[f"pad.sim_apcer.{species}"] = rate_row(rate, 0.0)
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
            seen = visit(new_engine(number), patient.scene, person, limit_s=LIVE_LIMIT_S, fps=15.0, hear=patient.hear)
            refused += not seen.decision.live
    assert worst is not None
    bona_fide = stats.rate(refused, len(people) * tries)
    return {"pad.sim_apcer_max": rate_row(worst, 0.0), "pad.sim_bpcer": rate_row(bona_fide, 0.03), **species_rows}


def attack_passes(attack: Presentation, fps: float = 10.0) -> bool:
    """Tell whether an attack reaches its aim: live for an artefact, live and matched where real faces are used."""
    # A swap comes between looking and deciding: the portrait arrives when the other one stands there.
    card_at = attack.facts["at_s"] + attack.facts["pace_s"] if attack.species is Species.SWAP else 0.0
    engine, limit = new_engine(attack.seed), ATTACK_LIMIT_S
    seen = visit(engine, lambda t: attack.scene, attack.target, limit_s=limit, fps=fps, card_at=card_at)
    if attack.species in REAL_FACES:
        return seen.decision.failure is None
    return seen.decision.live


# -- light -------------------------------------------------------------------------------------------------------------

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
        "light.false_ok": rate_row(stats.rate(wrong_ok, bad), 0.01),
        "light.false_refuse": rate_row(stats.rate(wrong_refuse, good), 0.03),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--attacks", type=int, default=2)
    parser.add_argument("--tries", type=int, default=2)
    chosen = parser.parse_args()
    print_rows(measure(chosen.data, chosen.attacks, chosen.tries))


if __name__ == "__main__":
    main()
