"""systemd hears READY and WATCHDOG on its socket; without systemd nothing happens."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from reader.sdnotify import notify, watchdog_interval_s


@pytest.mark.parametrize("abstract", [False, True])
def test_lines_arrive_as_one_datagram(tmp_path: Path, abstract: bool) -> None:
    name = f"kaopi-test-{os.getpid()}"
    address = "\0" + name if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(5)
        environ = {"NOTIFY_SOCKET": "@" + name if abstract else address}
        assert notify("READY=1", "STATUS=受付中", environ=environ)
        assert systemd.recv(200).decode() == "READY=1\nSTATUS=受付中"


def test_without_systemd_nobody_is_told() -> None:
    assert not notify("READY=1", environ={})


def test_a_dead_socket_is_no_reason_to_stop(tmp_path: Path) -> None:
    assert not notify("WATCHDOG=1", environ={"NOTIFY_SOCKET": str(tmp_path / "gone")})


def test_the_heartbeat_comes_twice_in_the_watchdogs_time() -> None:
    assert watchdog_interval_s({"WATCHDOG_USEC": "15000000"}) == 7.5
    assert watchdog_interval_s({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": str(os.getpid())}) == 7.5


def test_a_watchdog_of_another_process_is_not_ours() -> None:
    assert watchdog_interval_s({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "1"}) is None
    assert watchdog_interval_s({}) is None
