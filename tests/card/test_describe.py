"""``kaopi card``: says what a card is and whether kaopi can serve it, and nothing about who holds it."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from hw_sim.card import personas
from hw_sim.card.authority import simulator_trust
from hw_sim.card.inprocess import InProcessReader

from reader.card.connection import CardGone
from reader.card.describe import CardReport, Verdict, describe
from reader.card.profile import MY_NUMBER_CARD
from reader.card.trust import TrustStore


def report(name: str, today: datetime.date, trust: TrustStore | None = None) -> tuple[CardReport, personas.Persona]:
    card = personas.persona(name, today)
    reader = InProcessReader(sleep=lambda seconds: None)
    reader.insert(card)
    found = describe(reader.connect(), MY_NUMBER_CARD, trust or simulator_trust(), today, clock=lambda: 0.0)
    reader.remove()
    return found, card


@pytest.mark.parametrize(
    ("name", "kind", "by_face", "by_pin"),
    [
        ("normal", "a My Number Card", Verdict.YES, Verdict.YES),
        ("expiring", "a My Number Card", Verdict.YES, Verdict.YES),
        ("grace", "a My Number Card", Verdict.YES, Verdict.YES),
        ("expired", "a My Number Card", Verdict.NO, Verdict.NO),
        ("no_certificate", "a My Number Card", Verdict.NO, Verdict.NO),
        ("pin_locked", "a My Number Card", Verdict.YES, Verdict.NO),
        ("pin_last_try", "a My Number Card", Verdict.YES, Verdict.YES),
        ("number_b_low", "a My Number Card", Verdict.NO, Verdict.YES),
        ("stranger_ca", "a My Number Card", Verdict.NO, Verdict.NO),
        ("no_cv_certificate", "a My Number Card", Verdict.NO, Verdict.YES),
        ("resident_card", "an old resident card", Verdict.NO, Verdict.NO),
        ("phone_token", "a phone's card", Verdict.NO, Verdict.NO),
        ("emv_card", "not a My Number Card", Verdict.NO, Verdict.NO),
        ("mute", "a card that does not answer", Verdict.NO, Verdict.NO),
        ("falls_silent", "a card that stopped answering", Verdict.NO, Verdict.NO),
        ("bad_certificate", "a card that cannot be read", Verdict.NO, Verdict.NO),
    ],
)
def test_kind_and_verdict(name: str, kind: str, by_face: Verdict, by_pin: Verdict, today: Any) -> None:
    found, _ = report(name, today)
    assert found.kind.startswith(kind)
    assert (found.by_face, found.by_pin) == (by_face, by_pin)


@pytest.mark.parametrize("name", personas.names())
def test_nothing_personal_is_revealed(name: str, today: Any) -> None:
    found, card = report(name, today)
    text = str(found)
    assert text.count("\n") >= 1
    if card.content is None:
        return
    content = card.content
    for canary in (
        content.birth.isoformat(),
        f"{content.birth:%Y%m%d}",
        content.number_b().decode(),
        content.pin,
        content.security_code,
        str(content.serial),
        content.certificate_to.isoformat(),
        content.expiry.isoformat(),
    ):
        assert canary not in text, f"{name} reveals {canary}"
    assert not re.search(r"\d{5,}", text.replace("16777220 bytes", ""))


def test_no_try_is_spent(today: Any) -> None:
    _, card = report("normal", today)
    assert set(card.card.tries.values()) == {10, 5, 3, 0}


def test_without_trust_files_it_says_where_to_look(today: Any) -> None:
    found, _ = report("normal", today, TrustStore())
    assert found.by_face is Verdict.NO
    assert "trust files" in str(found)


def test_a_card_pulled_meanwhile_is_gone(today: Any) -> None:
    reader = InProcessReader()
    reader.insert(personas.persona("normal", today), pull_at=3)
    with pytest.raises(CardGone):
        describe(reader.connect(), MY_NUMBER_CARD, simulator_trust(), today)
