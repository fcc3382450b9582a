"""What every CardReader must do, whatever it is made of: run over the in-process slot and over real PC/SC."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hw_sim.card.virtual_card import VirtualCard

from reader.card.connection import CardConnectionError, CardGone
from reader.devices.ports import CardReader, SlotChange

SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")
VERIFY = bytes.fromhex("0020009804") + b"1234"
SIGN = bytes.fromhex("802A009701FF00")


@dataclass
class Slot:
    """A reader and the hand that puts cards into it."""

    reader: CardReader
    insert: Callable[[VirtualCard], object]
    remove: Callable[[], object]
    card: Callable[[], VirtualCard]

    def expect(self, inserted: bool) -> SlotChange:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            change = self.reader.poll(0.3)
            if change is not None and change.inserted is inserted:
                return change
        raise AssertionError(f"no change to inserted={inserted} within 5 s")


def an_empty_slot_says_nothing_and_opens_nothing(slot: Slot) -> None:
    assert slot.reader.poll(0.05) is None
    with pytest.raises(CardGone):
        slot.reader.connect()


def a_card_comes_answers_and_goes(slot: Slot) -> None:
    slot.insert(slot.card())
    came = slot.expect(inserted=True)
    assert came.atr
    connection = slot.reader.connect()
    assert connection.transmit(SELECT) == b"\x90\x00"
    connection.close()
    connection.close()
    slot.remove()
    assert slot.expect(inserted=False).reader == came.reader
    assert slot.reader.poll(0.05) is None


def a_pulled_card_is_gone_and_stays_gone(slot: Slot) -> None:
    slot.insert(slot.card())
    slot.expect(inserted=True)
    connection = slot.reader.connect()
    slot.remove()
    for _ in range(3):
        with pytest.raises(CardGone):
            connection.transmit(SELECT)
    connection.close()
    slot.expect(inserted=False)


def a_closed_connection_is_gone(slot: Slot) -> None:
    slot.insert(slot.card())
    slot.expect(inserted=True)
    connection = slot.reader.connect()
    connection.close()
    with pytest.raises(CardGone):
        connection.transmit(SELECT)


def only_one_holds_the_card(slot: Slot) -> None:
    slot.insert(slot.card())
    slot.expect(inserted=True)
    first = slot.reader.connect()
    with pytest.raises(CardConnectionError):
        slot.reader.connect()
    first.close()
    slot.reader.connect().close()


def closing_resets_the_card(slot: Slot) -> None:
    slot.insert(slot.card())
    slot.expect(inserted=True)
    first = slot.reader.connect()
    first.transmit(SELECT)
    assert first.transmit(VERIFY) == b"\x90\x00"
    first.close()
    second = slot.reader.connect()
    second.transmit(SELECT)
    assert second.transmit(SIGN) == bytes.fromhex("6982")
    second.close()


def a_reopened_reader_tells_about_the_card_that_lies_there(slot: Slot) -> None:
    slot.insert(slot.card())
    slot.expect(inserted=True)
    slot.reader.close()
    slot.expect(inserted=True)
    slot.reader.connect().close()


CONTRACT = (
    an_empty_slot_says_nothing_and_opens_nothing,
    a_card_comes_answers_and_goes,
    a_pulled_card_is_gone_and_stays_gone,
    a_closed_connection_is_gone,
    only_one_holds_the_card,
    closing_resets_the_card,
    a_reopened_reader_tells_about_the_card_that_lies_there,
)
