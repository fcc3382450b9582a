"""One site with 200 kiosks on one mosquitto: every kiosk's real outbox and step function, one real desk process.

``python -m hw_sim.bench.fleet --kiosks 200 --results 10`` prints fleet.lost, fleet.twice, fleet.p50_ms, fleet.p99_ms.
Latency is from ``Outbox.put`` to the row leaving the outbox. The desk's commit is on this machine's disk; the kiosks'
outboxes are in memory, since 200 kiosks do not share one disk (``hw_sim.bench.outbox`` has the disk's own figure).
They do share two cores here with each other, the broker and the desk: the figure is an upper bound.
"""

from __future__ import annotations

import argparse
import random
import selectors
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from hw_sim.bench.rows import Row, count_row, quantile_row
from hw_sim.clinic.results import accepted_by_face
from hw_sim.reliability.clinic import FORK, SITE, ProcessClinic
from reader.uplink.bridge import KioskBridge, memory_bridges
from reader.uplink.outbox import Outbox
from reader.uplink.run import Waker, paho_uplink_link
from reader.uplink.settings import BrokerSettings, UplinkSettings
from reader.uplink.worker import Uplink

_PER_PROCESS: Final = 50


@dataclass(frozen=True, slots=True)
class Fleet:
    """What came out. Latencies in milliseconds."""

    kiosks: int
    results: int
    lost: int
    twice: int
    took_ms: tuple[float, ...]  # of each result, rising
    seconds: float

    @property
    def p50_ms(self) -> float:
        """The typical latency."""
        return self.took_ms[len(self.took_ms) // 2]

    @property
    def p99_ms(self) -> float:
        """99 of 100 are faster."""
        return self.took_ms[int(len(self.took_ms) * 0.99)]


class _Timed(Outbox):
    """An outbox that notes when a result left it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.put_at: dict[uuid.UUID, float] = {}
        self.took: list[float] = []

    def put(self, result_id: uuid.UUID, payload: bytes) -> None:
        self.put_at[result_id] = time.monotonic()
        super().put(result_id, payload)

    def acknowledge(self, *result_ids: uuid.UUID) -> int:
        gone = super().acknowledge(*result_ids)
        now = time.monotonic()
        self.took += [now - self.put_at.pop(one) for one in result_ids if one in self.put_at]
        return gone


@dataclass(slots=True)
class _Kiosk:
    name: str
    outbox: _Timed
    uplink: Uplink
    waker: Waker
    bridge: KioskBridge
    patients: list[float]  # when each comes to its end, seconds from the start, latest first
    due: float = 0.0


@dataclass(frozen=True, slots=True)
class _Share:
    """The part of the fleet that one process drives: paho waits with select(2), which ends at 1024 descriptors."""

    numbers: range
    broker: BrokerSettings
    disks: Path
    results: int
    over_s: float
    seed: int


@dataclass(frozen=True, slots=True)
class _Part:
    took_s: list[float]
    waiting: int


def _kiosk(share: _Share, number: int) -> _Kiosk:
    name = f"kiosk-{number}"
    folder = share.disks / name
    folder.mkdir()
    settings = UplinkSettings(SITE, name, folder / "outbox.db", folder, share.broker, presence_s=30.0)
    outbox, waker = _Timed(settings.outbox), Waker()
    kiosk_end, uplink_end = memory_bridges()
    uplink = Uplink(outbox, paho_uplink_link(settings, waker), uplink_end, settings)
    dice = random.Random(share.seed * 1_000_003 + number)
    patients = sorted((dice.uniform(0, share.over_s) for _ in range(share.results)), reverse=True)
    return _Kiosk(name, outbox, uplink, waker, kiosk_end, patients)


def _work(share: _Share, began: float, end: Connection) -> None:
    """Drive a share until everything is acknowledged, at most two minutes after the last patient; send what came."""
    kiosks = [_kiosk(share, number) for number in share.numbers]
    give_up = began + share.over_s + 120
    wanted = len(kiosks) * share.results
    with selectors.DefaultSelector() as selector:
        for kiosk in kiosks:
            selector.register(kiosk.waker, selectors.EVENT_READ, kiosk)
        while sum(len(kiosk.outbox.took) for kiosk in kiosks) < wanted and time.monotonic() < give_up:
            woken = {id(key.data) for key, _ in selector.select(0.01)}
            for kiosk in kiosks:
                _turn(kiosk, began, id(kiosk) in woken)
    took = [one for kiosk in kiosks for one in kiosk.outbox.took]
    end.send(_Part(took, sum(kiosk.outbox.depth() for kiosk in kiosks)))
    for kiosk in kiosks:
        kiosk.uplink.close()
        kiosk.outbox.close()


def _turn(kiosk: _Kiosk, began: float, woken: bool) -> None:
    now = time.monotonic()
    ended = bool(kiosk.patients) and kiosk.patients[-1] <= now - began
    if ended:
        kiosk.patients.pop()
        message = accepted_by_face(datetime.now(UTC), site=SITE, kiosk=kiosk.name)
        kiosk.outbox.put(message.result_id, message.encode())
    if ended or woken or now >= kiosk.due:
        kiosk.waker.drain()
        kiosk.due = now + kiosk.uplink.step(now, datetime.now(UTC))
        kiosk.bridge.poll()


def run(folder: Path, kiosks: int, results: int, over_s: float, seed: int) -> Fleet:
    """Let ``kiosks`` send ``results`` each, at random within ``over_s`` seconds; wait until all is acknowledged."""
    memory = Path("/dev/shm")  # noqa: S108 -- a fresh folder of our own inside it
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as disks,
        ProcessClinic(folder, with_uplink=False) as clinic,
    ):
        began = time.monotonic() + 1.0 + kiosks / 40  # everybody connects first: that is not what is measured
        ends = []
        for first in range(0, kiosks, _PER_PROCESS):
            numbers = range(first, min(kiosks, first + _PER_PROCESS))
            share = _Share(numbers, clinic.broker.settings(), Path(disks), results, over_s, seed)
            ours, theirs = FORK.Pipe(duplex=False)
            FORK.Process(target=_work, args=(share, began, theirs), daemon=True).start()
            ends.append(ours)
        parts: list[_Part] = [end.recv() for end in ends]
        seconds = time.monotonic() - began
        stored = clinic.stored()
    took = sorted(1000 * one for part in parts for one in part.took_s)
    return Fleet(
        kiosks=kiosks,
        results=kiosks * results,
        lost=kiosks * results - len(set(stored)) + sum(part.waiting for part in parts),
        twice=len(stored) - len(set(stored)),
        took_ms=tuple(took),
        seconds=seconds,
    )


def report(fleet: Fleet) -> str:
    """Return the figures by id."""
    return (
        f"{fleet.kiosks} kiosks, {fleet.results} results in {fleet.seconds:.1f} s\n"
        f"fleet.lost = {fleet.lost}\nfleet.twice = {fleet.twice}\n"
        f"fleet.p50_ms = {fleet.p50_ms:.1f}\nfleet.p99_ms = {fleet.p99_ms:.1f}"
    )


def measure(kiosks: int = 200, results: int = 10, over_s: float = 60.0) -> dict[str, Row]:
    """Return fleet.* by id."""
    with tempfile.TemporaryDirectory(prefix="kaopi-fleet-") as folder:
        fleet = run(Path(folder), kiosks, results, over_s, seed=1)
    return {
        "fleet.lost": count_row(fleet.lost, fleet.results, "results"),
        "fleet.twice": count_row(fleet.twice, fleet.results, "results"),
        "fleet.p50_ms": quantile_row(fleet.took_ms, "ms", 0.5),
        "fleet.p99_ms": quantile_row(fleet.took_ms, "ms", 0.99),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns 0 when nothing was lost or came twice."""
    parser = argparse.ArgumentParser(prog="python -m hw_sim.bench.fleet", description=__doc__.splitlines()[0])
    parser.add_argument("--kiosks", type=int, default=200)
    parser.add_argument("--results", type=int, default=10, help="patients a kiosk")
    parser.add_argument("--seconds", type=float, default=60.0, help="time over which they come")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kaopi-fleet-") as folder:
        fleet = run(Path(folder), chosen.kiosks, chosen.results, chosen.seconds, chosen.seed)
    sys.stdout.write(report(fleet) + "\n")
    return 0 if fleet.lost == fleet.twice == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
