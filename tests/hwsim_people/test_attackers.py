"""Attacks: every species, as many as are asked for, each its own, all repeatable."""

from __future__ import annotations

import numpy as np
import pytest
from hw_sim.attackers.held import HeldPrint, HeldScreen
from hw_sim.attackers.species import REAL_FACES, Species, presentation, presentations
from hw_sim.people.person import Person
from hw_sim.people.render import render
from hw_sim.people.scene import Visitor
from hw_sim.people.sensor import Exposure

from reader.face.detector import FaceDetector

USUAL = Exposure(20_000.0, 2.5)


@pytest.mark.parametrize("species", list(Species))
def test_the_same_seed_gives_the_same_attack_and_another_seed_another(
    people: tuple[Person, ...], species: Species
) -> None:
    first, again, other = (presentation(species, people[1], people[2], seed) for seed in (4, 4, 5))
    assert first.facts == again.facts
    assert first.facts != other.facts
    assert np.array_equal(render(first.scene, 0.4, USUAL), render(again.scene, 0.4, USUAL))


@pytest.mark.parametrize("species", [Species.PRINT_FLAT, Species.SHOULDER, Species.SWAP])
def test_a_hundred_and_fifty_attacks_of_a_species_differ_and_go_round_everybody(
    people: tuple[Person, ...], species: Species
) -> None:
    every = list(presentations(species, people, 150 if species in REAL_FACES else 12))
    assert len({tuple(one.facts.values()) for one in every}) == len(every)
    assert {one.target.id for one in every} == {person.id for person in people}
    assert all(one.target is not one.attacker for one in every)
    assert len({(one.target.id, one.attacker.id) for one in every}) > len(people)


def test_an_attack_needs_two_people(somebody: Person) -> None:
    with pytest.raises(ValueError, match="two people"):
        next(presentations(Species.PRINT_FLAT, [somebody]))


@pytest.mark.parametrize("species", [one for one in Species if one not in REAL_FACES])
def test_artefacts_show_a_face_that_the_kiosk_finds(
    people: tuple[Person, ...], species: Species, detector: FaceDetector
) -> None:
    seen = [bool(detector.find(render(one.scene, 0.5, USUAL))) for one in presentations(species, people[:4], 4, seed=7)]
    assert sum(seen) >= 3


def test_an_artefact_is_held_by_a_hand_that_is_never_still(people: tuple[Person, ...]) -> None:
    for species in (Species.PRINT_FLAT, Species.PHONE, Species.VIDEO):
        held = presentation(species, people[0], people[1], 3).scene.actors[-1]
        assert isinstance(held, HeldPrint | HeldScreen)
        poses = [held.pose(t / 10) for t in range(10)]
        assert len(set(poses)) == len(poses)


def test_a_video_replay_moves_and_blinks_where_a_photograph_on_a_screen_does_not(people: tuple[Person, ...]) -> None:
    def changes(species: Species) -> int:
        held = presentation(species, people[1], people[2], 6).scene.actors[-1]
        assert isinstance(held, HeldScreen)
        return len({held.frame(t / 30).tobytes() for t in range(20)})

    assert changes(Species.VIDEO) > 10
    assert changes(Species.TABLET) == 1


def test_cut_out_eyes_let_the_attackers_own_eyes_blink_through(people: tuple[Person, ...]) -> None:
    one = presentation(Species.PRINT_CUT_EYES, people[3], people[1], 2)
    behind, held = one.scene.actors
    assert isinstance(behind, Visitor)
    assert isinstance(held, HeldPrint)
    holes = held.picture.rgba[..., 3][200:-200, 200:-200] == 0
    assert holes.any()
    assert any((pose := behind.pose(t / 20)) is not None and pose.blink > 0.9 for t in range(200))


def test_over_the_shoulder_the_card_holder_is_behind_and_after_a_swap_gone_or_covered(
    people: tuple[Person, ...],
) -> None:
    shoulder = presentation(Species.SHOULDER, people[0], people[1], 1).scene
    near = {
        actor.person.id: pose for actor in shoulder.actors if isinstance(actor, Visitor) and (pose := actor.pose(0))
    }
    assert near[people[0].id].distance_mm > near[people[1].id].distance_mm + 100
    swap = presentation(Species.SWAP, people[0], people[1], 1)
    end = swap.facts["at_s"] + swap.facts["pace_s"] + 0.1
    first, second = (actor for actor in swap.scene.actors if isinstance(actor, Visitor))
    assert second.pose(0.5) is None
    before, after, came = first.pose(0.5), first.pose(end), second.pose(end)
    assert before is not None
    assert came is not None
    assert abs(came.x_mm) < 40
    assert swap.facts["overtake"] or (after is not None and abs(after.x_mm) > 400)


def test_a_bent_print_is_lit_unevenly_where_a_flat_one_is_not(people: tuple[Person, ...]) -> None:
    bent = presentation(Species.PRINT_BENT, people[1], people[2], 8)
    flat = presentation(Species.PRINT_FLAT, people[1], people[2], 8)
    assert abs(bent.facts["bend"]) > 20 > 4 * abs(flat.facts["bend"]) / 2
