"""The ministry's check sheet for readers that give trouble, made executable: restart, updates, cables, line."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reader.doctor.finding import Finding, Patient, Words, fail, good, skipped, warn

_LONG = timedelta(days=8)  # the nightly restart leaves no kiosk up for longer than a week
_STALE = timedelta(days=40)
_CONNECTS, _SLOW_S = 5, 0.15


def restarted(patient: Patient) -> Finding:
    """The machine was restarted within a week."""
    try:
        up = timedelta(seconds=float(patient.path("/proc/uptime").read_text("ascii").split()[0]))
    except (OSError, ValueError, IndexError):
        return skipped("this machine does not tell")
    detail = f"up for {up.days} days"
    if up > _LONG:
        return warn(detail, Words("本体の電源を入れ直してください。", "Switch the kiosk off and on."))
    return good(detail)


def updates(patient: Patient) -> Finding:
    """The list of updates was fetched within about a month."""
    for name in ("/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists"):
        file = patient.path(name)
        if file.exists():
            age = patient.now() - datetime.fromtimestamp(file.stat().st_mtime, UTC)
            detail = f"checked {max(age.days, 0)} days ago"
            remedy = Words(
                "更新を入れてください（apt update、apt upgrade）。", "Install updates (apt update, apt upgrade)."
            )
            return warn(detail, remedy) if age > _STALE else good(detail)
    return skipped("no package manager here")


def _wired(root: Path) -> list[tuple[str, bool]]:
    found = []
    for card in sorted((root / "sys/class/net").glob("*")):
        if (card / "device").exists() and not (card / "wireless").exists():
            try:
                found.append((card.name, (card / "carrier").read_text("ascii").strip() == "1"))
            except OSError:  # switched off
                found.append((card.name, False))
    return found


def cables(patient: Patient) -> Finding:
    """A network cable is plugged in at both ends."""
    found = _wired(patient.root)
    if not found:
        return skipped("no wired network card")
    detail = ", ".join(f"{name} {'connected' if there else 'no cable'}" for name, there in found)
    if any(there for _, there in found):
        return good(detail)
    return warn(
        detail,
        Words(
            "LANケーブルを両端とも挿し直し、ランプが点くか見てください（無線で使うなら不要です）。",
            "Plug the LAN cable in again at both ends and see its lamp (not needed on Wi-Fi).",
        ),
    )


def line(patient: Patient, clock: Callable[[], float] = time.monotonic) -> Finding:
    """The line to the clinic PC is quick: nobody else fills it."""
    uplink = patient.config.uplink
    times = []
    for _ in range(_CONNECTS):
        begun = clock()
        try:
            with socket.create_connection((uplink.host, uplink.port), timeout=3.0):
                times.append(clock() - begun)
        except OSError as error:
            return fail(
                f"{uplink.host}:{uplink.port}: {error.strerror or error}",
                Words(
                    "LANケーブルと受付PCの電源を確認してください。",
                    "Check the LAN cable and that the clinic PC is on.",
                ),
            )
    slowest = max(times)
    detail = f"{sorted(times)[len(times) // 2] * 1000:.0f} ms, slowest {slowest * 1000:.0f} ms"
    if slowest > _SLOW_S:
        return warn(
            detail,
            Words(
                "回線が混んでいます。動画などと共用していない回線につないでください。",
                "The line is busy: use one that is not shared with videos or guests.",
            ),
        )
    return good(detail)
