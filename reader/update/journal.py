"""What is known of an update over restarts: which version was tried in which slot, and the highest that was good."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from reader.durable import write
from reader.update.version import Version

JOURNAL_FILE = Path("/var/lib/kaopi/update/journal.json")


class State(StrEnum):
    """How far an update has come."""

    NONE = "none"
    INSTALLED = "installed"
    GOOD = "good"
    FELL_BACK = "fellBack"


@dataclass(frozen=True, slots=True)
class Entry:
    """The last update. floor: nothing older is installed; empty before the first good start."""

    state: State = State.NONE
    version: str = ""
    slot: str = ""
    floor: str = ""
    reason: str = ""

    def raised(self, version: Version) -> Entry:
        """Return the entry with a floor that is at least ``version``."""
        return self if self.floor and Version.parse(self.floor) >= version else replace(self, floor=str(version))


def read(file: Path = JOURNAL_FILE) -> Entry:
    """Return what is written; a damaged or missing journal says nothing, and the running version stays the floor."""
    try:
        row = json.loads(file.read_text("utf-8"))
        entry = Entry(**{**row, "state": State(row["state"])})
        if entry.floor:
            Version.parse(entry.floor)
    except (OSError, ValueError, TypeError, KeyError):
        return Entry()
    return entry


def keep(entry: Entry, file: Path = JOURNAL_FILE) -> None:
    """Write the entry so that a power cut leaves the old or the new one."""
    write(file, json.dumps(asdict(entry), ensure_ascii=False).encode(), 0o644)
