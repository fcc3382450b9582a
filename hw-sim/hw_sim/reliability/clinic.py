"""A clinic of real processes for breaking: mosquitto, one uplink, one desk, and the kiosk's side of the outbox here."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from hw_sim.broker.mosquitto import Mosquitto
from hw_sim.clinic.results import accepted_by_face
from reader.desk.run import serve_broker
from reader.desk.settings import DeskSettings
from reader.uplink.outbox import Outbox
from reader.uplink.run import run_uplink
from reader.uplink.settings import UplinkSettings

SITE: Final = "clinic"
KIOSK: Final = "kiosk-1"
FORK: Final = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(["reader.uplink.run", "reader.desk.run"])


@dataclass(frozen=True, slots=True)
class Count:
    """What became of the results."""

    put: int
    stored: int
    lost: int
    twice: int
    waiting: int
    integrity: str

    @property
    def good(self) -> bool:
        """Whether nothing was lost, doubled, left over or damaged."""
        return (self.lost, self.twice, self.waiting, self.integrity) == (0, 0, 0, "ok")


def until(what: Callable[[], bool], limit_s: float, why: str) -> None:
    """Wait for something to become so. Raises TimeoutError with ``why``."""
    deadline = time.monotonic() + limit_s
    while not what():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {limit_s:.0f} s: {why}")
        time.sleep(0.005)


class ProcessClinic:
    """``with ProcessClinic(folder) as clinic``: everything runs; ``kill`` and ``start`` by name."""

    def __init__(
        self, folder: Path, *, with_uplink: bool = True, with_desk: bool = True, max_rows: int = 20_000
    ) -> None:
        self.folder = folder
        self.broker = Mosquitto(folder / "broker")
        at = self.broker.settings()
        self.uplink_settings = UplinkSettings(
            SITE, KIOSK, folder / "outbox.db", folder, at, window=64, retry_s=0.5, retry_max_s=2.0, presence_s=1.0
        )
        self.desk_settings = DeskSettings(SITE, folder / "desk.db", at)
        self.outbox = Outbox(folder / "outbox.db")
        self.put_ids: list[uuid.UUID] = []
        self._wanted = ["broker"] + ["desk"] * with_desk + ["uplink"] * with_uplink
        self._processes: dict[str, BaseProcess] = {}
        self._filling = threading.Event()
        self._filler: threading.Thread | None = None

    def start(self, name: str) -> None:
        """Start broker, desk or uplink."""
        if name == "broker":
            self.broker.start()
            return
        target: Any = run_uplink if name == "uplink" else serve_broker
        settings: Any = self.uplink_settings if name == "uplink" else self.desk_settings
        process = FORK.Process(target=target, args=(settings,), name=name, daemon=True)
        process.start()
        self._processes[name] = process

    def kill(self, name: str) -> None:
        """SIGKILL it."""
        if name == "broker":
            self.broker.kill()
            return
        process = self._processes.pop(name, None)
        if process is not None:
            process.kill()
            process.join(10)

    def put(self, count: int) -> None:
        """Put fresh results into the outbox, as the kiosk does."""
        for _ in range(count):
            message = accepted_by_face(datetime.now(UTC), site=SITE, kiosk=KIOSK)
            self.outbox.put(message.result_id, message.encode())
            self.put_ids.append(message.result_id)

    def fill(self, pause_s: float, bound: int = 500) -> None:
        """Keep putting in the background until ``stop_filling``, leaving a pause, never beyond ``bound`` waiting."""

        def run() -> None:
            while not self._filling.wait(pause_s):
                if self.outbox.depth() < bound:
                    self.put(1)

        self._filler = threading.Thread(target=run, name="kiosk", daemon=True)
        self._filler.start()

    def stop_filling(self) -> None:
        """Put nothing more."""
        self._filling.set()
        if self._filler is not None:
            self._filler.join(10)

    def drain(self, limit_s: float = 60.0) -> None:
        """Wait until the outbox is empty. Raises TimeoutError."""
        until(lambda: self.outbox.depth() == 0, limit_s, "the outbox is empty")

    def lost_so_far(self) -> int:
        """Count results that have left the outbox and are not at the desk: must be 0 at every instant."""
        put = {str(one) for one in self.put_ids}  # in this order: a result is put, waits, and leaves only when stored
        waiting = self.waiting()
        stored = set(self.stored())
        return len(put - waiting - stored)

    def waiting(self) -> set[str]:
        """Return the ids that wait in the outbox."""
        db = sqlite3.connect(self.folder / "outbox.db")
        try:
            return {str(row[0]) for row in db.execute("SELECT result_id FROM results WHERE payload IS NOT NULL")}
        finally:
            db.close()

    def stored(self) -> list[str]:
        """Return the ids of the desk's rows."""
        if not (self.folder / "desk.db").exists():
            return []
        db = sqlite3.connect(self.folder / "desk.db")
        try:
            has = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'results'").fetchone()
            return [str(row[0]) for row in db.execute("SELECT result_id FROM results")] if has else []
        finally:
            db.close()

    def count(self) -> Count:
        """Return what became of everything put."""
        stored = self.stored()
        verdicts = []
        for name in ("outbox.db", "desk.db"):
            db = sqlite3.connect(self.folder / name)
            verdicts.append(str(db.execute("PRAGMA integrity_check").fetchone()[0]))
            db.close()
        return Count(
            put=len(self.put_ids),
            stored=len(stored),
            lost=self.lost_so_far(),
            twice=len(stored) - len(set(stored)),
            waiting=self.outbox.depth(),
            integrity="ok" if verdicts == ["ok", "ok"] else "; ".join(verdicts),
        )

    def __enter__(self) -> Self:
        for name in self._wanted:
            self.start(name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._filling.set()
        for name in ("uplink", "desk", "broker"):
            self.kill(name)
        self.outbox.close()
