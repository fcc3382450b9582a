"""One qemu-system-aarch64 by TCG: switched on, switched off, its disk photographed, reached by ssh."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hw_sim.broker.embedded import free_port

U_BOOT = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
CREDENTIALS = "opt/io.systemd.credentials/"  # systemd.system-credentials(7)
_LONGEST_NAME = 55  # of a QEMU fw_cfg file


class MachineFailed(AssertionError):
    """The machine did not do what was waited for; the message holds the end of its console."""


def overlay_of(base: Path, target: Path) -> Path:
    """Make a qcow2 that begins as ``base`` (raw or qcow2) and keeps what is written."""
    form = "qcow2" if base.suffix == ".qcow2" else "raw"
    command = ["qemu-img", "create", "-q", "-f", "qcow2", "-b", str(base.resolve()), "-F", form, str(target)]
    subprocess.run(command, check=True)
    return target


def disk_of(content: Path, target: Path) -> Path:
    """Make an ext4 disk image of a folder's content."""
    size = sum(file.stat().st_size for file in content.rglob("*")) * 11 // 10 + (32 << 20)
    target.unlink(missing_ok=True)
    command = ["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-d", str(content), str(target), f"{size >> 20}M"]
    subprocess.run(command, check=True, capture_output=True)
    return target


@dataclass(slots=True)
class Machine:
    """A machine over one disk. Use as a context: entering switches on, leaving cuts the power.

    disk: qcow2. extra: further read-only disks. key: private ssh key of root. credentials: systemd's system
    credentials by name. memory: MiB.
    """

    disk: Path
    folder: Path
    key: Path | None = None
    extra: tuple[Path, ...] = ()
    credentials: Mapping[str, str] = field(default_factory=dict)
    memory: int = 1536
    processors: int = 2
    _process: subprocess.Popen[bytes] | None = None
    _ssh_port: int = 0
    _line: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.switch_on()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut_power()

    @property
    def console(self) -> Path:
        """What the serial line said, over all starts."""
        return self.folder / "console.log"

    def switch_on(self) -> None:
        """Start; returns at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._ssh_port = free_port()
        (self.folder / "qmp").unlink(missing_ok=True)
        command = [
            *("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-accel", "tcg,thread=multi"),
            *(
                "-smp",
                str(self.processors),
                "-m",
                str(self.memory),
                "-bios",
                str(U_BOOT),
                "-display",
                "none",
                "-nodefaults",
            ),
            *("-chardev", f"file,id=console,path={self.console},append=on", "-serial", "chardev:console"),
            *("-qmp", f"unix:{self.folder / 'qmp'},server=on,wait=off"),
            *("-drive", f"file={self.disk},if=virtio,id=disk,format=qcow2,cache=writeback"),
            *("-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self._ssh_port}-:22"),
            *("-device", "virtio-net-pci,netdev=net,romfile="),
            *("-device", "virtio-rng-pci"),
        ]
        for disk in self.extra:
            command += ["-drive", f"file={disk},if=virtio,format=raw,readonly=on"]
        for number, (name, text) in enumerate(self.credentials.items()):
            assert len(CREDENTIALS + name) <= _LONGEST_NAME, name
            file = self.folder / f"credential-{number}"
            file.write_text(text, "utf-8")
            command += ["-fw_cfg", f"name={CREDENTIALS}{name},file={file}"]
        with (self.folder / "qemu.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def cut_power(self) -> None:
        """End the machine between two instructions, as pulling the plug does; what the disk had stays."""
        self._hang_up()
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait()

    def running(self) -> bool:
        """Whether it has power."""
        return self._process is not None and self._process.poll() is None

    def mark(self) -> int:
        """Return a place in the console, to wait from."""
        return self.console.stat().st_size if self.console.exists() else 0

    def said(self, since: int = 0) -> str:
        """Return the console's text."""
        if not self.console.exists():
            return ""
        return self.console.read_bytes()[since:].decode("utf-8", "replace").replace("\r", "")

    def until(self, *words: str, since: int = 0, within_s: float) -> str:
        """Wait until the console holds one of these; return which. Raises MachineFailed."""
        deadline = time.monotonic() + within_s
        while True:
            text = self.said(since)
            for word in words:
                if word in text:
                    return word
            if not self.running() or time.monotonic() > deadline:
                end = "lost power" if not self.running() else f"{within_s:.0f} s passed"
                raise MachineFailed(f"{end} without {words}:\n{text[-3000:]}")
            time.sleep(0.25)

    def photograph(self, onward: Path) -> Path:
        """Freeze the disk as a power cut at this instant would leave it: what the guest has not written is lost.

        Returns that disk. The machine goes on over it, writing into a new qcow2, ``onward``; no byte is copied.
        """
        names = {"device": "disk", "snapshot-file": str(onward), "format": "qcow2"}
        self._qmp("blockdev-snapshot-sync", names)
        frozen, self.disk = self.disk, onward
        return frozen

    def written(self) -> int:
        """Return how often the guest has written to the disk since it was switched on."""
        (disk,) = (row for row in self._qmp("query-blockstats", {}) if row["device"] == "disk")
        return int(disk["stats"]["wr_operations"])

    def _qmp(self, command: str, arguments: Mapping[str, str]) -> Any:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(120)
            link.connect(str(self.folder / "qmp"))
            with link.makefile("rw") as lines:
                lines.readline()
                for word, given in (("qmp_capabilities", {}), (command, arguments)):
                    lines.write(json.dumps({"execute": word, "arguments": given}) + "\n")
                    lines.flush()
                    answer: dict[str, Any] = {}
                    while "return" not in answer:
                        answer = json.loads(lines.readline())
                        assert "error" not in answer, answer
                return answer["return"]

    # -- ssh ---------------------------------------------------------------------------------------------------

    def _ssh(self, program: str, *arguments: str) -> list[str]:
        assert self.key is not None
        port = ("-P" if program == "scp" else "-p", str(self._ssh_port))
        options = [
            *("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=60", "LogLevel=ERROR"),
            *(f"ControlPath={self.folder / 'ssh'}", "ServerAliveInterval=20"),
        ]
        quiet = [part for option in options for part in ("-o", option)]
        return [program, *port, "-i", str(self.key), *quiet, *arguments]

    def run(self, command: str, *, check: bool = True, within_s: float = 300.0) -> str:
        """Run a shell command as root inside; return what it said. Raises MachineFailed when it fails."""
        try:
            result = subprocess.run(
                self._ssh("ssh", "root@127.0.0.1", command),
                capture_output=True,
                text=True,
                timeout=within_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise MachineFailed(f"{command}: nothing for {within_s:.0f} s") from error
        if check and result.returncode:
            raise MachineFailed(f"{command}: {result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout + result.stderr

    def reachable(self, within_s: float) -> None:
        """Wait until root can log in by key; stay connected, because a log-in costs seconds under emulation."""
        self._hang_up()
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline and self.running():
            with contextlib.suppress(MachineFailed):
                self.run("true", within_s=90)
                self._line = subprocess.Popen(
                    self._ssh("ssh", "-M", "-N", "root@127.0.0.1"),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                return
            time.sleep(2)
        raise MachineFailed(f"no ssh within {within_s:.0f} s:\n{self.said()[-2000:]}")

    def _hang_up(self) -> None:
        """End the standing connection; without one, every command makes its own."""
        line, self._line = self._line, None
        if line is not None:
            line.terminate()
            line.wait()

    def fetch(self, source: str, target: Path) -> None:
        """Copy a file out. Raises MachineFailed."""
        command = self._ssh("scp", "-q", f"root@127.0.0.1:{source}", str(target))
        result = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
        if result.returncode:
            raise MachineFailed(f"{source}: {result.stderr}")
