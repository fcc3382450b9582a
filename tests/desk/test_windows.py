"""The desk could run on Windows: every dependency resolves to wheels for it. It was not run there; README says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_every_dependency_has_a_wheel_for_windows(python: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("uv"), "pip", "compile", "--quiet", "--no-header", "--no-emit-index-url",
         "--python-platform", "x86_64-pc-windows-msvc", "--python-version", python, "--only-binary", ":all:",
         str(ROOT / "pyproject.toml"), "-o", str(tmp_path / "windows.txt")],
        capture_output=True, check=False, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-1500:]
    resolved = (tmp_path / "windows.txt").read_text()
    for name in ("cryptography", "jinja2", "paho-mqtt", "pydantic-core", "starlette", "uvicorn"):
        assert f"\n{name}==" in f"\n{resolved}"
