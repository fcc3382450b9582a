"""What the bench must be able to print, and that each figure is measured by a part that exists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hw_sim.bench import card, outbox, stages
from hw_sim.bench.figures import FIGURES, figure_of, of_part
from hw_sim.bench.parts import GROUPS, PARTS
from hw_sim.bench.result import empty

BASELINE = Path(__file__).parents[2] / "docs" / "bench" / "baseline.json"
PROMISED = {
    "card.link_overhead", "card.apdus", "ocr.right", "ocr.wrong", "kill.lost", "kill.twice", "path.verified_over_link",
    "face.pipeline_over_mediapipe", "face.lfw_fnmr_1e4", "face.lfw_ic_fnmr_1e4", "face.nuaa_fmr", "face.nuaa_fnmr",
    "face.decision_ms", "light.false_ok", "light.false_refuse", "pad.nuaa_eer_frame", "pad.nuaa_eer_10",
    "pad.sim_apcer_max", "pad.sim_bpcer", "ui.frame_p99_ms", "ui.idle_cpu", "outbox.commits_per_s", "fleet.lost",
    "fleet.twice", "fleet.p99_ms", "flow.patients_per_hour", "flow.taps_returning", "flow.taps_new", "start.ready_s",
    "mem.rss_mb", "wheel.mb",
}  # fmt: skip


def test_every_promised_figure_is_declared_by_itself() -> None:
    assert {figure.name for figure in FIGURES} >= PROMISED


def test_the_committed_baseline_holds_every_promised_figure_in_the_promised_form() -> None:
    baseline = json.loads(BASELINE.read_text("utf-8"))
    assert set(baseline) >= {"machine", "at", "metrics"}
    assert set(baseline["metrics"]) >= PROMISED
    for name, row in baseline["metrics"].items():
        assert set(row) == {"value", "unit", "n", "low", "high", "goal"}, name
        assert figure_of(name) is not None, f"{name} is measured no more"


def test_peers_are_measured_at_least_two() -> None:
    peers = {figure.name.split(".")[1] for figure in FIGURES if figure.part == "peers"} - {"kaopi"}
    assert "face_recognition" in peers
    assert len(peers) >= 2


def test_no_figure_is_declared_twice_and_each_has_a_part_that_can_be_asked_for() -> None:
    names = [figure.name for figure in FIGURES]
    assert len(names) == len(set(names))
    assert {figure.part for figure in FIGURES} == set(PARTS)


def test_a_group_is_of_parts() -> None:
    assert all(set(parts) <= set(PARTS) for parts in GROUPS.values())
    assert not set(GROUPS) & set(PARTS)


def test_every_part_declares_what_it_measures() -> None:
    assert all(of_part(part) for part in PARTS)


def test_a_member_of_a_family_belongs_to_the_narrowest_one() -> None:
    bent = figure_of("pad.sim_apcer.bent_print")
    assert bent is not None
    assert bent.name == "pad.sim_apcer.*"
    assert figure_of("weather.rain_mm") is None


def test_every_figure_says_in_words_what_it_is() -> None:
    assert all(len(figure.says) > 15 for figure in FIGURES)


def test_quick_parts_measure_all_they_declare() -> None:
    """take() refuses an undeclared figure and a row that rests on nothing; what is missing ends up in ``absent``."""
    result = empty()
    result.take("outbox", outbox.measure(count=200))
    result.take("card", card.measure(n=1))
    result.take("stages", stages.measure(seconds=0.1))
    assert result.absent == {}
    assert set(result.metrics) == {figure.name for part in ("outbox", "card", "stages") for figure in of_part(part)}
    assert all(row["n"] >= 1 for row in result.metrics.values())
    spent = sum(row["value"] for name, row in result.metrics.items() if name.startswith("face.stage_ms."))
    assert spent == pytest.approx(result.metrics["face.frame_ms"]["value"], rel=0.05)
