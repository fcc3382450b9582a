"""The in-process slot keeps the contract of CardReader, and does what a simulated slot can do besides."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hw_sim import by_path
from hw_sim.card.content import CardContent, build_card
from hw_sim.card.front import SimulatedCardFront, open_card_front
from hw_sim.card.inprocess import InProcessReader, open_virtual_reader, slot
from hw_sim.card.link import INSTANT, LinkModel, TimedLink
from hw_sim.card.personas import persona
from hw_sim.card.several import SeveralReaders

from reader.card.connection import CardGone
from reader.cardfront.port import CardFrontUnreadable
from reader.devices.ports import DeviceGone, SlotChange
from reader.session.vocabulary import CardFrontProblem

contract = by_path.load(Path(__file__).with_name("card_reader_contract.py"))


@pytest.mark.parametrize("rule", contract.CONTRACT, ids=lambda rule: rule.__name__)
def test_contract(rule: Any) -> None:
    reader = InProcessReader()
    rule(contract.Slot(reader, reader.insert, reader.remove, lambda: build_card(CardContent())))


@pytest.mark.parametrize("rule", contract.CONTRACT, ids=lambda rule: rule.__name__)
def test_contract_of_two_readers(rule: Any) -> None:
    reader = InProcessReader()
    rule(
        contract.Slot(
            SeveralReaders(InProcessReader(name="empty"), reader),
            reader.insert,
            reader.remove,
            lambda: build_card(CardContent()),
        )
    )


def test_of_two_readers_the_card_that_came_last_is_opened_and_one_may_be_unplugged() -> None:
    left, right = InProcessReader(name="left"), InProcessReader(name="right")
    both = SeveralReaders(left, right)
    left.insert(build_card(CardContent()))
    right.insert(build_card(CardContent()))
    assert {both.poll(0.0), both.poll(0.0)} == {
        SlotChange(True, name, build_card(CardContent()).atr) for name in ("left", "right")
    }
    connection = both.connect()
    right.remove()
    with pytest.raises(CardGone):
        connection.transmit(bytes(4))
    assert both.poll(0.0) == SlotChange(False, "right")
    left.unplug()
    assert both.poll(0.0) == SlotChange(False, "left"), "with its reader the card is gone"
    assert both.poll(0.0) is None, "one of two readers is enough"
    right.unplug()
    with pytest.raises(DeviceGone, match="unplugged"):
        both.poll(0.0)


def test_an_unplugged_reader_is_gone_until_it_is_plugged_in() -> None:
    reader = InProcessReader()
    reader.insert(build_card(CardContent()))
    connection = reader.connect()
    reader.unplug()
    with pytest.raises(DeviceGone, match="unplugged"):
        reader.poll(0.0)
    with pytest.raises(CardGone):
        connection.transmit(bytes(4))
    reader.plug()
    assert reader.poll(0.0) is None


def test_a_waiting_poll_wakes_when_a_card_comes_from_another_thread() -> None:
    reader = InProcessReader()
    seen: list[Any] = []
    watcher = threading.Thread(target=lambda: seen.append(reader.poll(5.0)))
    watcher.start()
    reader.insert(build_card(CardContent()))
    watcher.join(5.0)
    assert seen[0].inserted


def test_two_cards_do_not_fit() -> None:
    reader = InProcessReader()
    reader.insert(build_card(CardContent()))
    with pytest.raises(ValueError, match="card in the slot"):
        reader.insert(build_card(CardContent()))


def test_the_slot_tells_the_number_on_the_card_in_it(today: Any) -> None:
    reader = InProcessReader()
    front = SimulatedCardFront(reader.number_b)
    with pytest.raises(CardFrontUnreadable) as nothing:
        front.read(1.0)
    assert nothing.value.problem is CardFrontProblem.NO_CARD_SEEN
    card = persona("foreigner", today)
    reader.insert(card)
    assert card.content is not None
    assert bytes(front.read(1.0)) == card.content.number_b()
    front.problem = CardFrontProblem.SLEEVE
    with pytest.raises(CardFrontUnreadable) as sleeve:
        front.read(1.0)
    assert sleeve.value.problem is CardFrontProblem.SLEEVE
    front.close()


def test_adapters_of_one_slot_share_it(today: Any) -> None:
    reader = open_virtual_reader({"slot": "shared", "persona": "normal"})
    assert slot("shared") is reader
    assert len(open_card_front({"slot": "shared"}).read(1.0)) == 14
    reader.remove()
    with pytest.raises(ValueError, match="timing"):
        open_virtual_reader({"timing": "fast"})


def test_link_time_is_counted_by_the_model() -> None:
    slept: list[float] = []
    link = TimedLink(LinkModel(), slept.append, 0.5)
    link.wait(bytes.fromhex("00B0000000"), bytes(256) + b"\x90\x00")
    assert link.spent_s == pytest.approx(sum(slept))
    assert 0.5 < link.spent_s < 0.53
    assert INSTANT.seconds(bytes(5), bytes(258)) == 0.0


@pytest.mark.parametrize("rate", [106_000.0, 212_000.0, 424_000.0, 848_000.0])
def test_a_faster_link_is_faster_and_never_faster_than_its_bits(rate: float) -> None:
    air = LinkModel(bit_rate=rate).air_s(258)
    assert air > 258 * 8 / rate
    assert air > LinkModel(bit_rate=2 * rate).air_s(258)
