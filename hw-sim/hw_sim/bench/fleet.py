"""One site with 200 kiosks on one mosquitto: every kiosk's real outbox and step function, one real desk process.

``python -m hw_sim.bench.fleet --kiosks 200 --results 10`` prints fleet.lost, fleet.twice, fleet.p50_ms, fleet.p99_ms.
Latency is from ``Outbox.put`` to the row leaving the outbox, both disks' fsyncs and the desk's commit included. All
kiosks share this machine's two cores and one disk, which no clinic's kiosks do: the figure is an upper bound.
"""

from __future__ import annotations

import argparse
import random
import resource
import selectors
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hw_sim.clinic.results import accepted_by_face
from hw_sim.reliability.clinic import SITE, ProcessClinic, until
from reader.uplink.bridge import KioskBridge, memory_bridges
from reader.uplink.outbox import Outbox
from reader.uplink.run import Waker, paho_uplink_link
from reader.uplink.settings import UplinkSettings
from reader.uplink.worker import Uplink


@dataclass(frozen=True, slots=True)
class Fleet:
    """What came out. Latencies in milliseconds."""

    kiosks: int
    results: int
    lost: int
    twice: int
    p50_ms: float
    p99_ms: float
    seconds: float


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
    patients: list[float] = field(default_factory=list)  # when each comes to its end, seconds from the start
    due: float = 0.0


def _kiosk(clinic: ProcessClinic, number: int) -> _Kiosk:
    name = f"kiosk-{number}"
    folder = clinic.folder / name
    folder.mkdir()
    settings = UplinkSettings(SITE, name, folder / "outbox.db", folder, clinic.broker.settings(), presence_s=30.0)
    outbox, waker = _Timed(settings.outbox), Waker()
    kiosk_end, uplink_end = memory_bridges()
    return _Kiosk(
        name, outbox, Uplink(outbox, paho_uplink_link(settings, waker), uplink_end, settings), waker, kiosk_end
    )


def _drive(kiosks: Sequence[_Kiosk], began: float, stop: threading.Event) -> None:
    """Step a share of the fleet: patients end, wake-ups arrive, timers run out."""
    with selectors.DefaultSelector() as selector:
        for kiosk in kiosks:
            selector.register(kiosk.waker, selectors.EVENT_READ, kiosk)
        while not stop.is_set():
            woken = {id(key.data) for key, _ in selector.select(0.005)}
            now = time.monotonic()
            for kiosk in kiosks:
                ended = bool(kiosk.patients) and kiosk.patients[-1] <= now - began
                if ended:
                    kiosk.patients.pop()
                    message = accepted_by_face(datetime.now(UTC), site=SITE, kiosk=kiosk.name)
                    kiosk.outbox.put(message.result_id, message.encode())
                if ended or id(kiosk) in woken or now >= kiosk.due:
                    kiosk.waker.drain()
                    kiosk.due = now + kiosk.uplink.step(now, datetime.now(UTC))
                    kiosk.bridge.poll()


def run(folder: Path, kiosks: int, results: int, over_s: float, seed: int) -> Fleet:
    """Let ``kiosks`` send ``results`` each, at random within ``over_s`` seconds; wait until all is acknowledged."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 16 * kiosks + 256), hard), hard))
    dice = random.Random(seed)
    with ProcessClinic(folder, with_uplink=False) as clinic:
        fleet = [_kiosk(clinic, number) for number in range(kiosks)]
        stop = threading.Event()
        now = time.monotonic()
        for kiosk in fleet:
            kiosk.due = now + kiosk.uplink.step(now, datetime.now(UTC))
        time.sleep(2.0)  # everybody connects first: the start of a day is not what is measured
        began = time.monotonic()
        for kiosk in fleet:
            kiosk.patients = sorted((dice.uniform(0, over_s) for _ in range(results)), reverse=True)
        driver = threading.Thread(target=_drive, args=(fleet, began, stop), daemon=True)
        driver.start()
        until(
            lambda: sum(len(kiosk.outbox.took) for kiosk in fleet) == kiosks * results,
            over_s + 120,
            "every result of the fleet is acknowledged",
        )
        seconds = time.monotonic() - began
        stop.set()
        driver.join(10)
        took = sorted(1000 * one for kiosk in fleet for one in kiosk.outbox.took)
        stored = clinic.stored()
        left = sum(kiosk.outbox.depth() for kiosk in fleet)
        for kiosk in fleet:
            kiosk.uplink.close()
            kiosk.outbox.close()
            kiosk.waker.close()
    return Fleet(
        kiosks=kiosks,
        results=kiosks * results,
        lost=kiosks * results - len(set(stored)) + left,
        twice=len(stored) - len(set(stored)),
        p50_ms=took[len(took) // 2],
        p99_ms=took[int(len(took) * 0.99)],
        seconds=seconds,
    )


def report(fleet: Fleet) -> str:
    """Return the figures by id."""
    return (
        f"{fleet.kiosks} kiosks, {fleet.results} results in {fleet.seconds:.1f} s\n"
        f"fleet.lost = {fleet.lost}\nfleet.twice = {fleet.twice}\n"
        f"fleet.p50_ms = {fleet.p50_ms:.1f}\nfleet.p99_ms = {fleet.p99_ms:.1f}"
    )


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
