"""The outbox: results on disk until the desk itself says it has them. SQLite WAL, ``synchronous=FULL``.

The kiosk process writes, the uplink process reads and acknowledges; both have it open at once (group-shared
directory). A row's payload is erased at the acknowledgement, its id stays as a tombstone for a week so that a late
duplicate acknowledgement finds it. Nothing unacknowledged is ever erased except by ``discard``, which leaves a record.
"""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from reader.uplink.wall import utc_now

MAX_ROWS: Final = 20_000
MAX_PAYLOAD: Final = 32_768
TOMBSTONE_LIFE: Final = timedelta(days=7)

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS results (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    result_id TEXT NOT NULL UNIQUE,
    stored_at TEXT NOT NULL,
    payload BLOB,
    acknowledged_at TEXT,
    discarded_at TEXT,
    CHECK ((payload IS NULL) = (acknowledged_at IS NOT NULL OR discarded_at IS NOT NULL))
) STRICT;
CREATE INDEX IF NOT EXISTS waiting ON results (seq) WHERE payload IS NOT NULL;
CREATE TABLE IF NOT EXISTS discards (
    discarded_at TEXT NOT NULL,
    operator TEXT NOT NULL,
    reason TEXT NOT NULL,
    result_id TEXT NOT NULL
) STRICT;
"""


class OutboxError(Exception):
    """The disk would not take or give a row (full, I/O error, damaged file). Nothing was half-written."""


class OutboxFull(OutboxError):
    """The bound is reached: the kiosk stops serving until the desk is back or staff discard."""


@dataclass(frozen=True, slots=True)
class Row:
    """One waiting result, oldest first by ``seq``."""

    seq: int
    result_id: uuid.UUID
    payload: bytes


class Outbox:
    """Results waiting for the desk. Safe to use from several threads and two processes.

    path: the database file; its directory must exist and be writable by both processes (files are made 0660).
    wall: gives the aware time written beside rows; never used to decide anything but the life of tombstones.
    """

    def __init__(self, path: Path, *, max_rows: int = MAX_ROWS, wall: Callable[[], datetime] = utc_now) -> None:
        self._path = path
        self._max_rows = max_rows
        self._wall = wall
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._retry_at: dict[int, float] = {}
        self._unerased = True  # frames of an earlier run may still lie in the WAL
        with self._disk("open"):
            self._connection()

    # -- kiosk's side --------------------------------------------------------------------------------------

    def put(self, result_id: uuid.UUID, payload: bytes) -> None:
        """Store one result; on return it is on the disk (fsynced). The same id again changes nothing.

        Raises OutboxFull at the bound, OutboxError when the disk refuses, ValueError when empty or over MAX_PAYLOAD.
        """
        if not 0 < len(payload) <= MAX_PAYLOAD:
            raise ValueError(f"a result has 1 to {MAX_PAYLOAD} bytes, not {len(payload)}")
        with self._disk("store a result"), self._write() as db:
            if db.execute("SELECT 1 FROM results WHERE result_id = ?", (str(result_id),)).fetchone():
                return
            if self._count(db) >= self._max_rows:
                raise OutboxFull(
                    f"{self._max_rows} results wait for the desk; bring the desk back, or let staff discard them"
                )
            db.execute(
                "INSERT INTO results (result_id, stored_at, payload) VALUES (?, ?, ?)",
                (str(result_id), self._wall().isoformat(), payload),
            )

    def depth(self) -> int:
        """Return how many results wait."""
        with self._disk("count"):
            return self._count(self._connection())

    def full(self) -> bool:
        """Return whether the next ``put`` would raise OutboxFull."""
        return self.depth() >= self._max_rows

    def discard(self, *, operator: str, reason: str) -> int:
        """Erase every waiting result on a member of staff's word; who, why and which ids stay on record.

        Returns how many. Raises ValueError without operator and reason.
        """
        if not operator.strip() or not reason.strip():
            raise ValueError("discarding results needs an operator and a reason")
        with self._disk("discard"):
            with self._write() as db:
                now = self._wall().isoformat()
                db.execute(
                    "INSERT INTO discards SELECT ?, ?, ?, result_id FROM results WHERE payload IS NOT NULL",
                    (now, operator, reason),
                )
                gone = db.execute(
                    "UPDATE results SET payload = NULL, discarded_at = ? WHERE payload IS NOT NULL", (now,)
                ).rowcount
            self._erase()
        return gone

    def discards(self) -> list[tuple[str, str, str, str]]:
        """Return the record of discards: (ISO time, operator, reason, result_id), oldest first."""
        with self._disk("read discards"):
            rows = self._connection().execute(
                "SELECT discarded_at, operator, reason, result_id FROM discards ORDER BY rowid"
            )
            return [(str(a), str(b), str(c), str(d)) for a, b, c, d in rows]

    # -- uplink's side -------------------------------------------------------------------------------------

    def due(self, now: float, limit: int = 64) -> list[Row]:
        """Return up to ``limit`` waiting results, oldest first, without those put off beyond ``now`` (seconds)."""
        with self._disk("read"):
            db = self._connection()
            waiting = {seq for seq, at in self._retry_at.items() if at > now}
            found = db.execute(
                "SELECT seq FROM results WHERE payload IS NOT NULL ORDER BY seq LIMIT ?", (limit + len(waiting),)
            )
            chosen = [int(seq) for (seq,) in found if seq not in waiting][:limit]
            return [row for seq in chosen if (row := self.row(seq)) is not None]

    def row(self, seq: int) -> Row | None:
        """Return one waiting result, or None when it was acknowledged or discarded meanwhile."""
        with self._disk("read"):
            found = self._connection().execute(
                "SELECT result_id, payload FROM results WHERE seq = ? AND payload IS NOT NULL", (seq,)
            )
            row = found.fetchone()
        return None if row is None else Row(seq, uuid.UUID(row[0]), bytes(row[1]))

    def put_off(self, seq: int, until: float) -> None:
        """Leave one row out of ``due`` until then. Kept in memory only: after a restart everything is due again."""
        with self._lock:
            self._retry_at[seq] = until

    def all_due(self) -> None:
        """Forget every put-off: the desk is back."""
        with self._lock:
            self._retry_at.clear()

    def acknowledge(self, *result_ids: uuid.UUID) -> int:
        """Erase the payloads the desk has stored, in one transaction; tombstones stay.

        Returns how many were waiting. Unknown and already acknowledged ids are fine.
        """
        with self._disk("acknowledge"):
            with self._write() as db:
                gone = self._acknowledge(db, result_ids)
                oldest = (self._wall() - TOMBSTONE_LIFE).isoformat()
                db.execute("DELETE FROM results WHERE payload IS NULL AND acknowledged_at < ?", (oldest,))
            if gone:
                self._erase()
            return gone

    def _acknowledge(self, db: sqlite3.Connection, result_ids: Iterable[uuid.UUID]) -> int:
        gone = 0
        now = self._wall().isoformat()
        for result_id in result_ids:
            found = db.execute(
                "UPDATE results SET payload = NULL, acknowledged_at = ? WHERE result_id = ? AND payload IS NOT NULL "
                "RETURNING seq",
                (now, str(result_id)),
            ).fetchall()
            for (seq,) in found:
                self._retry_at.pop(int(seq), None)
                gone += 1
        return gone

    def tidy(self) -> bool:
        """Finish an erasure that the other process's open transaction held up. Returns whether all is erased."""
        with self._disk("tidy"):
            if self._unerased:
                self._erase()
            return not self._unerased

    def check(self) -> None:
        """Raise OutboxError unless SQLite finds the file whole."""
        with self._disk("check"):
            (verdict,) = self._connection().execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            raise OutboxError(f"{self._path.name} is damaged: {verdict}")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # -- inside --------------------------------------------------------------------------------------------

    def _count(self, db: sqlite3.Connection) -> int:
        (count,) = db.execute("SELECT count(*) FROM results WHERE payload IS NOT NULL").fetchone()
        return int(count)

    def _erase(self) -> None:
        """Bring the zeroed pages into the file and cut the WAL, so that the payload is on the disk no more."""
        (busy, _log, _done) = self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._unerased = bool(busy)

    @contextmanager
    def _disk(self, doing: str) -> Iterator[None]:
        """Turn SQLite's errors into OutboxError and start afresh with a new connection after one."""
        with self._lock:
            try:
                yield
            except (sqlite3.Error, OSError) as error:
                self.close_quietly()
                name = getattr(error, "sqlite_errorname", type(error).__name__)
                raise OutboxError(
                    f"outbox {self._path.name}: cannot {doing} ({name}: {error}); check the disk's space and health"
                ) from error

    def close_quietly(self) -> None:
        """Drop the connection whatever state it is in; the next call opens a new one."""
        try:
            self.close()
        except sqlite3.Error:
            self._db = None

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        db = self._connection()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            if not self._path.exists():
                self._path.touch(mode=0o660)  # SQLite gives -wal and -shm the mode of the main file
            db = sqlite3.connect(self._path, isolation_level=None, timeout=5.0, check_same_thread=False)
            try:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA secure_delete = ON")
                db.execute("PRAGMA busy_timeout = 5000")
                db.execute("PRAGMA cache_size = -256")  # KiB: the system caches the file too
                db.execute("PRAGMA journal_size_limit = 1048576")
                db.executescript(_SCHEMA)
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db
