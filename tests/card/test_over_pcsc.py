"""The card over real pcscd and real pyscard: each module of over_pcsc/ runs in a namespace with a pcscd of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hw_sim.pcsc import isolated, requirements_missing

HERE = Path(__file__).parent
MODULES = sorted(path.name for path in (HERE / "over_pcsc").glob("*_over_pcsc.py"))


@pytest.mark.pcsc
@pytest.mark.timeout(240)
@pytest.mark.parametrize("module", MODULES)
def test_over_pcsc(module: str) -> None:
    if os.environ.get("KAOPI_NO_PCSC") == "1":
        pytest.skip("KAOPI_NO_PCSC=1: the card over real PC/SC is not tested here")
    missing = requirements_missing()
    assert missing is None, f"{missing} (or set KAOPI_NO_PCSC=1 to leave these tests out)"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist"]
    run = subprocess.run(
        isolated([*command, "--timeout=60", str(HERE / "over_pcsc" / module)], daemon=False),
        cwd=HERE.parent.parent,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=230,
        check=False,
    )
    passed = re.search(r"(\d+) passed", run.stdout)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert passed is not None
    assert int(passed[1]) > 0
    assert "skipped" not in run.stdout
