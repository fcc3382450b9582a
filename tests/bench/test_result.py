"""The JSON of the bench: its form, parts put one into another, and nothing that tells which machine it was."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import pytest
from hw_sim.bench import result
from hw_sim.bench.rows import row


def test_it_comes_back_as_it_was_written(tmp_path: Path) -> None:
    one = result.empty()
    one.take("flow", {"flow.taps_new": row(1.0, "taps", 1)})
    result.write(tmp_path / "bench.json", one)
    assert result.read(tmp_path / "bench.json") == one
    data = json.loads((tmp_path / "bench.json").read_text("utf-8"))
    assert list(data) == ["machine", "at", "metrics", "absent"]
    assert list(data["metrics"]["flow.taps_new"]) == ["value", "unit", "n", "low", "high", "goal"]


def test_no_file_is_no_result(tmp_path: Path) -> None:
    assert result.read(tmp_path / "nothing.json") is None


def test_a_part_replaces_what_it_measured_before_and_leaves_the_others() -> None:
    one = result.empty()
    one.take("flow", {"flow.taps_new": row(1.0, "taps", 1), "flow.taps_returning": row(1.0, "taps", 1)})
    one.take("ui", {"ui.frame_p99_ms": row(3.0, "ms", 9), "ui.wide.touch_p50_ms": row(1.0, "ms", 9)})
    one.take("ui", {"ui.frame_p99_ms": row(4.0, "ms", 9)})
    assert one.metrics["ui.frame_p99_ms"]["value"] == 4.0
    assert "ui.wide.touch_p50_ms" not in one.metrics
    assert "flow.taps_new" in one.metrics


def test_a_goal_of_the_figure_is_filled_in_and_one_of_the_row_is_kept() -> None:
    one = result.empty()
    one.take("flow", {"flow.taps_new": row(1.0, "taps", 1)})
    one.take("speed", {"face.decision_ms": row(300.0, "ms", 6) | {"goal": 600.0}})
    assert one.metrics["flow.taps_new"]["goal"] == 3
    assert one.metrics["face.decision_ms"]["goal"] == 600.0


def test_what_could_not_be_measured_says_why() -> None:
    one = result.empty()
    one.take("match", {})
    assert "LFW" in one.absent["face.lfw_fnmr_1e4"]
    one.take("peers", {}, "PyPI cannot be reached")
    assert one.absent["peer.opencv.embed_ms"] == "PyPI cannot be reached"


@pytest.mark.parametrize(
    ("part", "name", "n"), [("ui", "ui.frame_p99_ms", 0), ("ui", "weather.rain_mm", 3), ("ui", "kill.lost", 3)]
)
def test_a_figure_without_measurements_or_of_another_part_is_refused(part: str, name: str, n: int) -> None:
    with pytest.raises(ValueError, match=name):
        result.empty().take(part, {name: row(1.0, "ms", n)})


def test_the_machine_is_described_and_not_named() -> None:
    said = result.machine()
    assert "cores" in said
    assert platform.node() not in said


def test_a_raspberry_pi_says_its_model(tmp_path: Path) -> None:
    board = tmp_path / "cpuinfo"
    board.write_text("processor\t: 0\nBogoMIPS\t: 108.00\n\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n", "utf-8")
    assert result.processor(board) == "Raspberry Pi 5 Model B Rev 1.0"
    assert result.processor(tmp_path / "missing") == platform.machine()
