"""The whole kiosk over real pcscd, real pyscard and real mosquitto, in a namespace of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hw_sim.pcsc import isolated, requirements_missing

MODULE = Path(__file__).parent / "over_pcsc" / "kiosk_over_pcsc.py"


@pytest.mark.pcsc
@pytest.mark.timeout(300)
@pytest.mark.parametrize("scenario", ["face", "pin", "pcscd_lost", "two_cards"])
def test_kiosk_over_pcsc_and_mosquitto(scenario: str, tmp_path: Path) -> None:
    if os.environ.get("KAOPI_NO_PCSC") == "1":
        pytest.skip("KAOPI_NO_PCSC=1: the kiosk over real PC/SC is not tested here")
    missing = requirements_missing()
    assert missing is None, f"{missing} (or set KAOPI_NO_PCSC=1 to leave these tests out)"
    run = subprocess.run(
        isolated([sys.executable, str(MODULE), scenario, str(tmp_path)], daemon=False),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    assert "the desk stored what it should" in run.stdout
