"""A disk that is full, or fails, at exactly the n-th write: strace's fault injection under the real SQLite."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Store = Literal["outbox", "desk"]


@dataclass(frozen=True, slots=True)
class DiskFault:
    """What one run came to: how often the fault struck, what was promised, and what of it is missing."""

    struck: bool
    promised: int
    lost: int
    twice: int
    integrity: str


def strace_binary() -> str:
    """Return the path of strace. Raises FileNotFoundError saying what to install."""
    found = shutil.which("strace")
    if found is None:
        raise FileNotFoundError("strace is not installed: apt-get install strace")
    return found


def fail_at(folder: Path, kind: Store, error: str, call: str, nth: int, count: int = 12) -> DiskFault:
    """Run the child with ``error`` (ENOSPC, EIO) at its n-th ``call`` (pwrite64, fdatasync), then look what is there.

    Raises RuntimeError when the child crashed.
    """
    path, trace = folder / f"{kind}-{error}-{call}-{nth}.db", folder / "strace.txt"
    done = subprocess.run(
        [strace_binary(), "-f", "--seccomp-bpf", "-o", str(trace), "-e", f"trace={call}",
         "-e", f"inject={call}:error={error}:when={nth}",
         sys.executable, "-m", "hw_sim.reliability.disk_child", kind, str(path), str(count)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{kind} crashed at {call} {nth} ({error}): {done.stderr[-600:]}")
    promised = done.stdout.split()
    db = sqlite3.connect(path)
    try:
        (verdict,) = db.execute("PRAGMA integrity_check").fetchone()
        found = [str(row[0]) for row in db.execute("SELECT result_id FROM results")]
    finally:
        db.close()
    return DiskFault(
        struck="INJECTED" in trace.read_text(),
        promised=len(promised),
        lost=len(set(promised) - set(found)),
        twice=len(found) - len(set(found)),
        integrity=str(verdict),
    )
