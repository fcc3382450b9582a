"""The uplink as a process: ready, watched, and gone with a word when told to stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reader.uplink.sdnotify import notify, watchdog_interval

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


def test_systemd_is_told(systemd: socket.socket) -> None:
    assert notify("READY=1")
    assert systemd.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    assert not notify("READY=1")


@pytest.mark.parametrize(
    ("limit", "owner", "interval"),
    [
        ("30000000", None, 15.0),
        ("30000000", "self", 15.0),
        ("30000000", "1", None),
        ("x", None, None),
        (None, None, None),
    ],
)
def test_the_watchdog_is_fed_twice_in_its_limit(
    limit: str | None, owner: str | None, interval: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("WATCHDOG_USEC", limit), ("WATCHDOG_PID", str(os.getpid()) if owner == "self" else owner)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    assert watchdog_interval() == interval


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
