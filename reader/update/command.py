"""``kaopi update …`` as functions: what the command line, RAUC's handler and the units call."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from reader.update import journal
from reader.update.backend import this_board
from reader.update.boot import Board, PiBoard, next_up
from reader.update.gate import TRY_FOR_S, Verdict, judge
from reader.update.guard import Kiosk, Refused, bundle_version, check, kiosk_now, running_version
from reader.update.version import Version

log = logging.getLogger(__name__)

QUIET_S = 10.0  # nobody for this long before a restart, so that no card was just put in
LOOK_S = 1.0
#: RAUC tells nobody what its handler said: the handler leaves it here for the command that waits.
REFUSAL_FILE = Path("/run/kaopi-update-refusal")
_PROGRESS = re.compile(r" *\d+% ")


def handler() -> None:
    """RAUC's pre-install handler. Raises Refused."""
    entry = journal.read()
    try:
        bundle = bundle_version(os.environ)
        check(bundle, running_version(), Version.parse(entry.floor) if entry.floor else None, kiosk_now())
    except Refused as refused:
        REFUSAL_FILE.write_text(str(refused), "utf-8")
        raise
    journal.keep(replace(entry, state=journal.State.NONE, version=str(bundle), slot="", reason=""))


def install(bundle: Path) -> str:
    """Have RAUC verify and write a bundle; return the version that will be tried at the next start. Raises Refused."""
    REFUSAL_FILE.unlink(missing_ok=True)
    result = subprocess.run(["rauc", "install", str(bundle)], capture_output=True, text=True, check=False)
    if result.returncode:
        try:
            reason = REFUSAL_FILE.read_text("utf-8")
        except FileNotFoundError:
            said = (result.stdout + result.stderr).strip().splitlines()
            reason = "\n".join([line for line in said if not _PROGRESS.match(line)][-4:])
        raise Refused(f"{bundle.name} was not installed; the kiosk goes on as it is.\n{reason}")
    entry = journal.read()
    slot = next_up(this_board().read())
    journal.keep(replace(entry, state=journal.State.INSTALLED, slot=slot))
    return entry.version


def gate(slow: float = 1.0) -> Verdict:
    """Judge the slot that runs, after every start; restart into the other one when this one is not fit."""
    board = this_board()
    if isinstance(board, PiBoard):
        board.settle()
    verdict, entry = judge(board, journal.read(), running_version(), _doctor, within_s=TRY_FOR_S * slow)
    journal.keep(entry)
    log.info("%s", verdict.value)
    if verdict is Verdict.RESTART:
        wait_until_idle()  # unfit, and yet somebody may stand there
        restart(board)
    return verdict


def _doctor() -> str:
    """Return the doctor's first complaint about this kiosk, or why the kiosk itself does not run; empty when fit."""
    command = ["systemctl", "is-active", "--quiet", "kaopi-kiosk.service"]
    if subprocess.run(command, check=False).returncode:
        return "the kiosk does not run"
    examined = subprocess.run(
        ["kaopi", "doctor", "--quick", "--json", "--language", "en"], capture_output=True, text=True, check=False
    )
    if examined.returncode == 0:
        return ""
    try:
        found = json.loads(examined.stdout)["checks"]
        return "; ".join(f"{row['id']}: {row['detail']}" for row in found if row["outcome"] == "fail")
    except (ValueError, KeyError, TypeError):
        return f"the doctor ended with {examined.returncode}: {examined.stderr.strip()[-200:]}"


def wait_until_idle(
    look: Callable[[], Kiosk] = kiosk_now,
    *,
    quiet_s: float = QUIET_S,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Return once nobody has stood before the kiosk for ``quiet_s``."""
    since = now()
    while now() - since < quiet_s:
        if look().busy:
            since = now()
        sleep(LOOK_S)


def restart(board: Board) -> None:
    """Restart into the slot that is meant to start next."""
    trying = board.read().trial is not None
    # The firmware's one-shot flag; U-Boot's script keeps its own in the sector.
    argument = ["--reboot-argument=0 tryboot"] if trying and isinstance(board, PiBoard) else []
    subprocess.run(["systemctl", "reboot", *argument], check=True)


def status() -> str:
    """Return what a technician asks: which version runs where, and what became of the last update."""
    board, entry = this_board(), journal.read()
    choice = board.read()
    lines = [f"version {running_version()} runs in slot {board.booted()}; primary is {choice.primary}"]
    if choice.trial:
        lines.append(f"slot {choice.trial} is tried at the next restart")
    if choice.bad:
        lines.append(f"not usable: {', '.join(sorted(choice.bad))}")
    if entry.state is not journal.State.NONE:
        lines.append(f"last update: {entry.version} in slot {entry.slot}: {entry.state} {entry.reason}".rstrip())
    return "\n".join(lines)
