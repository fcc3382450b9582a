"""``make bench``: every figure in one run, as out/bench.json and one page; compared with the committed baseline.

``--only face,card`` runs a part. Form of the JSON: machine, at, metrics {id: value, unit, n, low, high, goal}.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hw_sim.bench.page import write_page

ROOT = Path(__file__).resolve().parents[3]
BASELINE = ROOT / "docs" / "bench" / "baseline.json"
REGRESSION = 0.10

Row = dict[str, Any]


def row(value: float, unit: str, n: int = 1, goal: float | None = None) -> Row:
    """Return one metric without an interval."""
    return {"value": value, "unit": unit, "n": n, "low": None, "high": None, "goal": goal}


def part_card() -> dict[str, Row]:
    """Card link: what kaopi adds to the link's own time."""
    from hw_sim.bench import card

    return {name: dict(metric) for name, metric in card.measure().items()}


def part_face() -> dict[str, Row]:
    """Face: comparison and speed, then liveness and light."""
    from hw_sim.bench import attacks, face

    return {**face.measure(), **attacks.measure()}


def part_ocr() -> dict[str, Row]:
    """Card front."""
    from hw_sim.bench import ocr

    units = {"ocr.right": "fraction", "ocr.wrong": "count", "ocr.ms": "ms"}
    goals = {"ocr.right": 0.995, "ocr.wrong": 0.0}
    return {name: row(value, units[name], goal=goals.get(name)) for name, value in ocr.measure().items()}


def part_ui() -> dict[str, Row]:
    """Screens."""
    from hw_sim.bench import ui

    figures = ui.measure()
    return {name: row(value, "ms", goal=33.3 if name == "ui.frame_p99_ms" else None) for name, value in figures.items()}


def part_outbox() -> dict[str, Row]:
    """Outbox speed, and kills in a short form."""
    from hw_sim.bench import outbox

    with tempfile.TemporaryDirectory() as folder:
        speed = outbox.measure(Path(folder))
    return {"outbox.commits_per_s": row(speed.commits_per_s, "1/s"), "outbox.put_p99_ms": row(speed.put_p99_ms, "ms")}


def part_flow() -> dict[str, Row]:
    """A visit from card in to verified over the card link's own time; patients an hour; taps."""
    from hw_sim.bench import flow

    return flow.measure()


def part_start() -> dict[str, Row]:
    """Start-up to ready, memory, size of the wheel."""
    from hw_sim.bench import start

    return start.measure()


PARTS: Mapping[str, Callable[[], dict[str, Row]]] = {
    "card": part_card,
    "ui": part_ui,
    "outbox": part_outbox,
    "flow": part_flow,
    "start": part_start,
    "ocr": part_ocr,
    "face": part_face,
}


def compare(metrics: Mapping[str, Row], baseline: Path) -> list[str]:
    """Return a loud line for each ratio that got worse by more than a tenth since the committed baseline."""
    if not baseline.exists():
        return ["no baseline is committed yet: nothing to compare with"]
    known = json.loads(baseline.read_text("utf-8"))["metrics"]
    lines = []
    for name, metric in metrics.items():
        before = known.get(name)
        if before is None or metric["unit"] not in ("fraction", "ratio") or not before["value"]:
            continue
        change = metric["value"] / before["value"] - 1.0
        worse = -change if name in ("ocr.right",) else change
        if worse > REGRESSION:
            lines.append(f"WORSE: {name} was {before['value']:.4g}, is {metric['value']:.4g}")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Measure, write, compare."""
    parser = argparse.ArgumentParser(prog="python -m hw_sim.bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help=f"parts, with commas: {', '.join(PARTS)}")
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    chosen = parser.parse_args(arguments)
    names = [name for name in chosen.only.split(",") if name] or list(PARTS)
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    metrics: dict[str, Row] = {}
    for name in names:
        began = time.monotonic()
        sys.stdout.write(f"{name} …\n")
        sys.stdout.flush()
        for metric, values in PARTS[name]().items():
            metrics[metric] = values
            goal = "" if values.get("goal") is None else f"   goal {values['goal']:g}"
            sys.stdout.write(f"  {metric:34} {values['value']:>12.5g} {values['unit']}{goal}\n")
        sys.stdout.write(f"  ({time.monotonic() - began:.0f} s)\n")
    machine = f"{platform.machine()}, {_cores()} cores, Python {platform.python_version()}"
    result = {"machine": machine, "at": datetime.datetime.now(datetime.UTC).isoformat(), "metrics": metrics}
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "bench.json").write_text(json.dumps(result, indent=1, ensure_ascii=False), "utf-8")
    write_page(chosen.out / "bench" / "index.html", result, BASELINE)
    for line in compare(metrics, BASELINE):
        sys.stdout.write(line + "\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"written: {chosen.out}/bench.json and bench/index.html (peak memory {peak:.0f} MB)\n")
    return 0


def _cores() -> int:
    return int(subprocess.run(["nproc"], capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    raise SystemExit(main())
