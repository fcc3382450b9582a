"""What the card tests share: a day, the test trust, one decoder for all, and a way to visit a card."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hw_sim.card.authority import simulator_trust
from hw_sim.card.inprocess import InProcessReader
from hw_sim.card.link import LinkModel
from hw_sim.card.personas import Persona, persona

from reader.card.photo_child import ChildProcessDecoder
from reader.card.profile import MY_NUMBER_CARD
from reader.card.trust import TrustStore
from reader.card.visit import CardVisit
from reader.vault import Vault

TODAY = datetime.date(2026, 11, 22)


@dataclass
class Bench:
    """One card in one slot, on a virtual clock."""

    persona: Persona
    reader: InProcessReader
    vault: Vault
    visit: CardVisit

    def number_b(self) -> bytearray:
        return bytearray(self.persona.card.number_b or b"0" * 14)


@pytest.fixture(scope="session")
def decoder() -> Iterator[ChildProcessDecoder]:
    made = ChildProcessDecoder()
    yield made
    made.close()


@pytest.fixture
def today() -> datetime.date:
    return TODAY


@pytest.fixture
def visit_card(decoder: ChildProcessDecoder) -> Iterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make(card: str | Persona = "normal", trust: TrustStore | None = None, pull_at: int | None = None) -> Bench:
        now = [0.0]

        def sleep(seconds: float) -> None:
            now[0] += seconds

        made = persona(card, TODAY) if isinstance(card, str) else card
        reader = InProcessReader(LinkModel(), sleep)
        reader.insert(made, pull_at)
        vault = Vault()
        profile = made.content.profile if made.content is not None else MY_NUMBER_CARD
        visit = CardVisit(
            reader.connect(), profile, trust or simulator_trust(), vault, TODAY, decoder, clock=lambda: now[0]
        )
        benches.append(Bench(made, reader, vault, visit))
        return benches[-1]

    yield make
    for bench in benches:
        bench.visit.close()
