"""What a check is, and what it found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from reader.config.load import ConfigError
from reader.config.schema import KaopiConfig


class Outcome(StrEnum):
    """How a check ended. SKIPPED: nobody was there to witness it, or it does not apply here."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


class How(StrEnum):
    """How a check knows: looked up, made to work, or seen by a person."""

    PROBED = "probed"
    EXERCISED = "exercised"
    WITNESSED = "witnessed"


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence, in Japanese and English."""

    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. detail: facts for the technician; remedy: what to do, where something is to be done."""

    outcome: Outcome
    detail: str = ""
    remedy: Words | None = None


def good(detail: str = "") -> Finding:
    """Nothing to do."""
    return Finding(Outcome.OK, detail)


def warn(detail: str, remedy: Words) -> Finding:
    """Works, and should be looked at."""
    return Finding(Outcome.WARN, detail, remedy)


def fail(detail: str, remedy: Words) -> Finding:
    """Does not work."""
    return Finding(Outcome.FAIL, detail, remedy)


def skipped(detail: str) -> Finding:
    """Not checked, and why."""
    return Finding(Outcome.SKIPPED, detail)


@dataclass(frozen=True, slots=True)
class Patient:
    """What the doctor examines: a configuration and a machine. root lets tests bring a machine of their own."""

    config: KaopiConfig
    site_file: Path | None = None
    config_error: ConfigError | None = None
    root: Path = Path("/")
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def path(self, absolute: str | Path) -> Path:
        """Return a path of the examined machine."""
        return self.root / str(absolute).lstrip("/")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to check.

    quick: cheap and harmless enough for the health gate of an update. alone: opens what a running kiosk holds, so it
    is never quick, and skipped beside one. secret: reads what only root may.
    """

    id: str
    title: Words
    how: How
    run: Callable[[Patient], Finding]
    quick: bool = True
    alone: bool = False
    secret: bool = False
