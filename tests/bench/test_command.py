"""The command: parts by name, one JSON from several runs, loud about what is worse, plain about what is absent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hw_sim.bench import __main__ as command
from hw_sim.bench import result
from hw_sim.bench.parts import PARTS, Effort, NotHere
from hw_sim.bench.rows import Row, quantile_row, row


def _path(effort: Effort) -> Mapping[str, Row]:
    return {
        "path.verified_over_link": quantile_row([1.3] * 9, "ratio"),
        "path.verified_s": quantile_row([1.4] * 9, "s"),
        "path.link_s": quantile_row([1.1] * 9, "s"),
    }


def _flow(effort: Effort) -> Mapping[str, Row]:
    return {name: row(1.0, "taps", effort.kills) for name in ("flow.taps_new", "flow.taps_returning")}


def _peers(effort: Effort) -> Mapping[str, Row]:
    raise NotHere("PyPI cannot be reached")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three parts that take no time, and a baseline."""
    known = result.empty()
    known.take("path", {"path.verified_over_link": quantile_row([1.1] * 9, "ratio")})
    result.write(tmp_path / "baseline.json", known)
    monkeypatch.setattr(command, "BASELINE", tmp_path / "baseline.json")
    monkeypatch.setattr(command, "PARTS", {"path": _path, "flow": _flow, "peers": _peers})
    return tmp_path


def run(folder: Path, *arguments: str) -> int:
    return command.main([*arguments, "--json", str(folder / "bench.json"), "--page", str(folder / "p" / "index.html")])


def test_it_writes_the_json_and_the_page(bench: Path) -> None:
    assert run(bench) == 0
    metrics = json.loads((bench / "bench.json").read_text("utf-8"))["metrics"]
    assert set(metrics) == {*_path(Effort()), *_flow(Effort())}
    assert "How fast" in (bench / "p" / "index.html").read_text("utf-8")


def test_it_is_loud_about_missed_goals_and_what_got_worse(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(bench, "--only", "path")
    said = capsys.readouterr().out
    assert "GOAL MISSED: path.verified_over_link is 1.3 ratio, goal 1.15" in said
    assert "WORSE: path.verified_over_link was 1.1, is 1.3" in said


def test_a_part_that_fails_is_said_and_costs_no_other(
    bench: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(effort: Effort) -> Mapping[str, Row]:
        raise RuntimeError("the kiosk stayed at face for 15 s")

    monkeypatch.setattr(command, "PARTS", {"path": broken, "flow": _flow})
    assert run(bench) == 1
    assert (
        "path.link_s: not measured here, it failed: RuntimeError: the kiosk stayed at face" in capsys.readouterr().out
    )
    assert set(json.loads((bench / "bench.json").read_text("utf-8"))["metrics"]) == set(_flow(Effort()))


def test_what_this_machine_cannot_measure_is_said_plainly(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(bench, "--only", "peers")
    assert "peer.face_recognition.embed_ms: not measured here, PyPI cannot be reached" in capsys.readouterr().out
    assert json.loads((bench / "bench.json").read_text("utf-8"))["absent"]["peer.opencv.embed_ms"]


def test_parts_measured_one_after_the_other_come_together(bench: Path) -> None:
    run(bench, "--only", "path")
    run(bench, "--only", "flow")
    assert len(json.loads((bench / "bench.json").read_text("utf-8"))["metrics"]) == 5


def test_figures_of_another_machine_are_not_mixed_in(bench: Path) -> None:
    run(bench, "--only", "path")
    other = result.read(bench / "bench.json")
    assert other is not None
    other.machine = "another machine"
    result.write(bench / "bench.json", other)
    run(bench, "--only", "flow")
    assert set(json.loads((bench / "bench.json").read_text("utf-8"))["metrics"]) == set(_flow(Effort()))


def test_an_unknown_part_is_refused_with_the_known_ones(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(bench, "--only", "weather")
    assert "no part weather; there are path, flow, peers, face" in capsys.readouterr().err


def test_how_much_is_tried_reaches_the_parts(bench: Path) -> None:
    run(bench, "--only", "flow", "--kills", "500")
    assert json.loads((bench / "bench.json").read_text("utf-8"))["metrics"]["flow.taps_new"]["n"] == 500


def test_a_missing_mosquitto_is_a_reason_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw_sim.broker.mosquitto.shutil.which", lambda *args, **named: None)
    with pytest.raises(NotHere, match="mosquitto"):
        PARTS["kill"](Effort())
