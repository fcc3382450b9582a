"""The inference library would report on its user; kaopi never lets it begin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOOK = """
import sys
if sys.argv[1] == "kaopi":
    import reader.face.modelstore
import onnxruntime
"""


def left_behind(home: Path, who: str) -> list[Path]:
    """Load the inference library with an empty home; return the files it left there."""
    home.mkdir()
    hints = ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "CI")  # in CI the library keeps quiet by itself
    environment = {k: v for k, v in os.environ.items() if k not in hints}
    subprocess.run([sys.executable, "-c", LOOK, who], check=True, env={**environment, "HOME": str(home)})
    return [path for path in home.rglob("*") if path.is_file()]


def test_nothing_is_kept_about_the_kiosk_to_report(tmp_path: Path) -> None:
    assert left_behind(tmp_path / "kaopi", "kaopi") == []


def test_left_alone_the_library_would_keep_an_id(tmp_path: Path) -> None:
    """When this fails the library has changed its ways: look at what it does now."""
    assert [path.name for path in left_behind(tmp_path / "alone", "alone") if path.name == "deviceid"]
