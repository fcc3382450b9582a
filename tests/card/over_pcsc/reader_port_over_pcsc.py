"""PcscReader keeps the contract of CardReader over real pcscd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hw_sim import by_path
from hw_sim.card.content import CardContent, build_card
from hw_sim.card.vpcd import VpcdSlot
from hw_sim.pcsc import PORTS, PcscDaemon

from reader.devices.card_pcsc import PcscReader

contract = by_path.load(Path(__file__).parent.parent / "card_reader_contract.py")


@pytest.fixture
def slot(daemon: PcscDaemon) -> Iterator[Any]:
    reader, hand = PcscReader(), VpcdSlot(PORTS[0])
    made = contract.Slot(reader, hand.insert, hand.remove, lambda: build_card(CardContent()))
    yield made
    hand.remove()
    while reader._present:
        reader.poll(0.5)
    reader.close()


@pytest.mark.parametrize("rule", contract.CONTRACT, ids=lambda rule: rule.__name__)
def test_contract(rule: Any, slot: Any) -> None:
    rule(slot)
