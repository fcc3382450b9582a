"""What could not run is a failure in CI, and a skip with its reason everywhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LEFT_OUT = """
import pytest

@pytest.fixture
def tool():
    pytest.skip("apt install tool")

def test_by_fixture(tool): ...

def test_by_itself():
    pytest.skip("apt install another")

@pytest.mark.xfail(strict=True)
def test_known_to_fail():
    assert False
"""


@pytest.mark.parametrize(("ci", "summary"), [("true", "1 failed, 1 xfailed, 1 error"), ("", "2 skipped, 1 xfailed")])
def test_skips_fail_where_ci_is_set(tmp_path: Path, ci: str, summary: str) -> None:
    (tmp_path / "conftest.py").write_bytes(Path(__file__).with_name("conftest.py").read_bytes())
    (tmp_path / "test_left_out.py").write_text(LEFT_OUT, "utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-ra",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        str(tmp_path),
    ]
    environment = {**os.environ, "CI": ci, "PYTEST_ADDOPTS": ""}
    run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert summary in run.stdout
    assert "apt install tool" in run.stdout
