"""What the experimental cue of the kiosk's own light tells apart in the simulator: living faces, screens, paper.

``python -m hw_sim.bench.own_light [--count N]`` prints, for each species, the scores' median and the equal error rate
against living faces. One presentation is the first seconds of a face try, with the kiosk's own light loop.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from hw_sim.attackers.species import Species, presentation
from hw_sim.bench.presenting import FPS, at_reception
from hw_sim.bench.rows import new_engine
from hw_sim.camera.pace import VirtualPace
from hw_sim.camera.virtual import VirtualCamera
from hw_sim.people.heeding import Heeding
from hw_sim.people.person import Person, load_people
from hw_sim.people.scene import Scene
from reader.devices.ports import LightRequest
from reader.face.engine import FaceEngine
from reader.face.evaluation import stats
from reader.face.liveness.own_light import PAIRS, STEP_S, OwnLightCue
from reader.kiosk.light import LightLoop

SECONDS = 1.0 + 2 * PAIRS * STEP_S
SCREENS = (Species.PHONE, Species.TABLET, Species.VIDEO)
PAPER = (Species.PRINT_FLAT, Species.PRINT_BENT, Species.IC_PHOTO)
FIRST = 31_000


def score(engine: FaceEngine, scene: Scene, seed: int) -> float | None:
    """Return the cue's score after ``SECONDS`` before the kiosk, None where no face was measured in time."""
    camera = VirtualCamera(pace=VirtualPace(-0.3), fps=FPS)
    camera.look_at(Heeding(scene, seed), since=0.0)
    camera.start()
    loop, wanted, cue = LightLoop(), LightRequest(), OwnLightCue(random.Random(seed), 0.0)
    attempt = engine.begin(0.0)
    try:
        while (frame := camera.capture(1.0)).at < SECONDS:
            seen = attempt.observe(frame)
            if seen.light is not None:
                wanted = loop.answer(seen.box, seen.light.face, seen.light.background, frame.at) or wanted
            cue.add(seen.light, frame.at)
            camera.adjust(replace(wanted, fill=cue.level(wanted.fill, frame.at)))
    finally:
        camera.stop()
        engine.wipe()
        engine.vault.wipe()
    return cue.score


def scores(engine: FaceEngine, species: Species | None, people: Sequence[Person], count: int) -> list[float]:
    """Return the scores of ``count`` presentations; None stands for living people."""
    found = []
    for seed in range(FIRST, FIRST + count):
        person, other = people[seed % len(people)], people[(seed + 1) % len(people)]
        scene = at_reception(person, seed) if species is None else presentation(species, person, other, seed).scene
        one = score(engine, scene, seed)
        if one is not None:
            found.append(one)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m hw_sim.bench.own_light", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=24, help="presentations of each kind")
    count = parser.parse_args().count
    cv2.setNumThreads(1)
    engine, people = new_engine(), load_people()
    living = np.array(scores(engine, None, people, count))
    print(f"living          median {np.median(living):+.2f} stops, n {living.size} of {count}", flush=True)  # noqa: T201
    for species in (*SCREENS, *PAPER):
        shown = np.array(scores(engine, species, people, count))
        if not shown.size:
            print(f"{species:15} of none was there time to measure the light", flush=True)  # noqa: T201
            continue
        error = stats.curve(living, shown).equal_error[0]
        said = f"median {np.median(shown):+.2f} stops, n {shown.size} of {count}, EER {error:.1%}"
        print(f"{species:15} {said}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
