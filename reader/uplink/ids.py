"""UUID version 7 (RFC 9562, 5.7): time-ordered, so that result ids sort by age. Time and randomness are given."""

from __future__ import annotations

import os
import uuid
from datetime import datetime


def uuid7(now: datetime, randomness: bytes | None = None) -> uuid.UUID:
    """Return the UUIDv7 of aware ``now`` (millisecond resolution) and 10 random bytes (the system's when not given).

    Raises ValueError when ``now`` has no time zone or ``randomness`` is not 10 bytes.
    """
    if now.tzinfo is None:
        raise ValueError("uuid7 needs an aware datetime; a naive one would depend on the machine's zone")
    random = os.urandom(10) if randomness is None else randomness
    if len(random) != 10:
        raise ValueError(f"uuid7 needs 10 random bytes, got {len(random)}")
    value = bytearray(int(now.timestamp() * 1000).to_bytes(6, "big") + random)
    value[6] = 0x70 | (value[6] & 0x0F)
    value[8] = 0x80 | (value[8] & 0x3F)
    return uuid.UUID(bytes=bytes(value))
