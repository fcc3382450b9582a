"""Writes hw-sim/scenarios/README.md from the scenario files: which file plays which branch. ``--check`` compares."""

from __future__ import annotations

import sys
from pathlib import Path

from generated_page import write_or_check
from hw_sim.scenario.branches import Branch
from hw_sim.scenario.schema import load

FOLDER = Path(__file__).resolve().parents[1] / "hw-sim" / "scenarios"
PAGE = FOLDER / "README.md"


def page() -> str:
    """Return the page. Raises ValueError when a branch is played by no file."""
    files = {path.stem: load(path) for path in sorted(FOLDER.glob("*.toml"))}
    lines = [
        "# Scenarios",
        "",
        "Each file is a patient, what happens, and what must come of it. Play one with",
        "`kaopi-sim run hw-sim/scenarios/NAME.toml` (`--out FOLDER` keeps every screen, `--pcsc` plays it over a real",
        "pcscd), several at once with `-j N`, all of them with `make scenarios`; `kaopi-sim list` names them, those",
        "about attacks and faults too. The tests play each in virtual time. Made by `make docs` from what the files",
        "say they show; do not edit.",
        "",
        "## Every branch of the official flow",
        "",
        "| branch | what it is | files |",
        "|---|---|---|",
    ]
    for branch in Branch:
        names = [name for name, scenario in files.items() if branch in scenario.shows]
        if not names:
            raise ValueError(f"no scenario file shows {branch.value!r}")
        lines.append(f"| {branch.value} | {branch.sentence} | {' '.join(f'`{name}`' for name in names)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(write_or_check(PAGE, page(), sys.argv[1:]))
