"""The computers as scenarios break them: the kiosk's clock, temperature, disk and photo child, the desk's disk."""

from __future__ import annotations

import datetime
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw_sim.scenario.faults import FaultKind
from reader.card.errors import PhotoRejected
from reader.card.photo import InProcessDecoder, PendingPhoto, PhotoDecoder
from reader.desk.store import Store
from reader.devices.board import Throttling
from reader.kiosk.clock import Clock
from reader.kiosk.health import Figures
from reader.uplink.outbox import MAX_ROWS, Outbox

FSYNC_S = 3.0
_STEPS = {
    FaultKind.CLOCK_HOUR_AHEAD: datetime.timedelta(hours=1),
    FaultKind.CLOCK_HOUR_BACK: datetime.timedelta(hours=-1),
    FaultKind.CLOCK_YEAR_AHEAD: datetime.timedelta(days=365),
    FaultKind.CLOCK_YEAR_BACK: datetime.timedelta(days=-365),
}
_REFUSALS = {
    FaultKind.DISK_FULL: "database or disk is full",
    FaultKind.DISK_READ_ONLY: "attempt to write a readonly database",
    FaultKind.DISK_ERROR: "disk I/O error",
}


_CELSIUS = {FaultKind.WARM: 75.0, FaultKind.TOO_HOT: 86.0, FaultKind.COOLED: 48.0}


class Machine:
    """One computer. ``fault`` breaks or mends it; kiosk and uplink see its clock and disk, the desk has its own."""

    def __init__(self, clock: Clock, sleep: Callable[[float], None]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._step = datetime.timedelta(0)
        self._unset_since: float | None = None
        self.temperature_c = _CELSIUS[FaultKind.COOLED]
        self.slowed = False
        self.disk: FaultKind | None = None
        self.on_put: Callable[[uuid.UUID], None] = lambda result_id: None

    # -- Clock -----------------------------------------------------------------------------------------------------

    def now(self) -> float:
        """Return monotonic seconds, which no fault moves."""
        return self._clock.now()

    def wall(self) -> datetime.datetime:
        """Return what this computer takes for the time."""
        wall = self._clock.wall()
        if self._unset_since is not None:
            since = datetime.timedelta(seconds=self._clock.now() - self._unset_since)
            return (datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + since).astimezone(wall.tzinfo)
        return wall + self._step

    # -- faults ----------------------------------------------------------------------------------------------------

    def fault(self, kind: FaultKind) -> bool:
        """Break or mend; return whether this is one of the computer's faults."""
        if kind in _STEPS:
            self._step += _STEPS[kind]
        elif kind is FaultKind.CLOCK_UNSET:
            self._unset_since = self._clock.now()
        elif kind is FaultKind.CLOCK_OK:
            self._step, self._unset_since = datetime.timedelta(0), None
        elif kind in _REFUSALS or kind in (FaultKind.DISK_SLOW, FaultKind.OUTBOX_FULL):
            self.disk = kind
        elif kind in (FaultKind.DISK_OK, FaultKind.OUTBOX_OK):
            self.disk = None
        elif kind in _CELSIUS:
            self.temperature_c = _CELSIUS[kind]
            self.slowed = self.slowed and kind is not FaultKind.COOLED
        elif kind is FaultKind.FIRMWARE_SLOWS:
            self.slowed = True
        else:
            return False
        return True

    def mend(self) -> None:
        """End every fault."""
        for kind in (FaultKind.CLOCK_OK, FaultKind.DISK_OK, FaultKind.COOLED):
            self.fault(kind)

    def figures(self) -> Figures:
        """What the computer tells about itself."""
        return Figures(
            temperature_c=self.temperature_c,
            firmware=Throttling(False, self.slowed, False, self.slowed),
            clock_synced=self._unset_since is None,
            disk_free_bytes=0 if self.disk is FaultKind.DISK_FULL else 8_000_000_000,
            memory_free_bytes=400_000_000,
        )

    def outbox(self, path: Path) -> Outbox:
        """Open an outbox on this computer's disk."""
        return _Outbox(path, self)

    def strike(self) -> None:
        """Fail as the disk does now. Raises sqlite3.OperationalError."""
        if self.disk in _REFUSALS:
            raise sqlite3.OperationalError(_REFUSALS[self.disk])

    def write_slowly(self) -> None:
        """Take the time of a slow fsync."""
        if self.disk is FaultKind.DISK_SLOW:
            self._sleep(FSYNC_S)


class _Outbox(Outbox):
    """An outbox whose writes meet the machine's disk; the file itself is real."""

    def __init__(self, path: Path, machine: Machine) -> None:
        self._machine = machine
        super().__init__(path, wall=machine.wall)

    def put(self, result_id: uuid.UUID, payload: bytes) -> None:
        """See Outbox.put."""
        self._machine.write_slowly()
        self._max_rows = 0 if self._machine.disk is FaultKind.OUTBOX_FULL else MAX_ROWS
        super().put(result_id, payload)
        self._machine.on_put(result_id)

    def full(self) -> bool:
        """See Outbox.full."""
        self._max_rows = 0 if self._machine.disk is FaultKind.OUTBOX_FULL else MAX_ROWS
        return super().full()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        self._machine.strike()
        with super()._write() as db:
            yield db


class BrittleStore(Store):
    """A desk's store on a clinic PC whose disk can be full."""

    full = False

    def result_ids(self) -> list[str]:
        """Return the id of every stored result."""
        with self._lock:
            return [str(row[0]) for row in self._db.execute("SELECT result_id FROM results")]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See Store.transaction."""
        with super().transaction():
            yield
            if self.full:
                raise sqlite3.OperationalError(_REFUSALS[FaultKind.DISK_FULL])


class BrittleDecoder:
    """PhotoDecoder whose child dies on the next photo when ``dies`` is set."""

    def __init__(self, inner: PhotoDecoder | None = None) -> None:
        self._inner = inner or InProcessDecoder()
        self.dies = False

    def submit(self, jp2: bytearray) -> PendingPhoto:
        """See PhotoDecoder.submit."""
        pending = self._inner.submit(jp2)
        if not self.dies:
            return pending
        self.dies = False
        pending.abandon()
        return _Dead()

    def close(self) -> None:
        """See PhotoDecoder.close."""
        self._inner.close()


class _Dead:
    """A decode whose child was killed."""

    def result(self) -> NDArray[np.uint8]:
        """See PendingPhoto.result."""
        raise PhotoRejected("the decoder died on the photo")

    def abandon(self) -> None:
        """Nothing runs any more."""
