"""A factory reset between the kiosk, which may only ask, and the system (root), which does it and says how far it is.

The folder of the request belongs to the kiosk's user alone: the uplink, which has the network, cannot ask.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

from reader.durable import write

#: Both in memory: nothing is asked, and nothing is under way, after a restart.
REQUEST_FILE = Path("/run/kaopi-reset/asked.json")
PROGRESS_FILE = Path("/run/kaopi-setup/reset.json")
_MAX_BYTES = 1024


class NotAsked(Exception):
    """What lies there is no request of the kiosk's."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: 0 to 100 percent, and whether everything is gone."""

    percent: int = 0
    done: bool = False


def ask(operator: str, file: Path = REQUEST_FILE) -> None:
    """Ask for a reset on this operator's word. Raises OSError where no system listens."""
    if not file.parent.is_dir():
        raise FileNotFoundError(f"{file.parent} is not there: no system listens for a factory reset")
    write(file, json.dumps({"operator": operator}).encode(), 0o600)


def withdraw(file: Path = REQUEST_FILE) -> None:
    """Take the request back, as far as nobody has taken it up."""
    try:
        file.unlink(missing_ok=True)
    except OSError:
        return  # no such folder: nothing was asked


def take_request(owner: int, file: Path = REQUEST_FILE) -> str:
    """Take the request away and return the operator who gave his word. owner: the kiosk's user id.

    Raises NotAsked when there is none, or when somebody else or something else lies there; it is taken away too.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        withdraw(file)
        raise NotAsked(f"no request: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as stream:
        withdraw(file)
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_uid != owner:
            raise NotAsked("the request is not the kiosk's own")
        try:
            operator = json.loads(stream.read(_MAX_BYTES))["operator"]
        except (ValueError, KeyError, TypeError):
            raise NotAsked("the request is not readable") from None
    if not isinstance(operator, str) or not operator:
        raise NotAsked("the request names no operator")
    return operator


def tell(progress: Progress | None, file: Path = PROGRESS_FILE) -> None:
    """Say how far it is, to everybody; None: no reset is under way."""
    if progress is None:
        file.unlink(missing_ok=True)
        return
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write(file, json.dumps(asdict(progress)).encode(), 0o644)


def told(file: Path = PROGRESS_FILE) -> Progress | None:
    """Return how far a reset is; None when none is under way."""
    try:
        return Progress(**json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
