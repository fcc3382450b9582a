"""Staff codes: one per operator, scrypt hashes (RFC 7914) set by the desk, five tries in ten minutes (DECISIONS)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from reader.vault import overwrite

TRIES = 5
WINDOW_S = 600.0
_MAX_MEMORY = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StaffHash:
    """One operator's code, hashed. salt and hash are base64."""

    operator: str
    salt: str
    hash: str
    n: int
    r: int
    p: int


class StaffCodes:
    """Checks typed codes against the hashes; remembers wrong tries over a restart of nothing but this process."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._wrong: list[float] = []
        self._hashes = self._load()

    def _load(self) -> tuple[StaffHash, ...]:
        try:
            rows = json.loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return ()
        return tuple(StaffHash(**row) for row in rows)

    def replace(self, hashes: tuple[StaffHash, ...]) -> None:
        """Store a new set of codes atomically (write, fsync, rename)."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump([asdict(row) for row in hashes], stream)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(self._file)
        self._hashes = hashes

    def tries_left(self, now: float) -> int:
        """Return how many wrong codes are still allowed in the current window."""
        self._wrong = [at for at in self._wrong if now - at < WINDOW_S]
        return max(0, TRIES - len(self._wrong))

    def check(self, code: bytearray, now: float) -> str | None:
        """Return the operator whose code this is, or None. Wipes ``code``. With no tries left nothing is compared."""
        try:
            if not self.tries_left(now) or not code:
                return None
            found = None
            for row in self._hashes:  # every hash is compared, so that time does not tell whose code came close
                derived = hashlib.scrypt(
                    bytes(code),
                    salt=base64.b64decode(row.salt),
                    n=row.n,
                    r=row.r,
                    p=row.p,
                    maxmem=_MAX_MEMORY,
                    dklen=len(base64.b64decode(row.hash)),
                )
                if hmac.compare_digest(derived, base64.b64decode(row.hash)):
                    found = row.operator
            if found is None:
                self._wrong.append(now)
            return found
        finally:
            overwrite(code)
