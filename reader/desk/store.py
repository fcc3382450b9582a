"""What the desk keeps: SQLite, one file. A result counts as received only after ``commit``; ids make repeats harmless.

Never kept: the certificate and the signature of a PIN result (dropped after the check).
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from reader.session.vocabulary import Registration
from reader.uplink.messages import Alert, Consents, Health, LastConsents, ResultMessage, State

Check = Literal["notApplicable", "ok", "localNonce", "bad", "unknownNonce"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS results (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    result_id TEXT NOT NULL UNIQUE,
    kiosk TEXT NOT NULL,
    received_at TEXT NOT NULL,
    started_at TEXT NOT NULL,
    outcome TEXT NOT NULL,
    method TEXT,
    signature_check TEXT NOT NULL,
    body TEXT NOT NULL,
    seen_at TEXT,
    seen_by TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS results_by_time ON results (received_at);
CREATE TABLE IF NOT EXISTS nonces (
    nonce BLOB PRIMARY KEY, kiosk TEXT NOT NULL, issued_at TEXT NOT NULL, result_id TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS last_consents (
    patient_key TEXT PRIMARY KEY, given_at TEXT NOT NULL, consents TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS registrations (
    patient_key TEXT PRIMARY KEY, state TEXT NOT NULL, changed_at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS kiosks (
    kiosk TEXT PRIMARY KEY, state TEXT, state_at TEXT, health TEXT, health_at TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS alerts (
    alert_id TEXT PRIMARY KEY, kiosk TEXT NOT NULL, failure TEXT NOT NULL, raised_at TEXT NOT NULL,
    received_at TEXT NOT NULL, closed_at TEXT, closed_by TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, operator TEXT NOT NULL, action TEXT NOT NULL,
    kiosk TEXT, detail TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS operators (
    name TEXT PRIMARY KEY, password TEXT NOT NULL, staff_code TEXT, changed_at TEXT NOT NULL, disabled_at TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS exported (seq INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS refused (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, topic TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
"""

_NONCE_LIFE: Final = timedelta(days=30)  # a result may wait that long in a kiosk's outbox and still be checked
_REFUSED_KEPT: Final = 1000


@dataclass(frozen=True, slots=True)
class StoredResult:
    """One result as kept: the message without certificate and signature, and what the desk found out about it."""

    seq: int
    received_at: datetime
    signature_check: Check
    message: ResultMessage
    seen_at: datetime | None
    seen_by: str | None


@dataclass(frozen=True, slots=True)
class StoredAlert:
    """One alert; open until a member of staff closes it."""

    alert_id: uuid.UUID
    kiosk: str
    failure: str
    raised_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class KioskRow:
    """What was last heard of a kiosk."""

    kiosk: str
    state: State | None
    state_at: datetime | None
    health: Health | None
    health_at: datetime | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """Who did what, when."""

    at: datetime
    operator: str
    action: str
    kiosk: str | None
    detail: str | None


def iso(moment: datetime) -> str:
    """Return an aware ``moment`` in UTC, fixed width, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """Return what ``iso`` wrote."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


class Store:
    """The desk's file. Safe to use from several threads. Raises sqlite3.Error when the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._inside = False
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=5.0, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA secure_delete = ON")
        self._db.execute("PRAGMA cache_size = -256")  # KiB: the system caches the file too
        self._db.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is on the disk when this returns, or nothing is. Nests into one transaction."""
        with self._lock:
            if self._inside:
                yield
                return
            self._inside = True
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            finally:
                self._inside = False

    def check(self) -> str:
        """Return SQLite's integrity verdict: "ok" or what is wrong."""
        with self._lock:
            return str(self._db.execute("PRAGMA integrity_check").fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    # -- results -------------------------------------------------------------------------------------------

    def has_result(self, result_id: uuid.UUID) -> bool:
        """Return whether this result is stored."""
        with self._lock:
            found = self._db.execute("SELECT 1 FROM results WHERE result_id = ?", (str(result_id),)).fetchone()
        return found is not None

    def add_result(self, message: ResultMessage, check: Check, now: datetime) -> bool:
        """Store one result without its proof's certificate and signature. False when its id is known already."""
        body = message.model_copy(update={"proof": None}).model_dump_json()
        with self.transaction():
            cursor = self._db.execute(
                "INSERT INTO results (result_id, kiosk, received_at, started_at, outcome, method, signature_check, "
                "body) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (result_id) DO NOTHING",
                (
                    str(message.result_id),
                    message.kiosk,
                    iso(now),
                    iso(message.started_at),
                    message.outcome.value,
                    message.verification.method.value if message.verification.method else None,
                    check,
                    body,
                ),
            )
        return cursor.rowcount == 1

    def result(self, result_id: uuid.UUID) -> StoredResult | None:
        """Return one result."""
        with self._lock:
            row = self._db.execute(
                "SELECT seq, received_at, signature_check, body, seen_at, seen_by FROM results WHERE result_id = ?",
                (str(result_id),),
            ).fetchone()
        return None if row is None else self._result(row)

    def results(self, since: datetime, until: datetime | None = None, limit: int = 100_000) -> list[StoredResult]:
        """Return results received from ``since`` until before ``until``, newest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT seq, received_at, signature_check, body, seen_at, seen_by FROM results "
                "WHERE received_at >= ? AND received_at < ? ORDER BY seq DESC LIMIT ?",
                (iso(since), iso(until) if until else "9999", limit),
            ).fetchall()
        return [self._result(row) for row in rows]

    def results_after(self, seq: int, limit: int = 500) -> list[StoredResult]:
        """Return results with a greater ``seq``, oldest first: how a consumer resumes."""
        with self._lock:
            rows = self._db.execute(
                "SELECT seq, received_at, signature_check, body, seen_at, seen_by FROM results "
                "WHERE seq > ? ORDER BY seq LIMIT ?",
                (seq, limit),
            ).fetchall()
        return [self._result(row) for row in rows]

    def _result(self, row: tuple[Any, ...]) -> StoredResult:
        return StoredResult(
            seq=int(row[0]),
            received_at=moment(row[1]),
            signature_check=row[2],
            message=ResultMessage.model_validate_json(row[3]),
            seen_at=moment(row[4]) if row[4] else None,
            seen_by=row[5],
        )

    def count_results(self) -> int:
        """Return how many results are stored."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM results").fetchone()[0])

    def mark_seen(self, result_id: uuid.UUID, operator: str, now: datetime) -> bool:
        """Note that staff dealt with this patient. False when unknown or noted before."""
        with self.transaction():
            cursor = self._db.execute(
                "UPDATE results SET seen_at = ?, seen_by = ? WHERE result_id = ? AND seen_at IS NULL",
                (iso(now), operator, str(result_id)),
            )
        return cursor.rowcount == 1

    def forget_results(self, before: datetime) -> int:
        """Erase results received before a time. Returns how many."""
        with self.transaction():
            return self._db.execute("DELETE FROM results WHERE received_at < ?", (iso(before),)).rowcount

    # -- nonces --------------------------------------------------------------------------------------------

    def issue_nonce(self, nonce: bytes, kiosk: str, now: datetime) -> None:
        """Remember a nonce given to a kiosk; unused ones are forgotten after 30 days."""
        with self.transaction():
            self._db.execute("DELETE FROM nonces WHERE issued_at < ?", (iso(now - _NONCE_LIFE),))
            self._db.execute("INSERT INTO nonces (nonce, kiosk, issued_at) VALUES (?, ?, ?)", (nonce, kiosk, iso(now)))

    def use_nonce(self, nonce: bytes, kiosk: str, result_id: uuid.UUID) -> bool:
        """Return whether this nonce was given to this kiosk and is unused; it is used now."""
        with self.transaction():
            cursor = self._db.execute(
                "UPDATE nonces SET result_id = ? WHERE nonce = ? AND kiosk = ? AND result_id IS NULL",
                (str(result_id), nonce, kiosk),
            )
        return cursor.rowcount == 1

    # -- remembered by patient key -------------------------------------------------------------------------

    def remember_consents(self, patient_key: str, consents: Consents, now: datetime) -> None:
        """Keep what this patient consented to for next time."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO last_consents (patient_key, given_at, consents) VALUES (?, ?, ?) "
                "ON CONFLICT (patient_key) DO UPDATE SET given_at = excluded.given_at, consents = excluded.consents",
                (patient_key, iso(now), consents.model_dump_json()),
            )

    def last_consents(self, patient_key: str, not_before: datetime) -> LastConsents | None:
        """Return what this patient consented to last, unless it is older than ``not_before``."""
        with self._lock:
            row = self._db.execute(
                "SELECT consents FROM last_consents WHERE patient_key = ? AND given_at >= ?",
                (patient_key, iso(not_before)),
            ).fetchone()
        return None if row is None else LastConsents.model_validate({"consents": json.loads(row[0])})

    def revoke_consents(self, patient_key: str) -> bool:
        """Forget what this patient consented to. False when nothing was remembered."""
        with self.transaction():
            return self._db.execute("DELETE FROM last_consents WHERE patient_key = ?", (patient_key,)).rowcount == 1

    def with_consents(self, patient_keys: Collection[str]) -> frozenset[str]:
        """Return those of these patients whose consents are remembered."""
        return frozenset(self._of_patients("SELECT patient_key FROM last_consents", patient_keys))

    def not_registered(self, patient_keys: Collection[str]) -> frozenset[str]:
        """Return those of these patients of whom it is known that 健康保険証利用登録 is missing."""
        found = self._of_patients("SELECT patient_key, state FROM registrations", patient_keys)
        return frozenset(key for key, state in found.items() if state == Registration.NOT_REGISTERED)

    def _of_patients(self, select: str, patient_keys: Collection[str]) -> dict[str, str]:
        """Return the last column of each patient's row, by key; a thousand keys at a time."""
        keys, found = list(patient_keys), {}
        with self._lock:
            for start in range(0, len(keys), 1000):
                some = keys[start : start + 1000]
                rows = self._db.execute(f"{select} WHERE patient_key IN ({', '.join('?' * len(some))})", some)
                found.update({row[0]: row[-1] for row in rows})
        return found

    def forget_consents(self, before: datetime) -> int:
        """Forget consents older than a time. Returns how many."""
        with self.transaction():
            return self._db.execute("DELETE FROM last_consents WHERE given_at < ?", (iso(before),)).rowcount

    def registration(self, patient_key: str) -> Registration:
        """Return what is known about 健康保険証利用登録 of this patient."""
        with self._lock:
            row = self._db.execute("SELECT state FROM registrations WHERE patient_key = ?", (patient_key,)).fetchone()
        return Registration(row[0]) if row else Registration.UNKNOWN

    def set_registration(self, patient_key: str, state: Registration, now: datetime) -> None:
        """Note the state of 健康保険証利用登録."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO registrations VALUES (?, ?, ?) ON CONFLICT (patient_key) DO UPDATE SET "
                "state = excluded.state, changed_at = excluded.changed_at",
                (patient_key, state.value, iso(now)),
            )

    # -- kiosks, alerts ------------------------------------------------------------------------------------

    def set_state(self, state: State, now: datetime) -> None:
        """Keep a kiosk's newest state."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO kiosks (kiosk, state, state_at) VALUES (?, ?, ?) ON CONFLICT (kiosk) DO UPDATE SET "
                "state = excluded.state, state_at = excluded.state_at",
                (state.kiosk, state.model_dump_json(), iso(now)),
            )

    def set_health(self, health: Health, now: datetime) -> None:
        """Keep a kiosk's newest health."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO kiosks (kiosk, health, health_at) VALUES (?, ?, ?) ON CONFLICT (kiosk) DO UPDATE SET "
                "health = excluded.health, health_at = excluded.health_at",
                (health.kiosk, health.model_dump_json(), iso(now)),
            )

    def kiosks(self) -> list[KioskRow]:
        """Return every kiosk ever heard of, by name."""
        with self._lock:
            rows = self._db.execute("SELECT kiosk, state, state_at, health, health_at FROM kiosks ORDER BY kiosk")
            return [
                KioskRow(
                    kiosk=row[0],
                    state=State.model_validate_json(row[1]) if row[1] else None,
                    state_at=moment(row[2]) if row[2] else None,
                    health=Health.model_validate_json(row[3]) if row[3] else None,
                    health_at=moment(row[4]) if row[4] else None,
                )
                for row in rows.fetchall()
            ]

    def kiosk_state(self, kiosk: str) -> State | None:
        """Return a kiosk's newest state."""
        with self._lock:
            row = self._db.execute("SELECT state FROM kiosks WHERE kiosk = ?", (kiosk,)).fetchone()
        return State.model_validate_json(row[0]) if row and row[0] else None

    def forget_kiosk(self, kiosk: str) -> bool:
        """Forget a kiosk that was taken away."""
        with self.transaction():
            return self._db.execute("DELETE FROM kiosks WHERE kiosk = ?", (kiosk,)).rowcount == 1

    def add_alert(self, alert: Alert, now: datetime) -> bool:
        """Keep one alert. False when its id is known already."""
        with self.transaction():
            cursor = self._db.execute(
                "INSERT INTO alerts (alert_id, kiosk, failure, raised_at, received_at) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (alert_id) DO NOTHING",
                (str(alert.alert_id), alert.kiosk, alert.failure.value, iso(alert.at), iso(now)),
            )
        return cursor.rowcount == 1

    def open_alerts(self) -> list[StoredAlert]:
        """Return alerts nobody has closed, newest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT alert_id, kiosk, failure, raised_at FROM alerts WHERE closed_at IS NULL "
                "ORDER BY received_at DESC LIMIT 200"
            ).fetchall()
        return [StoredAlert(uuid.UUID(row[0]), row[1], row[2], moment(row[3]), None) for row in rows]

    def close_alert(self, alert_id: uuid.UUID, operator: str, now: datetime) -> bool:
        """Note that a member of staff has seen to an alert. False when unknown or closed."""
        with self.transaction():
            cursor = self._db.execute(
                "UPDATE alerts SET closed_at = ?, closed_by = ? WHERE alert_id = ? AND closed_at IS NULL",
                (iso(now), operator, str(alert_id)),
            )
        return cursor.rowcount == 1

    # -- operators -----------------------------------------------------------------------------------------

    def set_operator(self, name: str, password: str, now: datetime) -> None:
        """Add an operator or replace the password hash; a disabled one is enabled again."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO operators (name, password, changed_at) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                "password = excluded.password, changed_at = excluded.changed_at, disabled_at = NULL",
                (name, password, iso(now)),
            )

    def operator_password(self, name: str) -> str | None:
        """Return the password hash of an enabled operator."""
        with self._lock:
            row = self._db.execute(
                "SELECT password FROM operators WHERE name = ? AND disabled_at IS NULL", (name,)
            ).fetchone()
        return str(row[0]) if row else None

    def disable_operator(self, name: str, now: datetime) -> bool:
        """Let an operator in no more; the staff code goes too. False when unknown."""
        with self.transaction():
            cursor = self._db.execute(
                "UPDATE operators SET disabled_at = ?, staff_code = NULL WHERE name = ?", (iso(now), name)
            )
        return cursor.rowcount == 1

    def operators(self) -> list[str]:
        """Return the enabled operators by name."""
        with self._lock:
            rows = self._db.execute("SELECT name FROM operators WHERE disabled_at IS NULL ORDER BY name").fetchall()
        return [str(row[0]) for row in rows]

    def set_staff_code(self, name: str, code: str, now: datetime) -> bool:
        """Set the hash of an operator's staff code. False when unknown."""
        with self.transaction():
            cursor = self._db.execute(
                "UPDATE operators SET staff_code = ?, changed_at = ? WHERE name = ? AND disabled_at IS NULL",
                (code, iso(now), name),
            )
        return cursor.rowcount == 1

    def staff_codes(self) -> list[tuple[str, str]]:
        """Return (name, hash) of every staff code."""
        with self._lock:
            rows = self._db.execute(
                "SELECT name, staff_code FROM operators WHERE staff_code IS NOT NULL ORDER BY name LIMIT 100"
            ).fetchall()
        return [(str(name), str(code)) for name, code in rows]

    # -- files for the レセコン -----------------------------------------------------------------------------

    def exported(self) -> int:
        """Return the ``seq`` up to which results were written to the watched folder."""
        with self._lock:
            row = self._db.execute("SELECT seq FROM exported").fetchone()
        return int(row[0]) if row else 0

    def set_exported(self, seq: int) -> None:
        """Note up to where results were written."""
        with self.transaction():
            self._db.execute("DELETE FROM exported")
            self._db.execute("INSERT INTO exported VALUES (?)", (seq,))

    # -- audit and refusals --------------------------------------------------------------------------------

    def audit(self, operator: str, action: str, now: datetime, kiosk: str | None = None, detail: str = "") -> None:
        """Write down who did what."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO audit (at, operator, action, kiosk, detail) VALUES (?, ?, ?, ?, ?)",
                (iso(now), operator, action, kiosk, detail or None),
            )

    def audit_rows(self, limit: int = 200) -> list[AuditRow]:
        """Return the audit log, newest first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT at, operator, action, kiosk, detail FROM audit ORDER BY seq DESC LIMIT ?", (limit,)
            ).fetchall()
        return [AuditRow(moment(row[0]), row[1], row[2], row[3], row[4]) for row in rows]

    def note_refused(self, topic: str, reason: str, now: datetime) -> None:
        """Keep why a message was not taken, never its content. The last 1,000 are kept."""
        with self.transaction():
            self._db.execute("INSERT INTO refused (at, topic, reason) VALUES (?, ?, ?)", (iso(now), topic, reason))
            self._db.execute("DELETE FROM refused WHERE seq <= (SELECT max(seq) FROM refused) - ?", (_REFUSED_KEPT,))

    def refused(self) -> list[tuple[str, str]]:
        """Return (topic, reason) of refused messages, newest first."""
        with self._lock:
            rows = self._db.execute("SELECT topic, reason FROM refused ORDER BY seq DESC").fetchall()
        return [(str(topic), str(reason)) for topic, reason in rows]
