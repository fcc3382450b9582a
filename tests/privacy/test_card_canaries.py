"""After a session with canary PIN, verification number, name, photo and number, nothing written anywhere holds them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hw_sim.pcsc import isolated, requirements_missing

SCRIPT = Path(__file__).with_name("card_session.py")


def run(*options: str) -> tuple[dict[str, list[str]], int]:
    if os.environ.get("KAOPI_NO_PCSC") == "1":
        pytest.skip("KAOPI_NO_PCSC=1: the card over real PC/SC is not tested here")
    if os.geteuid() != 0:
        pytest.skip("sealing every mount needs root")
    missing = requirements_missing()
    assert missing is None, missing
    command = isolated([sys.executable, "-B", str(SCRIPT), *options], daemon=False)
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "83619274" not in done.stdout + done.stderr
    result = json.loads(done.stdout[done.stdout.index("{") :])
    return result["found"], result["log_bytes"]


@pytest.mark.pcsc
def test_no_canary_is_found_anywhere() -> None:
    found, log_bytes = run()
    assert log_bytes > 1000, "the session left no log: there was nothing to search"
    assert found == {name: [] for name in found}
    assert len(found) >= 10


@pytest.mark.pcsc
def test_the_search_finds_a_canary_that_is_there() -> None:
    found, _ = run("--leak")
    assert found["PIN"] == ["/var/log/kaopi.log"]
