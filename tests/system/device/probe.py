"""Runs inside the device under a unit's own lines, tries what the unit must not do, and prints what came of it."""

import ctypes
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path


def attempt(work: Callable[[], object]) -> str:
    """Return "done", or the name of what stopped it."""
    try:
        work()
    except Exception as error:
        return type(error).__name__
    return "done"


def write(path: str) -> None:
    Path(path).write_text("x")


def unshare() -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000):
        raise PermissionError(ctypes.get_errno())


def status(field: str) -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(field + ":"))


print(
    "PROBE "
    + json.dumps(
        {
            "uid": os.getuid(),
            "no_new_privileges": status("NoNewPrivs"),
            "capabilities": int(status("CapEff"), 16),
            "seccomp": status("Seccomp"),
            "inet": attempt(lambda: socket.socket(socket.AF_INET).close()),
            "inet6": attempt(lambda: socket.socket(socket.AF_INET6).close()),
            "unix": attempt(lambda: socket.socket(socket.AF_UNIX).close()),
            "write_etc": attempt(lambda: write("/etc/kaopi/probe")),
            "write_usr": attempt(lambda: write("/usr/probe")),
            "write_state": attempt(lambda: write("/var/lib/kaopi/probe")),
            "write_outbox": attempt(lambda: write("/var/lib/kaopi/outbox/probe")),
            "write_run": attempt(lambda: write("/run/kaopi/probe")),
            "write_reset": attempt(lambda: write("/run/kaopi-reset/probe")),
            "read_keys": attempt(lambda: list(Path("/etc/kaopi/tls").iterdir())),
            "read_state": sorted(path.name for path in Path("/var/lib/kaopi").iterdir())
            if os.access("/var/lib/kaopi", os.R_OK)
            else None,
            "read_home": attempt(lambda: list(Path("/root").iterdir())),
            "namespace": attempt(unshare),
            "core_limit": Path("/proc/self/limits").read_text().split("Max core file size")[1].split()[0],
            "devices": sorted(path.name for path in Path("/dev").iterdir()),
        }
    ),
    flush=True,
)
