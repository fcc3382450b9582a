"""The uplink as a process: ready, watched, and gone with a word when told to stop."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

_RUN = """
import sys
from pathlib import Path
from reader.uplink.run import run_uplink
from reader.uplink.settings import BrokerSettings, UplinkSettings
at = Path(sys.argv[1])
run_uplink(UplinkSettings("clinic", "kiosk-1", at / "outbox.db", at, BrokerSettings(port=1)))
"""


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(20)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    return listening


def test_the_process_without_a_broker_is_ready_watched_and_ends_when_told(
    systemd: socket.socket, tmp_path: Path
) -> None:
    process = subprocess.Popen([sys.executable, "-c", _RUN, str(tmp_path)], stderr=subprocess.PIPE)
    assert systemd.recv(100) == b"READY=1"
    assert systemd.recv(100) == b"WATCHDOG=1"
    process.send_signal(signal.SIGTERM)
    while systemd.recv(100) != b"STOPPING=1":
        pass
    assert process.wait(15) == 0
    assert not (tmp_path / "uplink.sock").exists()
    assert process.stderr is not None
    process.stderr.close()


def test_the_process_ends_with_words_when_the_outbox_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path)], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode != 0
    assert "OutboxError" in done.stderr
    assert "check the disk" in done.stderr
