"""A real pcscd with two virtual readers, all to itself: own mount and network namespace, nothing of the host touched.

pcscd's socket path is fixed (/run/pcscd) and vpcd listens on every address, so both need a namespace of their own.

From outside, ``isolated(command)`` gives the command line that runs ``command`` in there (root, or any user where user
namespaces are allowed); inside, ``PcscDaemon`` starts, stops and restarts pcscd. ``python -m hw_sim.pcsc -- command``
does both and runs the command with pcscd up.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Final

READERS: Final = ("kaopi virtual reader 00 00", "kaopi virtual reader 00 01")
PORTS: Final = (35963, 35964)  # one driver instance has two slots on neighbouring ports; a second would share its state
IN_NAMESPACE: Final = "KAOPI_PCSC_NAMESPACE"
_UNSHARED: Final = "KAOPI_PCSC_UNSHARED"
_SOCKET: Final = Path("/run/pcscd/pcscd.comm")
_DRIVERS: Final = Path("/usr/lib/pcsc/drivers/serial")


class PcscMissing(RuntimeError):
    """pcscd, vpcd or the namespaces are not to be had; the message says what to install or allow."""


def requirements_missing() -> str | None:
    """What is missing on this machine for PC/SC tests, as one sentence; None when nothing is."""
    if shutil.which("pcscd") is None or not list(_DRIVERS.glob("libifdvpcd.so*")):
        return "pcscd or its virtual reader is missing: apt-get install pcscd vsmartcard-vpcd"
    if shutil.which("unshare") is None:
        return "unshare is missing: apt-get install util-linux"
    probe = subprocess.run([*_unshare(), "true"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        return f"no namespaces here ({probe.stderr.strip()}): run as root, or allow user namespaces"
    return None


def _unshare() -> list[str]:
    if os.geteuid() == 0:
        return ["unshare", "--mount", "--net", "--fork", "--kill-child"]
    return ["unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--kill-child"]


def isolated(command: list[str], *, daemon: bool = True) -> list[str]:
    """The command line that runs ``command`` in a namespace with an empty /run, a loopback, and pcscd up.

    daemon False: without pcscd; ``command`` starts its own ``PcscDaemon``.

    Raises PcscMissing.
    """
    missing = requirements_missing()
    if missing is not None:
        raise PcscMissing(missing)
    return [
        *_unshare(),
        "env",
        f"{_UNSHARED}=1",
        sys.executable,
        "-m",
        "hw_sim.pcsc",
        *([] if daemon else ["--bare"]),
        "--",
        *command,
    ]


def prepare_namespace() -> None:
    """Inside: give /run to a tmpfs of our own and bring the loopback up. Raises PcscMissing."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "mode=755,size=16m", "tmpfs", "/run"], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        raise PcscMissing(f"cannot mount a tmpfs on /run: {mounted.stderr.decode(errors='replace').strip()}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # SIOCGIFFLAGS, SIOCSIFFLAGS with IFF_UP (netdevice(7)).
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(probe, 0x8913, request))[1]
        fcntl.ioctl(probe, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))
    os.environ[IN_NAMESPACE] = "1"


def in_namespace() -> bool:
    """Whether this process runs where pcscd may be started."""
    return os.environ.get(IN_NAMESPACE) == "1"


class PcscDaemon:
    """pcscd in the namespace of this process. A context manager; ``stop`` and ``start`` as often as a test likes."""

    def __init__(self, directory: Path = Path("/run/kaopi-pcsc")) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> PcscDaemon:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, *, readers: bool = True) -> None:
        """Start pcscd with two virtual readers, or none, and wait for it. Raises PcscMissing, TimeoutError."""
        if not in_namespace():
            raise PcscMissing("pcscd is started only inside its own namespace: use hw_sim.pcsc.isolated()")
        drivers = sorted(_DRIVERS.glob("libifdvpcd.so*"))
        program = shutil.which("pcscd")
        if not drivers or program is None:
            raise PcscMissing("pcscd or its virtual reader is missing: apt-get install pcscd vsmartcard-vpcd")
        configuration = self._directory / "readers"
        configuration.mkdir(parents=True, exist_ok=True)
        entry = (
            f'FRIENDLYNAME "kaopi virtual reader"\nDEVICENAME /dev/null:{PORTS[0]:#06x}\n'
            f"LIBPATH {drivers[0]}\nCHANNELID {PORTS[0]:#06x}\n"
        )
        (configuration / "virtual").write_text(entry if readers else "")
        for left_over in Path("/run/pcscd").glob("*"):
            left_over.unlink()
        Path("/run/pcscd").mkdir(exist_ok=True)
        help_text = subprocess.run([program, "--help"], capture_output=True, text=True, check=False).stdout
        extra = ["--disable-polkit"] if "disable-polkit" in help_text else []
        with (self._directory / "pcscd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [program, "-f", "-e", "-c", str(configuration), *extra], stdout=log, stderr=log
            )
        self._wait(PORTS if readers else ())

    def _wait(self, ports: tuple[int, ...]) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            if _SOCKET.exists() and all(_listens(port) for port in ports):
                return
            time.sleep(0.02)
        raise TimeoutError(f"pcscd did not come up; its log:\n{self.log()}")

    def log(self) -> str:
        """What pcscd wrote."""
        path = self._directory / "pcscd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self, *, kill: bool = False) -> None:
        """End pcscd: politely, or as a crash would."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            if process.poll() is None:
                process.kill()
                process.wait()

    def restart(self, *, kill: bool = False) -> None:
        """Stop and start."""
        self.stop(kill=kill)
        self.start()


def _listens(port: int) -> bool:
    """True when some socket of this namespace listens on ``port``; asked without connecting, which would be a card."""
    wanted = f":{port:04X} "
    return any(wanted in line and " 0A " in line for line in Path("/proc/net/tcp").read_text().splitlines())


def main(arguments: list[str]) -> int:
    """Run a command with pcscd up, inside the namespace (which ``isolated`` has made)."""
    bare = arguments[:1] == ["--bare"]
    command = arguments[1:] if bare else arguments
    command = command[1:] if command[:1] == ["--"] else command
    if not command:
        sys.stderr.write("usage: python -m hw_sim.pcsc -- command\n")
        return 2
    if os.environ.get(_UNSHARED) != "1":
        # Called by hand: make the namespace first.
        return subprocess.run(isolated(command, daemon=not bare), check=False).returncode
    prepare_namespace()
    if bare:
        return subprocess.run(command, check=False).returncode
    with PcscDaemon():
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
