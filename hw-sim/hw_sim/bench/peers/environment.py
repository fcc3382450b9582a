"""The peers' own virtual environment (200 MB from PyPI)."""

from __future__ import annotations

import sys
from pathlib import Path

from hw_sim import environments

LOCK = Path(__file__).with_name("requirements.txt")


def python() -> Path | None:
    """Return the environment's Python, None where it has not been made."""
    return environments.existing(LOCK)


def made() -> Path:
    """Return the environment's Python, making it first. Raises environments.NoEnvironment."""
    return environments.made(LOCK)


if __name__ == "__main__":
    sys.stdout.write(f"{made()}\n")
