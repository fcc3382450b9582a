"""Results that the disk refuses are kept and tried again, and nobody is served in vain meanwhile."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from hw_sim.scenario.clock import VirtualClock
from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.machine import FSYNC_S, Machine
from hw_sim.scenario.virtual import MORNING

from reader.kiosk.store_worker import AGAIN_S, Count, Store, StoreWorker
from reader.kiosk.trace import Trace
from reader.session import events as ev
from reader.session.failures import Failure
from reader.session.vocabulary import Part
from reader.uplink.outbox import OutboxError

FIRST, SECOND = (Store(n, uuid.UUID(int=n), b"result %d" % n) for n in (1, 2))


class Bench:
    """A store worker on a disk that can be broken."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock(MORNING)
        self.machine = Machine(self.clock, self.clock.spend)
        self.outbox = self.machine.outbox(folder / "outbox.sqlite3")
        self.facts: list[ev.Event] = []
        self.woken = 0
        self.worker = StoreWorker(self.facts.append, self.outbox, self.wake, Trace(), self.clock.now)

    def wake(self) -> None:
        self.woken += 1

    def run(self, seconds: float) -> None:
        until = self.clock.now() + seconds
        while self.clock.now() < until:
            wait = self.worker.step(self.clock.now())
            self.clock.advance(self.clock.now() + self.clock.settle() + max(wait, 0.01))

    def waiting(self) -> list[uuid.UUID]:
        return [row.result_id for row in self.outbox.due(self.clock.now())]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_result_is_on_the_disk_before_anybody_hears_of_it(bench: Bench) -> None:
    bench.worker.post(FIRST)
    bench.run(1.0)
    assert bench.facts == [ev.ResultStored(0.0, 1)]
    assert bench.waiting() == [FIRST.result_id]
    assert bench.woken == 1


@pytest.mark.parametrize("kind", [FaultKind.DISK_FULL, FaultKind.DISK_READ_ONLY, FaultKind.DISK_ERROR])
def test_what_the_disk_refuses_is_said_once_and_stored_as_soon_as_it_takes_it(bench: Bench, kind: FaultKind) -> None:
    bench.machine.fault(kind)
    bench.worker.post(FIRST)
    bench.run(10.0)
    assert bench.facts == [
        ev.ResultNotStored(0.0, 1, Failure.OUTBOX_WRITE),
        ev.PartChanged(0.0, Part.OUTBOX, Failure.OUTBOX_WRITE),
    ]
    bench.worker.post(SECOND)
    bench.run(1.0)
    bench.machine.fault(FaultKind.DISK_OK)
    bench.run(2 * AGAIN_S)
    assert bench.waiting() == [FIRST.result_id, SECOND.result_id], "in order, each once"
    assert bench.woken == 2
    back = bench.facts[-1]
    assert isinstance(back, ev.PartChanged)
    assert back.failure is None


def test_an_outbox_that_is_full_is_noticed_before_the_next_patient_comes(bench: Bench) -> None:
    bench.machine.fault(FaultKind.OUTBOX_FULL)
    bench.run(2.0)
    assert bench.facts == [ev.PartChanged(0.0, Part.OUTBOX, Failure.OUTBOX_FULL)]
    bench.machine.fault(FaultKind.OUTBOX_OK)
    bench.run(2.0)
    assert len(bench.facts) == 2


def test_a_slow_disk_is_waited_for(bench: Bench) -> None:
    bench.machine.fault(FaultKind.DISK_SLOW)
    bench.worker.post(FIRST)
    bench.run(1.0)
    assert bench.facts == [ev.ResultStored(FSYNC_S, 1)]


def test_whoever_asks_hears_of_every_result_that_has_not_reached_the_desk(bench: Bench) -> None:
    bench.worker.post(Count())
    bench.worker.post(FIRST)
    bench.worker.post(Count())
    bench.run(1.0)
    assert [fact.waiting for fact in bench.facts if isinstance(fact, ev.ResultsCounted)] == [0, 1]
    bench.machine.fault(FaultKind.DISK_FULL)
    bench.worker.post(SECOND)
    bench.worker.post(Count())
    bench.run(1.0)
    counted = [fact.waiting for fact in bench.facts if isinstance(fact, ev.ResultsCounted)]
    assert counted[-1] == 2, "one lies in memory only, which is no reason to forget it"


def test_a_disk_that_does_not_say_is_told_as_such(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable() -> int:
        raise OutboxError("unreadable")

    monkeypatch.setattr(bench.outbox, "depth", unreadable)
    bench.worker.post(Count())
    bench.run(0.1)
    assert ev.ResultsCounted(0.0, None) in bench.facts
