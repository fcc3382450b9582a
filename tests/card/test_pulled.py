"""The card pulled at every command index, at three moments of each: CardGone, nothing worse, nothing lost."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest
from hw_sim.card import jp2
from hw_sim.card.authority import simulator_trust
from hw_sim.card.content import PIN, build_card
from hw_sim.card.inprocess import InProcessReader
from hw_sim.card.personas import base_content
from hw_sim.card.virtual_card import PullMoment, VirtualCard

from reader.card.connection import CardGone
from reader.card.photo import InProcessDecoder
from reader.card.profile import MY_NUMBER_CARD
from reader.card.visit import CardVisit
from reader.vault import Vault

NUMBER_B = (MY_NUMBER_CARD.face.aid, MY_NUMBER_CARD.face.number_b)
PIN_KEY = (MY_NUMBER_CARD.jpki.aid, MY_NUMBER_CARD.jpki.pin)


def serve(reader: InProcessReader, card: VirtualCard, vault: Vault, today: datetime.date) -> None:
    visit = CardVisit(reader.connect(), MY_NUMBER_CARD, simulator_trust(), vault, today, InProcessDecoder())
    try:
        visit.identify()
        visit.open_card_face(bytearray(card.number_b or b""))
        visit.verify_pin(bytearray(PIN.encode()))
        visit.sign(b"nonce")
    finally:
        visit.close()


@pytest.mark.parametrize("moment", PullMoment)
def test_pulled_at_every_command(moment: PullMoment, today: Any) -> None:
    content = dataclasses.replace(base_content(today), photo=jp2.encode(jp2.placeholder(), 2_000))
    card = build_card(content)
    reader = InProcessReader()
    reader.insert(card)
    serve(reader, card, Vault(), today)
    commands = reader.apdus
    reader.remove()
    assert commands > 25
    for index in range(commands - (moment is PullMoment.AFTER)):
        reader.insert(card, index, moment)
        with pytest.raises(CardGone):
            serve(reader, card, Vault(), today)
        assert reader.card() is None
        assert card.tries[NUMBER_B] == 10
        assert card.tries[PIN_KEY] == 3
    reader.insert(card)
    serve(reader, card, Vault(), today)


def test_a_card_pulled_while_the_photo_is_read_leaves_nothing_in_the_vault(today: Any) -> None:
    card = build_card(base_content(today))
    reader, vault = InProcessReader(), Vault()
    reader.insert(card, 30, PullMoment.DURING)
    with pytest.raises(CardGone):
        serve(reader, card, vault, today)
    assert [ref.kind for ref in vault._things] == ["certificate"]
