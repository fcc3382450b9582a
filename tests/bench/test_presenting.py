"""Presentations are played once, kept, taken up again, and counted only where no rule was made by them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hw_sim.attackers.species import Species, presentation
from hw_sim.bench import presenting
from hw_sim.bench.attacks import curves_of, rows_of
from hw_sim.bench.presenting import BONA_FIDE, FRESH, Outcome, keep, load, slices
from hw_sim.people.person import load_people

from reader.face.engine import FaceTry

SWAP = Species.SWAP_AFTER_MATCH


def outcome(
    kind: str, seed: int, *, live: bool, nats: float = 0.0, asked: int = 1, turns: int = 1, frames: int = 10
) -> Outcome:
    cues = {"passive": nats, "frames": frames, "solid": 0.0, "flat": 0.0, "turns": turns}
    return Outcome(kind, seed, live, live, None if live else "K202", 1.0 + seed % 3, nats, asked, cues)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What is really played, instead of playing it."""
    calls: list[tuple[str, int]] = []

    def present(kind: str, seed: int) -> Outcome:
        calls.append((kind, seed))
        return outcome(kind, seed, live=kind == BONA_FIDE)

    monkeypatch.setattr(presenting, "present", present)
    return calls


def test_a_run_cut_short_is_taken_up_where_it_ended(tmp_path: Path, played: list[tuple[str, int]]) -> None:
    kept, kinds = tmp_path / "outcomes.jsonl", [str(Species.PHONE), BONA_FIDE]
    assert list(slices(kept, kinds, 3, FRESH, seconds=-1.0)) == []
    coming = slices(kept, kinds, 3, FRESH, seconds=60.0)
    for _ in range(4):
        next(coming)
    assert len(list(slices(kept, kinds, 3, FRESH, seconds=60.0))) == 2
    assert len(played) == len(set(played)) == 6
    assert [(one.kind, one.seed) for one in load(kept)] == played


def test_outcomes_of_another_rule_are_void_and_none_counts_twice(tmp_path: Path) -> None:
    kept = tmp_path / "outcomes.jsonl"
    keep(kept, outcome(BONA_FIDE, FRESH, live=True))
    lines = kept.read_text("utf-8").splitlines()
    kept.write_text(
        "\n".join([*lines, *lines, json.dumps({**json.loads(lines[0]), "rule": "of yesterday"})]) + "\n", "utf-8"
    )
    assert len(load(kept)) == 1


def test_a_rule_is_its_statements_and_not_what_is_said_about_them() -> None:
    said = 'def decide(cues):\n    """Why."""\n    return cues > 3  # because\n'
    assert presenting.statements(said) == presenting.statements("def decide(cues):\n    return cues > 3\n")
    assert presenting.statements(said) != presenting.statements(said.replace("3", "4"))


def test_only_fresh_seeds_count_and_the_worst_species_is_named() -> None:
    outcomes = [
        outcome(BONA_FIDE, 5, live=False),
        outcome(BONA_FIDE, FRESH, live=True),
        outcome(BONA_FIDE, FRESH + 1, live=False),
        *(outcome(Species.PHONE, FRESH + number, live=number == 0) for number in range(4)),
        *(outcome(Species.VIDEO, FRESH + number, live=False) for number in range(9)),
    ]
    rows = rows_of(outcomes)
    assert rows["pad.sim_apcer.phone-photo"]["value"] == 0.25
    assert rows["pad.sim_apcer.video-replay"]["n"] == 9
    assert rows["pad.sim_apcer_max"]["value"] == 0.25
    assert (rows["pad.sim_bpcer"]["value"], rows["pad.sim_bpcer"]["n"]) == (0.5, 2)


def test_how_long_and_how_often_asked_is_told_of_honest_people_and_what_could_not_be_judged_of_attacks() -> None:
    rows = rows_of(
        [
            *(outcome(BONA_FIDE, FRESH + number, live=True, asked=int(number > 0)) for number in range(3)),
            *(outcome(Species.PHONE, FRESH + number, live=False, frames=4 if number else 10) for number in range(4)),
        ]
    )
    assert rows["pad.sim_asked"]["value"] == pytest.approx(2 / 3)
    assert (rows["pad.sim_live_s"]["value"], rows["pad.sim_live_s"]["n"]) == (2.0, 3)
    assert (rows["pad.sim_apnrr"]["value"], rows["pad.sim_apnrr"]["n"]) == (0.75, 4)


def test_without_a_pass_the_species_known_least_is_the_worst() -> None:
    few = [outcome(Species.PHONE, FRESH + number, live=False) for number in range(3)]
    many = [outcome(Species.VIDEO, FRESH + number, live=False) for number in range(30)]
    assert rows_of([*few, *many])["pad.sim_apcer_max"]["n"] == 3


def test_the_trade_off_needs_both_sides() -> None:
    attacks = [outcome(Species.PHONE, FRESH + number, live=False, nats=-5.0) for number in range(3)]
    assert curves_of(attacks) == {}
    honest = [outcome(BONA_FIDE, FRESH + number, live=True, nats=6.0) for number in range(3)]
    assert curves_of([*attacks, *honest])["phone-photo"].equal_error[0] == 0.0
    lifelike = [outcome(Species.PHONE, FRESH + number, live=False, nats=9.0, turns=0) for number in range(3)]
    assert curves_of([*lifelike, *honest])["phone-photo"].equal_error[0] == 0.0, "no evidence alone would let it pass"


def test_somebody_honest_is_live_within_the_time_and_a_photograph_is_not() -> None:
    somebody = presenting.present(BONA_FIDE, FRESH)
    assert somebody.live
    assert somebody.seconds <= presenting.LIVE_LIMIT_S
    photograph = presenting.present(Species.IC_PHOTO, FRESH)
    assert not photograph.passed
    assert photograph.evidence < somebody.evidence


def test_a_match_does_not_outlast_the_person_and_would_without_looking_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's head comes before that of whoever was matched, so that the track goes on."""
    first, second, *_ = load_people()
    swaps = (seed for seed in range(FRESH, FRESH + 50) if presentation(SWAP, first, second, seed).facts["overtake"])
    seed = next(swaps)
    assert not presenting.present(SWAP, seed).passed
    monkeypatch.setattr(FaceTry, "_make_sure", lambda *frame, **repeated: None)
    assert presenting.present(SWAP, seed).passed
