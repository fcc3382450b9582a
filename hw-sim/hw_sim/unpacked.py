"""This package as its wheel has it, unpacked where a device without pip can find it, entry points and all."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

_HW_SIM = Path(__file__).resolve().parents[1]


def unpack(target: Path) -> None:
    """Build hw_sim's wheel, with no network, and unpack it into ``target``, a folder for Python's path."""
    with tempfile.TemporaryDirectory() as wheels:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"),
                *("--wheel-dir", wheels, str(_HW_SIM)),
            ],
            check=True,
            capture_output=True,
        )
        (wheel,) = Path(wheels).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
