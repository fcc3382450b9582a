"""The wall time that outbox and desk go by where none is given."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the aware time of the machine's clock."""
    return datetime.now(UTC)
