"""The bench's JSON: ``{"machine", "at", "metrics": {ID: {value, unit, n, low, high, goal}}, "absent": {ID: why}}``."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hw_sim.bench.figures import figure_of, of_part
from hw_sim.bench.rows import Row

FIELDS = ("value", "unit", "n", "low", "high", "goal")


@dataclass(slots=True)
class Result:
    """What was measured. metrics: rows by id. absent: ids that this machine could not measure, and why."""

    machine: str
    at: str
    metrics: dict[str, Row] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def take(self, part: str, rows: Mapping[str, Row], why: str = "") -> None:
        """Add what a part measured, in place of what it measured before; note which of its figures are missing.

        Raises ValueError for a row nobody declared or that is not in the form.
        """
        for name in [name for name in self.metrics if part_of(name) == part]:
            del self.metrics[name]
        for name in [name for name in self.absent if part_of(name) == part]:
            del self.absent[name]
        for name, row in rows.items():
            figure = figure_of(name)
            if figure is None or figure.part != part:
                raise ValueError(f"part {part} measured {name}, which hw_sim.bench.figures does not list for it")
            if set(row) != set(FIELDS) or not row["n"]:
                raise ValueError(f"{name} is not in the form {', '.join(FIELDS)}, or rests on no measurement: {row}")
            self.metrics[name] = {**row, "goal": figure.goal if row["goal"] is None else row["goal"]}
        for figure in of_part(part):
            if figure.name not in rows:
                self.absent[figure.name] = why or f"needs {figure.needs}" if why or figure.needs else "not measured"


def part_of(name: str) -> str | None:
    """Return the part that measures a figure, None where nobody does."""
    figure = figure_of(name)
    return figure.part if figure else None


def empty() -> Result:
    """Return a result of this machine, now, without figures."""
    return Result(machine(), datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"))


def machine() -> str:
    """Say what this machine is, never which one."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's or the board's name as Linux knows it."""
    facts: dict[str, str] = {}
    for line in cpuinfo.read_text("utf-8", "replace").splitlines() if cpuinfo.exists() else []:
        key, _, value = line.partition(":")
        facts.setdefault(key.strip(), value.strip())
    return facts.get("Model") or facts.get("model name") or platform.machine()


def read(path: Path) -> Result | None:
    """Return a result from its file, None where there is none."""
    if not path.exists():
        return None
    data = json.loads(path.read_text("utf-8"))
    return Result(data["machine"], data["at"], data["metrics"], data.get("absent", {}))


def write(path: Path, result: Result) -> None:
    """Write a result, a figure a line, so that two of them can be compared line by line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metrics = ",\n".join(f"  {_json(name)}: {_json(row)}" for name, row in sorted(result.metrics.items()))
    absent = ",\n".join(f"  {_json(name)}: {_json(why)}" for name, why in sorted(result.absent.items()))
    path.write_text(
        f'{{"machine": {_json(result.machine)},\n "at": {_json(result.at)},\n "metrics": {{\n{metrics}\n }},\n'
        f' "absent": {{\n{absent}\n }}}}\n',
        "utf-8",
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
