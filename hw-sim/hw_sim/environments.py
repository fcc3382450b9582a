"""Virtual environments under .cache, each from a hashed lock, for software that must never mix with kaopi's own."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / ".cache" / "environments"


class NoEnvironment(RuntimeError):
    """It cannot be made here; the message says why."""


def _home(lock: Path) -> Path:
    """Return the folder of this lock and this Python: another lock or Python gets another."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    return HOME / f"{lock.parent.name}-py{sys.version_info.major}.{sys.version_info.minor}-{digest}"


def existing(lock: Path) -> Path | None:
    """Return the Python of the environment of ``lock``, None where it has not been made."""
    home = _home(lock)
    return home / "bin" / "python" if (home / ".done").exists() else None


def made(lock: Path) -> Path:
    """Return the Python of the environment of ``lock``, making it first. Raises NoEnvironment.

    Processes that ask at once wait for the first of them.
    """
    home = _home(lock)
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / f"{home.name}.lock").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        if not (home / ".done").exists():
            venv.create(home, with_pip=True, clear=True)
            install = ("-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(lock))
            done = subprocess.run([str(home / "bin" / "python"), *install], capture_output=True, text=True, check=False)
            if done.returncode:
                last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
                raise NoEnvironment(f"the packages of {lock} could not be installed from PyPI: {last}")
            (home / ".done").touch()
    return home / "bin" / "python"
