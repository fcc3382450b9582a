"""The light sweep before the virtual camera: rooms go dim, windows bright, lamps and the sun to one side.

Auto exposure and the kiosk's light loop do first what they can, as at reception; what is left is judged as in
``reader.face.evaluation.light``.
"""

from __future__ import annotations

import numpy as np

from hw_sim.camera.pace import VirtualPace
from hw_sim.camera.virtual import VirtualCamera
from hw_sim.people.person import Person, load_people
from hw_sim.people.scene import Life, Light, Pose, Scene, Visitor, still
from reader.face import geometry
from reader.face.engine import FaceEngine
from reader.face.evaluation.light import GOOD, Judged, half_of, is_lost, judge
from reader.face.landmarks import Mesh
from reader.face.light import read_light
from reader.face.tracker import Tracker
from reader.kiosk.light import LightLoop
from reader.vault import overwrite

SETTLE_S, FPS = 1.6, 10.0
ROOMS: tuple[tuple[str, float, Light], ...] = (
    (GOOD, 0.0, Light()),
    *(("room dim", lux, Light(ambient=lux, front=lux / 3, back=lux)) for lux in (60.0, 20.0, 8.0, 3.0, 1.0, 0.3)),
    *(("room back", lux, Light(ambient=140.0, front=30.0, back=lux)) for lux in (2e3, 6e3, 2e4, 6e4)),
    *(("room side", side, Light(ambient=300.0, front=15.0, side=side, back=300.0)) for side in (0.4, 0.7, 0.9, 1.0)),
    *(("room sun", lux, Light(ambient=500.0, back=2e3, direct_sun=lux)) for lux in (1e3, 4e3, 1.4e4, 5e4)),
)


def sweep(engine: FaceEngine, rounds: int = 1, first: int = 0) -> list[Judged]:
    """Put every virtual person into every room, ``rounds`` times; those lost in good light are left out."""
    judged: list[Judged] = []
    for person in load_people():
        reference = engine.vault.get(engine.enroll(person.ic_photo()))
        assert isinstance(reference, np.ndarray)
        for number in range(first, first + rounds):
            half = half_of(f"{person.id} {number}")
            pixels, mesh = _seen(engine, person, ROOMS[0][2], number)
            if mesh is None or is_lost(engine, pixels, mesh, reference):
                continue
            judged.append(judge(engine, pixels, mesh, reference, half, GOOD, 0.0))
            for name, strength, light in ROOMS[1:]:
                pixels, mesh = _seen(engine, person, light, number)
                judged.append(judge(engine, pixels, mesh, reference, half, name, strength))
        engine.vault.wipe()
    return judged


def _seen(engine: FaceEngine, person: Person, light: Light, number: int) -> tuple[np.ndarray, Mesh | None]:
    """Return a frame, and its mesh, after camera and light loop had time to settle."""
    random = np.random.default_rng([number, 17])
    pose = Pose(float(random.normal(0, 12)), float(random.normal(0, 10)), float(random.uniform(380, 540)))
    scene = Scene(
        (Visitor(person, still(pose), Life(number + 1, blinks=False)),), still(light), room=number, seed=number
    )
    camera = VirtualCamera(pace=VirtualPace(0.0), fps=FPS)
    camera.look_at(scene, since=0.0)
    camera.start()
    tracker, loop = Tracker(engine.detector, engine.landmarks), LightLoop()
    while True:
        frame = camera.capture(1.0)
        tracked = tracker.follow(frame.pixels, frame.at)
        if frame.at >= SETTLE_S:
            tracker.forget()
            return frame.pixels, None if tracked is None else tracked.mesh
        if tracked is None:
            continue
        seen = read_light(tracked.mesh.crop, tracked.mesh.crop_points)
        height, width = frame.pixels.shape[:2]
        x, y, w, h = geometry.box(tracked.mesh.points)
        wish = loop.answer((x / width, y / height, w / width, h / height), seen.face, seen.background, frame.at)
        overwrite(tracked.mesh.crop)
        if wish is not None:
            camera.adjust(wish)
