"""Tell systemd how we are (sd_notify(3)): ready, stopping, watchdog. Does nothing outside systemd."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> bool:
    """Send e.g. "READY=1" or "WATCHDOG=1". Returns False when systemd does not listen."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return False
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(state.encode(), address)
    except OSError:
        return False
    return True


def watchdog_interval() -> float | None:
    """Return in which seconds to say WATCHDOG=1 (half of systemd's limit), or None without a watchdog."""
    limit = os.environ.get("WATCHDOG_USEC")
    owner = os.environ.get("WATCHDOG_PID")
    if not limit or not limit.isdigit() or (owner and owner != str(os.getpid())):
        return None
    return int(limit) / 2_000_000
