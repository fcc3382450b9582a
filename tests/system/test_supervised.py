"""The kiosk as its supervisor sees it: whatever dies or hangs inside, the process ends soon, and serves again."""

from __future__ import annotations

import configparser
import contextlib
import importlib
import os
import pkgutil
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

import reader.kiosk
from reader.kiosk.run import WATCHDOG_S
from reader.kiosk.threads import GRACE_S, JOIN_S, MAIN_HANG_S
from reader.kiosk.worker import Worker

UNIT = Path(__file__).parents[2] / "systemd" / "kaopi-kiosk.service"
RECOVERED_S = 15.0
SLACK_S = 2.0  # of a machine that does other things as well


def worker_names() -> list[str]:
    for module in pkgutil.iter_modules(reader.kiosk.__path__, "reader.kiosk."):
        importlib.import_module(module.name)
    return sorted(kind.name for kind in Worker.__subclasses__() if kind.__module__.startswith("reader.kiosk."))


def patience(name: str) -> float:
    worker_names()
    return next(kind.patience_s for kind in Worker.__subclasses__() if getattr(kind, "name", "") == name)


def restart_s() -> float:
    """How long the unit waits before it starts the process again."""
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT, "utf-8")
    return float(unit["Service"]["RestartSec"])


class Supervisor:
    """As much of systemd as a kiosk needs: starts it, hears READY=1 and the watchdog, starts it again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._address = str(folder / "notify.sock")
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._channel.bind(self._address)
        self.process: subprocess.Popen[str] | None = None
        self.said: queue.SimpleQueue[str] = queue.SimpleQueue()

    def start(self) -> float:
        """Start, wait for READY=1, return the seconds that took."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hw_sim.reliability.kiosk_child", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self._folder / "stderr.txt").open("a"),
            text=True,
            env={**os.environ, "NOTIFY_SOCKET": self._address, "SDL_VIDEODRIVER": "dummy"},
        )
        assert self.process.stdout is not None
        threading.Thread(target=self._listen, args=(self.process.stdout,), daemon=True).start()
        self.hear("READY=1", 60.0)
        return time.monotonic() - began

    def _listen(self, stream: IO[str]) -> None:
        for line in stream:
            self.said.put(line.strip())

    def hear(self, word: str, limit_s: float) -> None:
        """Wait for a notification."""
        until = time.monotonic() + limit_s
        while True:
            self._channel.settimeout(max(0.01, until - time.monotonic()))
            if word in self._channel.recv(4096).decode():
                return

    def order(self, line: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def end(self, limit_s: float) -> tuple[int, float]:
        """Wait for the process to end by itself; return its code and the seconds that took."""
        assert self.process is not None
        began = time.monotonic()
        code = self.process.wait(limit_s)
        return code, time.monotonic() - began

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(5)
        self._channel.close()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path)
    yield made
    made.close()


@pytest.mark.timeout(240)
def test_whichever_worker_dies_the_kiosk_serves_again_within_fifteen_seconds(supervisor: Supervisor) -> None:
    supervisor.start()
    for name in worker_names():
        supervisor.order(f"die {name}")
        code, ended = supervisor.end(WATCHDOG_S + JOIN_S + SLACK_S)
        assert code == 1, name
        assert supervisor.said.get(timeout=1) == "dark", f"{name}: no face stays on the screen"
        assert ended + restart_s() + supervisor.start() < RECOVERED_S, name


@pytest.mark.timeout(120)
def test_a_camera_that_hangs_inside_its_driver_ends_the_process_and_darkens_the_screen(supervisor: Supervisor) -> None:
    supervisor.start()
    supervisor.order("hang camera")
    code, _ = supervisor.end(patience("camera") + GRACE_S + WATCHDOG_S + JOIN_S + 2 * SLACK_S)
    assert code == 1
    assert supervisor.said.get(timeout=1) == "dark"


@pytest.mark.timeout(120)
def test_a_main_loop_that_hangs_inside_c_code_is_ended_before_systemd_would(supervisor: Supervisor) -> None:
    supervisor.start()
    supervisor.order("hang main")
    code, ended = supervisor.end(MAIN_HANG_S + SLACK_S)
    assert code == 1
    assert ended + restart_s() + supervisor.start() < RECOVERED_S


@pytest.mark.timeout(120)
def test_a_killed_kiosk_is_back_and_a_killed_photo_child_ends_nothing(supervisor: Supervisor) -> None:
    supervisor.start()
    supervisor.order("child")
    assert supervisor.said.get(timeout=5).startswith("child ")
    supervisor.hear("WATCHDOG=1", 2 * WATCHDOG_S + SLACK_S)
    assert supervisor.process is not None
    assert supervisor.process.poll() is None, "it goes on without the child and starts another when one is needed"
    supervisor.process.send_signal(signal.SIGKILL)
    code, _ = supervisor.end(5.0)
    assert code == -signal.SIGKILL
    assert restart_s() + supervisor.start() < RECOVERED_S
    with contextlib.suppress(OSError):
        supervisor.process.send_signal(signal.SIGTERM)
    assert supervisor.end(10.0)[0] == 0, "asked to end, it ends in order"
