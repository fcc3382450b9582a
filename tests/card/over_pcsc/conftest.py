"""Inside the namespace: one pcscd for the module, two slots, one reader; and a check that nothing is left open."""

from __future__ import annotations

import datetime
import gc
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hw_sim.card.personas import Persona
from hw_sim.card.vpcd import VpcdSlot
from hw_sim.pcsc import PORTS, PcscDaemon

from reader.card.photo_child import ChildProcessDecoder
from reader.devices.card_pcsc import PcscReader
from reader.devices.ports import SlotChange

TODAY = datetime.date(2026, 11, 22)


class Desk:
    """Two slots used in turn, so that one can settle while the other works, and the reader under test."""

    def __init__(self, reader: PcscReader) -> None:
        self.reader = reader
        self.slots = [VpcdSlot(port) for port in PORTS]
        self._turn = itertools.cycle(self.slots)

    def insert(self, card: Persona, pull_at: int | None = None) -> VpcdSlot:
        """Insert into the slot whose turn it is and wait until the reader has seen it."""
        slot = next(self._turn)
        slot.insert(card, pull_at)
        assert self.wait(inserted=True) is not None, "the reader never saw the card"
        return slot

    def wait(self, inserted: bool, seconds: float = 5.0) -> SlotChange | None:
        """Wait for the next change of that kind."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            change = self.reader.poll(max(0.0, deadline - time.monotonic()))
            if change is not None and change.inserted == inserted:
                return change
        return None

    def clear(self) -> None:
        """Empty both slots and wait until the reader knows."""
        for slot in self.slots:
            slot.remove()
        deadline = time.monotonic() + 3
        while self.reader._present and time.monotonic() < deadline:
            self.reader.poll(0.5)


@pytest.fixture(scope="module")
def daemon() -> Iterator[PcscDaemon]:
    with PcscDaemon() as running:
        yield running


@pytest.fixture(scope="module")
def decoder() -> Iterator[ChildProcessDecoder]:
    made = ChildProcessDecoder()
    yield made
    made.close()


@pytest.fixture(scope="module")
def desk(daemon: PcscDaemon) -> Iterator[Desk]:
    reader = PcscReader()
    made = Desk(reader)
    yield made
    made.clear()
    reader.close()


@pytest.fixture
def today() -> datetime.date:
    return TODAY


def open_things() -> tuple[int, set[str]]:
    """File descriptors open now, and names of running threads."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir())), {thread.name for thread in threading.enumerate()}
