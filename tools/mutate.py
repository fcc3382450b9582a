"""Mutation testing of the session: mutmut changes reader/session line by line, the named visits must notice.

Works on a copy in out/mutate, so that the checkout stays as it is. Prints the share killed and every survivor;
exit 1 below 95 %.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "out" / "mutate"
LEAST = 0.95
COPIED = ("reader", "tests", "hw-sim", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
CONFIG = """
[tool.mutmut]
paths_to_mutate = ["reader/session/"]
source_paths = ["reader/session/"]
pytest_add_cli_args_test_selection = ["tests/session/test_flow.py"]
also_copy = ["tests", "reader", "hw-sim", "pyproject.toml"]
"""


def say(line: str) -> None:
    """Print at once."""
    print(line, flush=True)  # noqa: T201 - this is a command


def main() -> int:
    """Mutate, count, list."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "fonts", "voices")
            shutil.copytree(source, WORK / name, ignore=ignored)
        else:
            shutil.copy2(source, WORK / name)
    config = WORK / "pyproject.toml"
    config.write_text(config.read_text("utf-8") + CONFIG, "utf-8")
    mutmut = Path(sys.executable).with_name("mutmut")
    children = str(os.cpu_count() or 1)
    run = subprocess.run([mutmut, "run", "--max-children", children], cwd=WORK, check=False)
    if run.returncode:
        return run.returncode
    listed = subprocess.run(
        [mutmut, "results", "--all", "true"], cwd=WORK, capture_output=True, text=True, check=True
    ).stdout
    found = re.findall(r"^\s*(\S+): (\S+(?: \S+)*)$", listed, re.MULTILINE)
    survivors = sorted(name for name, fate in found if fate not in ("killed", "timeout"))
    killed = len(found) - len(survivors)
    for name in survivors:
        shown = subprocess.run([mutmut, "show", name], cwd=WORK, capture_output=True, text=True, check=False).stdout
        changed = [line for line in shown.splitlines() if re.match(r"[-+](?![-+])", line)]
        say(f"survived: {name}\n  " + "\n  ".join(changed))
    say(f"{killed} of {len(found)} mutants killed ({killed / max(1, len(found)):.1%}), at least {LEAST:.0%} wanted")
    return 0 if found and killed / len(found) >= LEAST else 1


if __name__ == "__main__":
    raise SystemExit(main())
