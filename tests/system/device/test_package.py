"""The package itself: what Debian's own checker says of it, and what is inside."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(600)


def test_lintian_finds_no_error(package: Path) -> None:
    lintian = shutil.which("lintian")
    if lintian is None:
        pytest.skip("apt install lintian")
    said = subprocess.run(
        [
            lintian,
            "--allow-root",
            "--fail-on",
            "error",
            "--display-level",
            "error",
            "--tag-display-limit",
            "0",
            package,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout + said.stderr


def canonical(name: str) -> str:
    """Write a name as PEP 503 does."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_simulator_is_not_inside_and_the_bill_of_materials_is(package: Path, tmp_path: Path) -> None:
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout
    assert "hw_sim" not in listed
    assert "/reader/session/core.py" in listed
    subprocess.run(["dpkg-deb", "--extract", package, tmp_path], check=True)
    bill = json.loads((tmp_path / "usr/share/doc/kaopi/sbom.cdx.json").read_text("utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    inside = {canonical(path.name.split("-")[0]) for path in tmp_path.rglob("*.dist-info")}
    named = {canonical(part["name"]) for part in bill["components"] if part["type"] == "library"}
    assert inside <= named | {"kaopi"}, inside - named
    assert all(part["licenses"] for part in bill["components"] if part["type"] != "operating-system")
