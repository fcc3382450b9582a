"""What a newcomer starts first, as they start it: the demo, and the simulator that keys play."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hw_sim.demo import run_demo
from hw_sim.interactive import run_interactive


@pytest.mark.timeout(180)
def test_the_demo_serves_one_patient_and_shows_all_that_happened(tmp_path: Path) -> None:
    lines: list[str] = []
    assert run_demo(tmp_path / "demo", lines.append) == 0, "\n".join(lines)
    told = "\n".join(lines)
    assert "The desk stored the result once and acknowledged it." in told
    assert '"outcome": "accepted"' in told
    screens = {path.name.split("-", 1)[-1].removesuffix(".png") for path in (tmp_path / "demo").glob("*.png")}
    assert {"face", "consent", "done", "thanks"} <= screens
    assert ElementTree.parse(tmp_path / "demo" / "timeline.svg").getroot().tag.endswith("svg")


def test_a_script_that_waits_for_no_known_screen_is_refused(tmp_path: Path) -> None:
    lines: list[str] = []
    assert run_interactive("i until:consnet q", tmp_path, lines.append) == 2
    assert lines[0].startswith("until:consnet: there is no such screen; there are ")


@pytest.mark.timeout(180)
def test_keys_play_a_visit_in_the_simulator(tmp_path: Path) -> None:
    lines: list[str] = []
    visit = (
        "until:idle key:3 i until:face l l l l l l l - + until:consent tap:agree_all until:done o until:idle b b n q"
    )
    assert run_interactive(visit, tmp_path, lines.append) == 0
    told = [line for line in lines if not line.startswith("light")]
    assert told[1:] == ["person p03", "card in", "card out", "broker off", "broker on", "the desk stored 1 result(s)"]
    assert {"idle.png", "face.png", "consent.png", "done.png"} <= {path.name for path in tmp_path.iterdir()}
