"""A profile of another generation, P-384 keys and other names for everything, fits without a caller changing."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest
from hw_sim.card.authority import P384_AUTHORITY
from hw_sim.card.content import PIN, CardContent, build_card
from hw_sim.card.personas import Persona, base_content

from reader.card.errors import CardRefusal
from reader.card.profile import CardFaceFiles, CardProfile, JpkiFiles
from reader.card.signatures import ECDSA_P384_SHA384
from reader.session.failures import Failure
from reader.session.vocabulary import CertificateState

NEXT = CardProfile(
    name="a card of the next generation, as it might be",
    jpki=JpkiFiles(
        aid=bytes.fromhex("F04B414F504941555448"), token=0x02, availability=0x03, certificate=0x04, key=0x05, pin=0x06
    ),
    face=CardFaceFiles(aid=bytes.fromhex("F04B414F504946414345"), card_face=0x07, cv_certificate=0x08, number_b=0x09),
    scheme=ECDSA_P384_SHA384,
    own_token="NEXTTOKEN",
)


def next_card(today: datetime.date, **changes: Any) -> Persona:
    content: CardContent = dataclasses.replace(
        base_content(today),
        profile=NEXT,
        authority=P384_AUTHORITY,
        auth_key="p384-auth",
        card_key="p384-card",
        token="NEXTTOKEN",
        **changes,
    )
    return Persona("next", build_card(content), content)


def test_the_same_calls_serve_it(visit_card: Any, today: datetime.date) -> None:
    bench = visit_card(next_card(today), trust=P384_AUTHORITY.trust_store())
    identity = bench.visit.identify()
    assert identity.certificate_state is CertificateState.VALID
    assert identity.pin_tries == 3
    face = bench.visit.open_card_face(bench.number_b())
    assert (face.age, face.signature_valid, face.presence_proved) == (35, True, True)
    bench.visit.verify_pin(bytearray(PIN.encode()))
    signed = bench.visit.sign(b"nonce")
    assert signed.signature_valid
    assert len(signed.signature) == 96


def test_forgery_is_found_the_same_way(visit_card: Any, today: datetime.date) -> None:
    cloned = visit_card(next_card(today, held_card_key="p384-auth"), trust=P384_AUTHORITY.trust_store())
    assert not cloned.visit.open_card_face(cloned.number_b()).presence_proved
    changed = next_card(today, tamper_birth=datetime.date(2001, 1, 1))
    altered = visit_card(changed, trust=P384_AUTHORITY.trust_store())
    assert not altered.visit.open_card_face(altered.number_b()).signature_valid


def test_a_trust_store_of_the_old_generation_does_not_trust_it(visit_card: Any, today: datetime.date) -> None:
    bench = visit_card(next_card(today))
    with pytest.raises(CardRefusal) as refused:
        bench.visit.identify()
    assert refused.value.failure is Failure.CERTIFICATE_UNTRUSTED


def test_todays_profile_turns_it_away_as_another_card(visit_card: Any, today: datetime.date) -> None:
    made = next_card(today)
    bench = visit_card(Persona("next", made.card, None))
    with pytest.raises(CardRefusal) as refused:
        bench.visit.identify()
    assert refused.value.failure is Failure.NOT_MY_NUMBER_CARD
