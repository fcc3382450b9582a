"""Takes from the lock only what the device needs at run time, with its hashes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+?)(?:\s*;\s*(.*?))?\s*\\?$")
_PYTHON = re.compile(r"python_full_version\s*(<|>=)\s*'(\d+)\.(\d+)'")
_FILE = re.compile(r"py(\d+)\.(\d+)")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pinned:
    """One locked requirement. parents: who asked for it, as the lock's ``# via`` comments say."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    parents: frozenset[str]

    def line(self) -> str:
        """Return it as a line of a requirements file."""
        marker = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}=={self.version}{marker} " + " ".join(f"--hash={value}" for value in self.hashes)


def _applies(marker: str, python: tuple[int, int]) -> bool:
    """Return whether a pin is for this Python, as far as its marker speaks of Python's version."""
    for relation, major, minor in _PYTHON.findall(marker):
        bound = (int(major), int(minor))
        if (relation == "<") != (python < bound):
            return False
    return True


def read(lock: Path) -> dict[str, Pinned]:
    """Return every pin that a lock file ``pyX.Y.txt`` holds for its Python, by name.

    Raises ValueError when the file's name says no version, or a name is pinned twice for the same Python.
    """
    named = _FILE.search(lock.name)
    if named is None:
        raise ValueError(f"{lock.name}: a lock is called pyX.Y.txt")
    python = (int(named[1]), int(named[2]))
    pins: dict[str, Pinned] = {}
    lines = lock.read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if _PIN.match(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        head = _PIN.match(lines[start])
        assert head is not None
        if not _applies(head.group(3) or "", python):
            continue
        block = lines[start:end]
        hashes = tuple(value for line in block for value in _HASH.findall(line))
        comments = [line.strip().lstrip("#").strip() for line in block if line.strip().startswith("#")]
        parents = {comment.removeprefix("via").strip() for comment in comments} - {""}
        if head.group(1) in pins:
            raise ValueError(
                f"{lock.name} pins {head.group(1)} twice: run `make lock`, which keeps one version of each"
            )
        pins[head.group(1)] = Pinned(head.group(1), head.group(2), head.group(3) or "", hashes, frozenset(parents))
    return pins


def runtime(pins: dict[str, Pinned], wanted: list[str]) -> list[Pinned]:
    """Return ``wanted`` and everything they need, in name order. Raises KeyError when the lock lacks one."""
    needed = {name: pins[name] for name in wanted}
    while True:
        more = {name: pin for name, pin in pins.items() if name not in needed and pin.parents & needed.keys()}
        if not more:
            return [needed[name] for name in sorted(needed)]
        needed |= more
