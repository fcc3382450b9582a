"""``make bench``: every figure in one run, as out/bench.json and one page; compared with the committed baseline.

``--only face,card`` measures these parts and leaves the others as they are in the JSON.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from hw_sim.bench import compare, result
from hw_sim.bench.page import write_page
from hw_sim.bench.parts import GROUPS, PARTS, Effort, NotHere
from hw_sim.bench.result import Result
from hw_sim.bench.rows import line

ROOT = Path(__file__).resolve().parents[3]
BASELINE = ROOT / "docs" / "bench" / "baseline.json"


def say(text: str) -> None:
    """Print at once, so that long parts show."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def measure(part: str, effort: Effort, into: Result) -> bool:
    """Measure one part and print its figures; return False where it failed, which must not cost the other parts."""
    began = time.monotonic()
    say(f"{part} …")
    rows, why, failed = {}, "", False
    try:
        rows = dict(PARTS[part](effort))
        into.take(part, rows)
    except NotHere as reason:
        why = str(reason)
    except Exception as error:  # whatever it is, it is said and the run goes on
        why, failed = f"it failed: {type(error).__name__}: {error}", True
        traceback.print_exc()
    if why:
        into.take(part, {}, why)
    for name, row in into.metrics.items():
        if name in rows and name.count(".") < 3:  # the rest is on the page
            say("  " + line(name, row))
    for name, reason_why in into.absent.items():
        if result.part_of(name) == part:
            say(f"  {name}: not measured here, {reason_why}")
    say(f"  ({time.monotonic() - began:.0f} s)")
    return not failed


def verdict(measured: Result) -> list[str]:
    """Return the loud lines: goals missed, and what got worse since the baseline."""
    known = result.read(BASELINE)
    lines = compare.misses(measured.metrics)
    if known is None:
        return [*lines, "no baseline is committed yet: nothing to compare with"]
    return lines + compare.regressions(measured.metrics, known.metrics)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write, compare. Returns 1 where a part failed; missed goals are said, and fail nothing."""
    parser = argparse.ArgumentParser(prog="python -m hw_sim.bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", help=f"parts, with commas: {', '.join([*PARTS, *GROUPS])}")
    parser.add_argument("--kills", type=int, default=60, help="SIGKILLs of the part kill")
    parser.add_argument("--attacks", type=int, default=2, help="presentations a species")
    parser.add_argument("--json", type=Path, default=ROOT / "out" / "bench.json")
    parser.add_argument("--page", type=Path, default=ROOT / "out" / "bench" / "index.html")
    chosen = parser.parse_args(arguments)
    asked = [name for name in chosen.only.split(",") if name] or list(PARTS)
    unknown = [name for name in asked if name not in PARTS and name not in GROUPS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join([*PARTS, *GROUPS])}")
    names = [part for name in asked for part in GROUPS.get(name, (name,))]
    measured = result.empty()
    if chosen.only and (before := result.read(chosen.json)) is not None and before.machine == measured.machine:
        measured.metrics, measured.absent = before.metrics, before.absent
    good = True
    for name in names:
        good = measure(name, Effort(chosen.kills, chosen.attacks), measured) and good
        result.write(chosen.json, measured)
    write_page(chosen.page, measured, result.read(BASELINE))
    for loud in verdict(measured):
        say(loud)
    say(f"written: {chosen.json} and {chosen.page}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
