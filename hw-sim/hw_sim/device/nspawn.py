"""One booted device: the root under an overlay, systemd as its first process, a cable to this machine."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self


class BootFailed(RuntimeError):
    """The container did not come up; the message holds its console."""


class Device:
    """A container that boots. Use as a context; ``run`` executes a command inside."""

    def __init__(self, root: Path, folder: Path, name: str, subnet: str) -> None:
        """root: what to boot, left untouched. folder: for overlay and logs. subnet: e.g. "10.213.7" (a /24)."""
        self._root = root
        self._folder = folder
        self.name = name
        self.outside, self.inside = f"{subnet}.1", f"{subnet}.2"
        self.files = folder / "root"
        self._console = folder / "console.log"
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0

    def __enter__(self) -> Self:
        for part in ("upper", "work", "root"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        layers = f"lowerdir={self._root},upperdir={self._folder / 'upper'},workdir={self._folder / 'work'}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.files], check=True)
        self.boot()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut_power()
        subprocess.run(["umount", self.files], check=False)
        shutil.rmtree(self._folder / "work", ignore_errors=True)

    def boot(
        self,
        *,
        read_only_beside: Path | None = None,
        within_s: float = 60.0,
    ) -> float:
        """Switch on; return the seconds until systemd had started everything. Raises BootFailed.

        read_only_beside: the folder that stands for the data partition, found inside as /data; the root is read-only.
        """
        data = [] if read_only_beside is None else ["--read-only", f"--bind={read_only_beside}:/data"]
        started = time.monotonic()
        with self._console.open("ab") as console:
            self._nspawn = subprocess.Popen(
                [
                    *("unshare", "--mount", "--propagation", "private", "systemd-nspawn", "--quiet", "--boot"),
                    *(f"--directory={self.files}", f"--machine={self.name}", "--register=no", "--keep-unit"),
                    *("--network-veth", "--console=read-only", "--link-journal=no", "--resolv-conf=off"),
                    "--suppress-sync=yes",  # a power cut is the end of its processes; the disk outside goes on
                    *data,
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        state = ""
        while time.monotonic() - started < within_s:
            self._leader = self._find_leader()
            if self._leader:
                state = self.run("systemctl", "is-system-running", check=False).strip()
                if state in ("running", "degraded"):
                    self._plug_cable()
                    return time.monotonic() - started
            if self._nspawn.poll() is not None:
                break
            time.sleep(0.1)
        raise BootFailed(f"state {state!r}\n{self._console.read_text(errors='replace')[-3000:]}")

    def cut_power(self) -> None:
        """End every process of the container at once, as pulling the plug does to a machine."""
        nspawn, self._nspawn = self._nspawn, None
        if self._leader:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._leader, signal.SIGKILL)
            self._leader = 0
        if nspawn is not None:
            try:
                nspawn.wait(15)
            except subprocess.TimeoutExpired:
                nspawn.kill()
                nspawn.wait()

    def run(self, *command: str, check: bool = True, timeout_s: float = 120.0, stdin: str = "") -> str:
        """Run a command inside as root; return what it said. Raises AssertionError with its words when it fails."""
        result = subprocess.run(
            [
                "nsenter",
                f"--target={self._leader}",
                "--mount",
                "--pid",
                "--net",
                "--uts",
                "--ipc",
                "--cgroup",
                "--root",
                "--wdns=/",
                *command,
            ],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            input=stdin,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
        )
        if check:
            assert result.returncode == 0, f"{' '.join(command)}: {result.stdout}{result.stderr}"
        return result.stdout

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        """Return properties of a unit."""
        text = self.run("systemctl", "show", unit, *(f"--property={name}" for name in properties))
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def journal(self, unit: str = "") -> str:
        """Return the journal, of one unit or all."""
        return self.run("journalctl", "--no-pager", "--output=short-monotonic", *([f"--unit={unit}"] if unit else []))

    def until(self, condition: str, *command: str, within_s: float = 30.0) -> str:
        """Wait until a command's output holds ``condition``; return the output. Raises AssertionError with the last."""
        deadline = time.monotonic() + within_s
        while True:
            said = self.run(*command, check=False)
            if condition in said:
                return said
            assert time.monotonic() < deadline, f"{' '.join(command)} never said {condition!r}, but: {said[-3000:]}"
            time.sleep(0.2)

    def _find_leader(self) -> int:
        assert self._nspawn is not None
        for child in _children(self._nspawn.pid):
            with contextlib.suppress(FileNotFoundError):  # it has just ended
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return child
        return 0

    def _plug_cable(self) -> None:
        cable = f"ve-{self.name}"
        subprocess.run(["ip", "address", "replace", f"{self.outside}/24", "dev", cable], check=True)
        subprocess.run(["ip", "link", "set", cable, "up"], check=True)
        self.run("ip", "address", "replace", f"{self.inside}/24", "dev", "host0")
        self.run("ip", "link", "set", "host0", "up")


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(part) for part in text.split()]
