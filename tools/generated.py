"""Writes every generated document, or with ``--check`` says which one is not what its source says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MAKERS = (
    ("docs/failures.md", ["-m", "reader.text.failures_doc"]),
    ("docs/config.md, docs/config.schema.json", ["-m", "reader.config.docs"]),
    ("docs/api", ["-m", "hw_sim.clinic.apidocs"]),
    ("docs/flow.md", ["tools/flow_doc.py"]),
    ("docs/visits.md", ["tools/visits_doc.py"]),
    ("docs/bench/README.md, README.md, README.ja.md", ["tools/bench_doc.py"]),
    ("hw-sim/scenarios/README.md", ["tools/scenarios_doc.py"]),
)


def main(arguments: list[str]) -> int:
    """Run each maker; return 1 when one of them fails."""
    extra = ["--check"] if "--check" in arguments else []
    failed = False
    for what, command in MAKERS:
        result = subprocess.run([sys.executable, *command, *extra], cwd=ROOT, check=False)
        if result.returncode:
            print(f"not up to date: {what}")  # noqa: T201 - this is a command
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
