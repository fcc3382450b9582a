"""People answer guidance as people do: a little late, in the direction asked, once."""

from __future__ import annotations

import numpy as np
import pytest
from hw_sim.attackers.species import Species, presentation
from hw_sim.people.heeding import Heeding
from hw_sim.people.person import Person
from hw_sim.people.scene import STILL, Pose, Scene, Visitor, still

from reader.session.vocabulary import Guidance


def track(heeding: Heeding, of: str, actor: int = -1) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = []
    for t in np.arange(0.0, 6.0, 0.05):
        pose = heeding(float(t)).actors[actor].pose(float(t))
        assert pose is not None
        values.append(getattr(pose, of))
    return np.array(values)


@pytest.mark.parametrize(
    ("word", "of", "way", "returns"),
    [
        (Guidance.TURN_LEFT, "yaw", 1.0, True),
        (Guidance.TURN_RIGHT, "yaw", -1.0, True),
        (Guidance.COME_CLOSER, "distance_mm", -1.0, False),
        (Guidance.STEP_BACK, "distance_mm", 1.0, False),
        (Guidance.MOVE_LEFT, "x_mm", 1.0, False),
        (Guidance.BLINK, "blink", 1.0, True),
    ],
)
def test_a_word_is_answered_late_the_right_way_and_once(
    somebody: Person, word: Guidance, of: str, way: float, returns: bool
) -> None:
    heeding = Heeding(Scene((Visitor(somebody, still(Pose()), STILL),)))
    for t in (0.0, 0.1, 0.2):
        heeding.hear(word, t)
    moved = way * (track(heeding, of) - getattr(Pose(), of))
    assert moved[:8].max() == 0.0, "nobody reacts within 0.4 s"
    assert moved.max() == pytest.approx({"yaw": 23.0, "distance_mm": 90.0, "x_mm": 60.0, "blink": 1.0}[of], rel=0.02)
    assert moved.min() >= 0.0
    assert moved[-1] == pytest.approx(0.0 if returns else moved.max(), abs=1e-6)


def test_whoever_is_asked_to_look_straight_does_so_and_stays(somebody: Person) -> None:
    heeding = Heeding(Scene((Visitor(somebody, still(Pose(yaw=8.0, pitch=-12.0)), STILL),)))
    heeding.hear(Guidance.LOOK_STRAIGHT, 0.0)
    yaw, pitch = track(heeding, "yaw"), track(heeding, "pitch")
    assert (yaw[0], pitch[0]) == (8.0, -12.0)
    assert (yaw[-1], pitch[-1]) == (pytest.approx(1.6), pytest.approx(-2.4)), "as straight as people are"


def test_a_word_without_movement_moves_nobody(somebody: Person) -> None:
    scene = Scene((Visitor(somebody, still(Pose()), STILL),))
    heeding = Heeding(scene)
    heeding.hear(None, 0.0)
    heeding.hear(Guidance.KEEP_LOOKING, 0.0)
    assert heeding(2.0) is scene


def test_a_print_is_put_away_while_its_holder_turns_and_is_there_again_after(people: tuple[Person, ...]) -> None:
    attack = presentation(Species.PRINT_PUT_AWAY, people[1], people[2], 3)
    plain, heeding = Heeding(attack.scene), Heeding(attack.scene)
    heeding.hear(Guidance.TURN_LEFT, 0.0)
    lowered = track(heeding, "y_mm") - track(plain, "y_mm")
    turned = track(heeding, "yaw", 0) - track(plain, "yaw", 0)
    assert lowered[:3].max() == 0.0
    assert lowered[-1] == pytest.approx(0.0)
    assert turned.max() == pytest.approx(23.0, rel=0.02)
    assert lowered[turned > 0.5].min() > 400.0


def test_whoever_holds_a_print_turns_the_print(people: tuple[Person, ...]) -> None:
    attack = presentation(Species.PRINT_FLAT, people[1], people[2], 3)
    plain, heeding = Heeding(attack.scene), Heeding(attack.scene)
    heeding.hear(Guidance.TURN_LEFT, 0.0)
    assert (track(heeding, "yaw") - track(plain, "yaw")).max() == pytest.approx(23.0, rel=0.02)


def test_some_hold_it_aside_and_bring_it_back_where_that_is_asked_but_keep_their_own_head_straight(
    people: tuple[Person, ...],
) -> None:
    attack = presentation(Species.PRINT_FLAT, people[1], people[2], 3)
    seed = 3  # every fourth
    plain, held = track(Heeding(attack.scene), "yaw"), track(Heeding(attack.scene, seed), "yaw")
    aside = held - plain
    assert np.ptp(aside) == pytest.approx(0.0, abs=1e-6)
    assert 12.0 <= abs(aside[0]) <= 28.0
    heeding = Heeding(attack.scene, seed)
    back = Guidance.TURN_RIGHT if aside[0] > 0 else Guidance.TURN_LEFT
    heeding.hear(back, 0.0)
    brought = (track(heeding, "yaw") - plain) * np.sign(aside[0])
    assert brought[:8] == pytest.approx(abs(aside[0]))
    assert -46.0 <= brought.min() <= 1e-6, "to straight ahead or across"
    person = Scene((Visitor(people[1], still(Pose()), STILL),))
    assert Heeding(person, seed)(1.0).actors[0].pose(1.0) == person.actors[0].pose(1.0)
