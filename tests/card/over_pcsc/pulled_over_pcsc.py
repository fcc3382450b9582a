"""The card pulled at every command index over real PC/SC; KAOPI_CARD_FULL=1 adds two more moments of each command."""

from __future__ import annotations

import dataclasses
import os
import time
from typing import Any

import pytest
from hw_sim.card import jp2
from hw_sim.card.authority import simulator_trust
from hw_sim.card.content import PIN, build_card
from hw_sim.card.personas import Persona, base_content
from hw_sim.card.virtual_card import PullMoment

from reader.card.connection import CardGone
from reader.card.photo_child import ChildProcessDecoder
from reader.card.profile import MY_NUMBER_CARD
from reader.card.visit import CardVisit
from reader.vault import Vault

MOMENTS = list(PullMoment) if os.environ.get("KAOPI_CARD_FULL") == "1" else [PullMoment.DURING]
BACK_TO_START_S = 5.0


@pytest.mark.timeout(200)
@pytest.mark.parametrize("moment", MOMENTS)
def test_pulled_at_every_command(moment: PullMoment, desk: Any, decoder: ChildProcessDecoder, today: Any) -> None:
    content = dataclasses.replace(base_content(today), photo=jp2.encode(jp2.placeholder(), 1_200))
    card = build_card(content)

    def serve() -> int:
        visit = CardVisit(desk.reader.connect(), MY_NUMBER_CARD, simulator_trust(), Vault(), today, decoder)
        try:
            visit.identify()
            visit.open_card_face(bytearray(card.number_b or b""))
            visit.verify_pin(bytearray(PIN.encode()))
            visit.sign(b"nonce")
            return visit.traffic.apdus
        finally:
            visit.close()

    slot = desk.insert(Persona("small photo", card, content))
    commands = serve()
    slot.remove()
    assert commands > 25
    for index in range(commands - (moment is PullMoment.AFTER)):
        slot = desk.slots[index % 2]
        slot.insert(card, index, moment)
        assert desk.wait(inserted=True) is not None
        with pytest.raises(CardGone):
            serve()
        pulled = time.monotonic()
        assert desk.wait(inserted=False, seconds=BACK_TO_START_S) is not None, f"removal at {index} never seen"
        assert time.monotonic() - pulled < BACK_TO_START_S
        assert set(card.tries.values()) == {10, 5, 3, 0}, "a pull cost the card a try"
    desk.clear()
    slot = desk.insert(Persona("small photo", card, content))
    assert serve() == commands
    slot.remove()
