"""Tells systemd that the process is ready and alive (sd_notify(3)); silent where systemd is not the parent."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

#: What the kiosk tells in STATUS=, and an update reads: whether somebody stands there.
WAITING = "waiting for patients"
SERVING = "serving a patient"
OUT_OF_SERVICE = "out of service"
REFUSED = "set-up refused"
ERASING = "being erased"


def notify(*lines: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send e.g. ``READY=1``, ``WATCHDOG=1``, ``STATUS=…``. Returns whether there was a systemd to hear it.

    Never raises: a lost heartbeat is what the watchdog is for.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):  # abstract namespace
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.sendto("\n".join(lines).encode(), address)
    except OSError:
        return False
    return True


def watchdog_interval_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """Return how often to send ``WATCHDOG=1`` (half of WatchdogSec), or None where no watchdog watches."""
    microseconds = environ.get("WATCHDOG_USEC", "")
    if not microseconds.isdigit() or environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(microseconds) / 2_000_000
