"""A short soak of two hundred patients, and what its judge says of runs that leak or lose."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from hw_sim.broker.mosquitto import Mosquitto
from hw_sim.reliability.soak import Sample, Soak, run, summary
from hw_sim.reliability.soak_page import write_page

PATIENTS = 200


def soaked(**changes: object) -> Soak:
    """A made-up run without fault: 2,000 patients, memory and handles steady."""
    samples = [
        Sample(n, 300.0 + (n % 75) / 50, 40 + n % 2, 3, 0, 200.0, (4.0, 9.0), {"K104": n // 100})
        for n in range(25, 2001, 25)
    ]
    soak = Soak(
        patients=2000, broker="mosquitto", samples=samples, stored_by_kiosk=2100, stored_by_desk=2100, integrity="ok"
    )
    return replace(soak, **changes)  # type: ignore[arg-type]


def growing(mb_per_1000: float, handles_per_1000: float) -> list[Sample]:
    def grown(sample: Sample) -> Sample:
        thousands = sample.patients / 1000
        handles = sample.handles + int(handles_per_1000 * thousands)
        return replace(sample, rss_mb=sample.rss_mb + mb_per_1000 * thousands, handles=handles)

    return [grown(sample) for sample in soaked().samples]


@pytest.mark.timeout(300)
def test_two_hundred_patients_over_mosquitto_lose_nothing_and_meet_no_surprise(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker") as mosquitto:

        def restart() -> None:
            mosquitto.stop()
            mosquitto.start()

        soak = run(
            PATIENTS, tmp_path, seed=3, broker=mosquitto.settings("kiosk"), restart_broker=restart,
            broker_restart_every=80, pixels_every=60, warm_up=100,
        )  # fmt: skip
    assert soak.unexpected == []
    assert (soak.lost, soak.twice, soak.waiting, soak.integrity) == (0, 0, 0, "ok")
    assert soak.stored_by_desk >= 180
    assert soak.with_pixels == 3
    assert soak.broker_restarts == 2
    handles = [sample.handles for sample in soak.settled]
    assert max(handles) - min(handles) <= 6, "a handful more while links and children come and go"
    write_page(tmp_path / "soak.svg", soak)
    assert ET.parse(tmp_path / "soak.svg").getroot().tag.endswith("svg")
    print(summary(soak))


def test_a_run_without_fault_is_good() -> None:
    assert soaked().faults() == []
    assert summary(soaked()).endswith("good")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"samples": growing(1.2, 0)}, "memory grows by 1.2"),
        ({"samples": growing(0.0, 3)}, "handles more"),
        ({"samples": [replace(s, threads=3 + s.patients // 900) for s in soaked().samples]}, "1 threads more"),
        ({"samples": [replace(s, children=s.patients // 900) for s in soaked().samples]}, "1 child processes more"),
        ({"stored_by_desk": 2099}, "lost 1"),
        ({"twice": 1}, "twice 1"),
        ({"waiting": 2}, "waiting 2"),
        ({"integrity": "page 3 is damaged"}, "page 3 is damaged"),
        ({"unexpected": ["face (seed 9): failure is K101, expected None"]}, "unexpected: face (seed 9)"),
        ({"samples": soaked().samples[:10]}, "too short"),
    ],
)
def test_the_judge_says_what_is_wrong(changes: dict[str, object], says: str) -> None:
    soak = soaked(**changes)
    assert any(says in line for line in soak.faults()), soak.faults()
    assert summary(soak).endswith("BAD")


def test_memory_that_creeps_is_a_leak() -> None:
    assert soaked(samples=growing(1.1, 0)).faults()


@pytest.mark.parametrize("after", [700, 1500, 1900])
def test_memory_that_jumps_once_and_stays_is_a_leak_however_late_it_is(after: int) -> None:
    """One jump hardly moves the median of all slopes."""
    jumped = [replace(s, rss_mb=s.rss_mb + (8.0 if s.patients > after else 0.0)) for s in soaked().samples]
    faults = soaked(samples=jumped).faults()
    assert any("memory rose by 8" in line and "1.5 MB are allowed" in line for line in faults), faults
    said = next(line for line in faults if "memory rose" in line)
    at = int(said.split()[-2])
    assert after < at <= after + 75, "it says where to look"


def test_memory_that_peaks_and_comes_down_is_no_leak() -> None:
    peaked = [replace(s, rss_mb=s.rss_mb + (60.0 if s.patients == 1500 else 0.0)) for s in soaked().samples]
    assert soaked(samples=peaked).faults() == []


def test_the_page_shows_every_code_and_the_verdict(tmp_path: Path) -> None:
    soak = soaked(failures={"K104": 20}, samples=soaked().samples)
    write_page(tmp_path / "soak.svg", soak)
    text = (tmp_path / "soak.svg").read_text("utf-8")
    assert "K104" in text
    assert ">good<" in text
    assert json.dumps(soak.code_series()["K104"][-1]) == "[2000, 20]"
