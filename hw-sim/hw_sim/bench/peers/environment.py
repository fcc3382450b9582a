"""The peers' own virtual environment under .cache, from a hashed lock: never mixed with kaopi's."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

LOCK = Path(__file__).with_name("requirements.txt")
HOME = Path(__file__).resolve().parents[4] / ".cache" / "peers"


class NoEnvironment(RuntimeError):
    """It cannot be made here; the message says why."""


def _home() -> Path:
    """Return the folder of this lock and this Python: another lock or Python gets another."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]
    return HOME / f"py{sys.version_info.major}.{sys.version_info.minor}-{digest}"


def python() -> Path | None:
    """Return the environment's Python, None where it has not been made."""
    home = _home()
    return home / "bin" / "python" if (home / ".done").exists() else None


def made() -> Path:
    """Return the environment's Python, making it first (200 MB from PyPI). Raises NoEnvironment."""
    home = _home()
    if not (home / ".done").exists():
        venv.create(home, with_pip=True, clear=True)
        install = ("-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps", "-r", str(LOCK))
        done = subprocess.run([str(home / "bin" / "python"), *install], capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise NoEnvironment(f"the peers' packages could not be installed from PyPI: {last}")
        (home / ".done").touch()
    return home / "bin" / "python"


if __name__ == "__main__":
    sys.stdout.write(f"{made()}\n")
