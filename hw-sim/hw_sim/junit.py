"""JUnit XML of played scenarios, as CI systems read it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from hw_sim.scenario.played import Played


def write(path: Path, all_played: list[Played]) -> None:
    """Write one testsuite with a testcase a scenario."""
    failed = sum(not played.ok for played in all_played)
    suite = ET.Element(
        "testsuite",
        name="kaopi scenarios",
        tests=str(len(all_played)),
        failures=str(failed),
        time=f"{sum(p.seconds for p in all_played):.3f}",
    )
    for played in all_played:
        case = ET.SubElement(suite, "testcase", name=played.name, classname="scenarios", time=f"{played.seconds:.3f}")
        if not played.ok:
            ET.SubElement(case, "failure", message=played.problems[0]).text = "\n".join(played.problems)
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)
