"""A partition of its own for the tests that erase one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.provision.lived_in import MIB


@pytest.fixture
def partition(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A partition's image, and where it is mounted as ext4."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    image, place = tmp_path / "data.ext4", tmp_path / "data"
    place.mkdir()
    subprocess.run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", str(image), f"{MIB}M"], check=True)
    made = subprocess.run(["mount", "-o", "loop", str(image), str(place)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no loop mount: {made.stderr.strip()}")
    yield image, place
    subprocess.run(["umount", str(place)], check=False, capture_output=True)
