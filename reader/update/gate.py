"""The first minutes of a new slot: only a kiosk that the doctor finds fit becomes the one to start from now on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from reader.update.boot import Board, arm, mark, other
from reader.update.journal import Entry, State
from reader.update.version import Version

log = logging.getLogger(__name__)

TRY_FOR_S = 300.0
AGAIN_S = 10.0


class Verdict(StrEnum):
    """What comes of a start."""

    NOTHING_TO_DO = "nothing to do"
    GOOD = "the new slot is good"
    FELL_BACK = "the new slot did not start; the old one runs"
    RESTART = "the new slot is not fit; starting the old one again"


def judge(
    board: Board,
    entry: Entry,
    running: Version,
    healthy: Callable[[], str],
    *,
    within_s: float = TRY_FOR_S,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Verdict, Entry]:
    """Decide about the slot that runs; return the verdict and what to remember.

    healthy: the doctor's complaint, empty when the kiosk is fit for patients; asked again until ``within_s`` is over.
    Raises BootError when the board's choice cannot be read or written.
    """
    choice, booted = board.read(), board.booted()
    if booted == choice.primary:
        if entry.state is State.INSTALLED and choice.trial is None:
            board.write(mark(choice, other(booted), good=False))
            reason = entry.reason or "it did not come up"
            log.error("version %s in slot %s: %s", entry.version, entry.slot, reason)
            return Verdict.FELL_BACK, replace(entry, state=State.FELL_BACK, reason=reason)
        return Verdict.NOTHING_TO_DO, entry.raised(running)
    deadline = now() + within_s
    while complaint := healthy():
        log.warning("not fit yet: %s", complaint)
        if now() >= deadline:
            board.write(mark(choice, booted, good=False))
            return Verdict.RESTART, replace(entry, state=State.INSTALLED, reason=complaint)
        sleep(AGAIN_S)
    board.write(arm(choice, booted, booted))
    return Verdict.GOOD, Entry(State.GOOD, str(running), booted, entry.floor).raised(running)
