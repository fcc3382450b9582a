"""Two readers, two cards: the worker tells of both, and of the one that is left once one was taken back."""

from __future__ import annotations

import datetime

from hw_sim.card.content import CardContent, build_card
from hw_sim.card.inprocess import InProcessReader
from hw_sim.card.several import SeveralReaders

from reader.card.connection import CardConnection
from reader.card.visit import CardVisit
from reader.kiosk.card_worker import CardWorker
from reader.kiosk.trace import Trace
from reader.session.events import CardInserted, CardRemoved, Event
from reader.vault import Vault


def _read_nothing(connection: CardConnection, today: datetime.date) -> CardVisit:
    raise AssertionError("no card is read here")


class Kiosk:
    """A card worker over two slots; nothing is read here."""

    def __init__(self) -> None:
        self.left, self.right = InProcessReader(name="left"), InProcessReader(name="right")
        self.facts: list[Event] = []
        self.worker = CardWorker(
            self.facts.append,
            SeveralReaders(self.left, self.right),
            _read_nothing,
            Vault(),
            lambda visit, photo: None,
            Trace(),
            now=lambda: 0.0,
            today=lambda: datetime.date(2026, 11, 24),
            poll_s=0.0,
        )

    def told(self) -> list[Event]:
        """Look a few times; return what was said about cards since the last call."""
        for _ in range(4):
            self.worker.step(0.0)
        told: list[Event] = [fact for fact in self.facts if isinstance(fact, CardInserted | CardRemoved)]
        self.facts.clear()
        return told


def test_both_cards_are_told_of_and_the_one_left_counts_as_put_in_anew() -> None:
    kiosk = Kiosk()
    kiosk.left.insert(build_card(CardContent()))
    assert kiosk.told() == [CardInserted(0.0, 1)]
    kiosk.right.insert(build_card(CardContent()))
    assert kiosk.told() == [CardInserted(0.0, 2)]
    kiosk.right.remove()
    assert kiosk.told() == [CardRemoved(0.0), CardInserted(0.0, 3)]
    kiosk.left.remove()
    assert kiosk.told() == [CardRemoved(0.0)]


def test_of_three_cards_two_are_still_too_many() -> None:
    kiosk = Kiosk()
    middle = InProcessReader(name="middle")
    kiosk.worker._reader = SeveralReaders(kiosk.left, middle, kiosk.right)
    for reader in (kiosk.left, middle, kiosk.right):
        reader.insert(build_card(CardContent()))
    assert len(kiosk.told()) == 3
    middle.remove()
    assert kiosk.told() == []
    kiosk.left.remove()
    assert kiosk.told() == [CardRemoved(0.0), CardInserted(0.0, 4)]
