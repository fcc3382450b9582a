"""Mutation testing of the session: mutmut changes reader/session line by line, the named visits must notice.

Works on a copy in out/mutate, so that the checkout stays as it is. Every survivor must be judged in
tests/session/survivors.toml: told by what was changed into what, so that a judgement lasts as long as its line.
Exit 1 below 95 %, and when a survivor is not judged: it is printed as a block to be pasted there with its reason.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "out" / "mutate"
JUDGED = ROOT / "tests" / "session" / "survivors.toml"
LEAST = 0.95
COPIED = ("reader", "tests", "hw-sim", "pyproject.toml", "README.md", "LICENSE", "NOTICE")
CONFIG = """
[tool.mutmut]
paths_to_mutate = ["reader/session/"]
source_paths = ["reader/session/"]
pytest_add_cli_args_test_selection = ["tests/session/test_flow.py"]
also_copy = ["tests", "reader", "hw-sim", "pyproject.toml"]
"""


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One mutant: in which function which lines became which. Lines are stripped and joined by " / "."""

    function: str
    was: str
    becomes: str


def judgements(path: Path = JUDGED) -> dict[Change, str]:
    """Return the reason of every judged survivor. Raises KeyError when one has no reason."""
    rows = tomllib.loads(path.read_text("utf-8")).get("survivor", []) if path.exists() else []
    return {Change(row["function"], row["was"], row["becomes"]): row["why"] for row in rows}


def change_of(mutant: str, diff: str) -> Change:
    """Return what mutmut's name and diff of one mutant say: "reader.session.core.x_step__mutmut_3" and its diff."""
    found = re.fullmatch(r"reader\.session\.(\w+)\.x_?(\w+?)__mutmut_\d+", mutant)
    assert found is not None, mutant
    lines = [line for line in diff.splitlines() if re.match(r"[-+](?![-+])", line)]
    was, becomes = (
        " / ".join(line[1:].strip() for line in lines if line[0] == sign and line[1:].strip()) for sign in "-+"
    )
    return Change(f"{found[1]}.{found[2]}", was, becomes)


def verdict(total: int, survivors: list[Change], judged: dict[Change, str]) -> tuple[bool, list[str]]:
    """Return whether all is well, and what to say about it."""
    lines = []
    unjudged = [change for change in survivors if change not in judged]
    for change in unjudged:
        quoted = [f"{key} = {quote(getattr(change, key))}" for key in ("function", "was", "becomes")]
        lines.append("\n".join(["[[survivor]]", *quoted, 'why = ""', ""]))
    lines += [f"gone, delete its judgement: {change}" for change in sorted(set(judged) - set(survivors))]
    killed = total - len(survivors)
    share = killed / total if total else 0.0
    lines.append(f"{killed} of {total} mutants killed ({share:.1%}), at least {LEAST:.0%} wanted")
    lines.append(f"{len(survivors)} survive, {len(unjudged)} of them not judged in {JUDGED.relative_to(ROOT)}")
    return share >= LEAST and not unjudged, lines


def quote(text: str) -> str:
    """Return a TOML literal string where it can be one, else a basic one."""
    return f"'{text}'" if "'" not in text else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def copy() -> None:
    """Put everything the tests need into out/mutate."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, WORK / name, ignore=shutil.ignore_patterns("__pycache__", "fonts", "voices"))
        else:
            shutil.copy2(source, WORK / name)
    config = WORK / "pyproject.toml"
    config.write_text(config.read_text("utf-8") + CONFIG, "utf-8")


def main() -> int:
    """Mutate, count, list."""
    copy()
    mutmut = Path(sys.executable).with_name("mutmut")
    run = subprocess.run([mutmut, "run", "--max-children", str(os.cpu_count() or 1)], cwd=WORK, check=False)
    if run.returncode:
        return run.returncode
    listed = subprocess.run(
        [mutmut, "results", "--all", "true"], cwd=WORK, capture_output=True, text=True, check=True
    ).stdout
    found = re.findall(r"^\s*(\S+): (\S+(?: \S+)*)$", listed, re.MULTILINE)
    survivors = []
    for name in sorted(name for name, fate in found if fate not in ("killed", "timeout")):
        shown = subprocess.run([mutmut, "show", name], cwd=WORK, capture_output=True, text=True, check=True).stdout
        survivors.append(change_of(name, shown))
    well, lines = verdict(len(found), survivors, judgements())
    for line in lines:
        print(line, flush=True)  # noqa: T201 - this is a command
    return 0 if well else 1


if __name__ == "__main__":
    raise SystemExit(main())
