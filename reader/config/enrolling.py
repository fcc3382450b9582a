"""A kiosk that waits for its certificate: how its own screen knows, and where it reads what is in the way."""

from __future__ import annotations

from pathlib import Path

from reader.config.load import Problem
from reader.config.refusal import refused

#: Empty; there from set-up until the certificate has come. The kiosk serves nobody meanwhile.
MARK = Path("/etc/kaopi/enrolling")
#: Written by the process that asks, which has the network and no other right.
WAITING_FILE = Path("/run/kaopi-enrol/waiting.json")

_FIRST = Problem(
    "enrolment",
    None,
    "",
    "waiting for the certificate from the clinic PC",
    "Run `kaopi desk enrol serve` there",
    "受付のPCから証明書が届くのを待っています。受付のPCで kaopi desk enrol serve を動かしてください。",
)


def waiting(mark: Path = MARK, file: Path = WAITING_FILE) -> list[Problem]:
    """Return what a kiosk that waits shows; empty when it does not wait."""
    if not mark.exists():
        return []
    try:
        return refused(file) or [_FIRST]
    except (OSError, ValueError, TypeError):
        return [_FIRST]
