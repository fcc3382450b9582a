"""How scenarios are run: repeatable to the byte, several at once, with JUnit and a timeline for whoever looks."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest
from hw_sim.cli import SCENARIOS
from hw_sim.junit import write
from hw_sim.scenario.batch import Order, play_all
from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.picture import LANES, stages, timeline_svg, work
from hw_sim.scenario.played import Played, Restart, judge
from hw_sim.scenario.schema import Do, Expect, Scenario, ScenarioError, load
from hw_sim.scenario.virtual import World, play, play_in
from typer.testing import CliRunner

from reader.kiosk.assemble import JST
from reader.session.vocabulary import Step

SVG = "{http://www.w3.org/2000/svg}"
# Patients, staff, a broken part, a thread that hangs, a process that dies: whatever could bring chance in.
REPEATED = ("face", "pin_wrong_then_right", "visual_check", "broker_loses", "thread_camera_hangs", "kiosk_dies")


def logs_of(hash_seed: str, folder: Path) -> dict[str, bytes]:
    options = ["--virtual", "--quiet", "--seed", "7", "--out", str(folder)]
    run = subprocess.run(
        [sys.executable, "-m", "hw_sim.cli", "run", *options, *REPEATED],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return {name: (folder / name / "events.log").read_bytes() for name in REPEATED}


def test_two_runs_with_the_same_seed_in_different_processes_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (logs_of(seed, tmp_path / seed) for seed in ("1", "2"))
    assert first == second
    assert all(log.count(b"\n") >= 8 for log in first.values())


def test_the_nets_do_not_bring_chance_in(tmp_path: Path) -> None:
    logs = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        logs.append(play(load(SCENARIOS / "face.toml"), "face", tmp_path / run, pixels=True, seed=7).log)
    assert logs[0] == logs[1]
    assert any("FaceDecided" in line for line in logs[0])


def test_a_patient_who_comes_twice_about_midnight_has_the_same_card_and_is_known(tmp_path: Path) -> None:
    before_midnight = datetime.datetime(2026, 11, 24, 23, 59, 56, tzinfo=JST)
    world = World(load(SCENARIOS / "returning.toml"), tmp_path, start=before_midnight)
    world.open()
    try:
        played = play_in(world, "returning")
    finally:
        world.close()
    assert played.problems == []
    assert [message.finished_at.astimezone(JST).day for message in played.results] == [24, 25]


def test_another_seed_is_another_run(tmp_path: Path) -> None:
    scenario = load(SCENARIOS / "too_far.toml")
    logs = []
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
        logs.append(play(scenario, "too_far", tmp_path / str(seed), seed=seed).log)
    assert logs[0] != logs[1], "people react after another delay"


def test_several_at_once_come_out_as_one_after_the_other(tmp_path: Path) -> None:
    orders = [Order(SCENARIOS / f"{name}.toml", virtual=True) for name in ("face", "pin", "phone")]
    alone, together = list(play_all(orders)), list(play_all(orders, jobs=2))
    assert [played.name for played in together] == ["face", "pin", "phone"]
    assert [played.log for played in alone] == [played.log for played in together]
    assert all(played.ok for played in together)


def test_a_run_leaves_junit_a_timeline_and_the_events(tmp_path: Path) -> None:
    from hw_sim.cli import app

    done = CliRunner().invoke(app, ["run", "--virtual", "--quiet", "--out", str(tmp_path), "face"])
    assert done.exit_code == 0, done.output
    suite = ET.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert (tmp_path / "face" / "events.log").read_text("utf-8").startswith("PartChanged(")
    assert ET.parse(tmp_path / "face" / "timeline.svg").getroot().tag == f"{SVG}svg"


@pytest.mark.parametrize(
    ("fault", "restart", "problem"),
    [
        (Do(fault=FaultKind.KIOSK_DIES), Restart("x", 1.0, 1.5, 15.9), None),
        (Do(fault=FaultKind.KIOSK_DIES), Restart("x", 1.0, 8.0, 17.0), "x: 16.0 s until back"),
        (Do(fault=FaultKind.KIOSK_DIES), Restart("x", 1.0, 1.5), "x: not back"),
        (Do(fault=FaultKind.WORKER_HANGS, worker="card"), Restart("x", 1.0, 33.0, 46.0), None),
        (
            Do(fault=FaultKind.WORKER_HANGS, worker="card"),
            Restart("x", 1.0, 37.0, 46.0),
            "x: was given up only after 36.0 s",
        ),
    ],
)
def test_a_restart_is_judged_from_when_the_part_broke_or_was_given_up(
    fault: Do, restart: Restart, problem: str | None
) -> None:
    played = Played("x", Scenario(title="x", do=(fault,), expect=Expect(results=0, restarts=1)), ended_at=Step.IDLE)
    played.restarts.append(restart)
    judge(played)
    assert played.problems == ([problem] if problem else [])


@pytest.mark.parametrize("name", ["warm", "firmware_slows"])
def test_a_kiosk_that_eases_off_looks_at_most_eight_times_a_second(name: str, tmp_path: Path) -> None:
    looks = {}
    for file in ("face", name):
        (tmp_path / file).mkdir()
        played = play(load(SCENARIOS / f"{file}.toml"), file, tmp_path / file)
        assert played.ok, played.problems
        begun = sorted(span.start for span in played.spans if (span.lane, span.name) == ("inference", "frame"))
        looks[file] = median(later - earlier for earlier, later in pairwise(begun))  # an order wakes it sooner
    assert looks[name] >= 1 / 8 - 1e-6 > looks["face"]


def test_junit_says_what_went_wrong(tmp_path: Path) -> None:
    scenario = Scenario(title="x", do=(), expect=Expect())
    good, bad = Played("good", scenario, seconds=1.5), Played("bad", scenario, problems=["one thing", "another"])
    write(tmp_path / "junit.xml", [good, bad])
    suite = ET.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failure = suite.find("testcase[@name='bad']/failure")
    assert failure is not None
    assert failure.get("message") == "one thing"
    assert failure.text == "one thing\nanother"


def test_the_timeline_shows_in_each_lane_where_the_time_went(tmp_path: Path) -> None:
    """Card link, camera, inference, screen, touch and MQTT: what took how long, to the millisecond."""
    played = play(load(SCENARIOS / "face.toml"), "face", tmp_path, pixels=True)
    expected = {"card link", "camera", "inference", "screen", "touch", "outbox", "MQTT"}
    assert expected <= set(LANES)
    assert expected <= {span.lane for span in played.spans}
    root = ET.fromstring(timeline_svg(played))
    titles = [title.text or "" for title in root.iter(f"{SVG}title")]
    assert any(title.startswith("certificate ") and title.endswith(" ms") for title in titles)
    assert any(title.startswith("result ") for title in titles), "from publish to the desk's acknowledgement"
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert set(LANES) <= set(texts)
    assert Step.CONSENT.value in texts
    links = [row for row in work(played) if row[0] == "card link"]
    assert sum(row[3] for row in links) > 500, "a card of Type B takes its time"
    assert sum(row[2] for row in stages(played)) == pytest.approx(1000 * played.seconds, rel=0.05)


@pytest.mark.parametrize("name", sorted(path.stem for path in SCENARIOS.glob("clock_*_*.toml")))
def test_no_wait_is_cut_short_or_stretched_by_a_clock_that_jumps(name: str, tmp_path: Path) -> None:
    jumps = load(SCENARIOS / f"{name}.toml")
    assert any(do.fault is not None and do.fault is not FaultKind.CLOCK_OK for do in jumps.do)
    right = [do if do.fault is None else do.model_copy(update={"fault": FaultKind.CLOCK_OK}) for do in jumps.do]
    played: list[list[tuple[float, Step]]] = []
    for scenario in (jumps, jumps.model_copy(update={"do": tuple(right)})):
        home = tmp_path / str(len(played))
        home.mkdir()
        played.append(play(scenario, name, home).steps)
    first, second = played
    assert [step for _, step in first] == [step for _, step in second]
    assert [at for at, _ in first] == pytest.approx([at for at, _ in second], abs=0.01)


def test_a_scenario_file_with_a_mistake_is_refused_by_name_and_place(tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text('title = "x"\n[[do]]\npress = "nothing_of_the_kind"\n[expect]\n', "utf-8")
    with pytest.raises(ScenarioError, match=r"bad\.toml: do\.0\.press"):
        load(bad)


@pytest.mark.parametrize(
    "wrong",
    [
        '[[do]]\nfault = "worker_dies"',
        '[[do]]\nfault = "camera_black"\nworker = "camera"',
        '[[do]]\nlook = "attacker"',
        '[[do]]\nlook = "person"\nspecies = "swap"',
        '[patient]\nlook = "attacker"\n[[do]]\nremove = true',
        '[[do]]\nremove = true\ninsert = ""',
        "[[do]]\nafter = 1.0",
    ],
)
def test_what_makes_no_sense_together_is_refused(wrong: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(f'title = "x"\n{wrong}\n[expect]\n', "utf-8")
    with pytest.raises(ScenarioError):
        load(bad)
