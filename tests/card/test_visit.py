"""A whole visit with one card, in process: what is read, in what order, and what each refusal costs the card."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hw_sim.card.content import PIN
from hw_sim.card.personas import base_content

from reader.card.connection import CardGone
from reader.card.errors import CardRefusal, PinRefused
from reader.session.failures import Failure
from reader.session.vocabulary import CertificateState, Ref

Visit = Callable[..., Any]
B_COUNTER = (bytes.fromhex("D3921000310001010402"), 0x12)
PIN_COUNTER = (bytes.fromhex("D392F000260100000001"), 0x18)


def test_a_good_card_identifies_itself_shows_its_face_and_signs(visit_card: Visit) -> None:
    bench = visit_card("normal")
    identity = bench.visit.identify()
    assert identity.certificate_state is CertificateState.VALID
    assert identity.pin_tries == 3
    assert bench.visit.certificate_der(identity.certificate)[:1] == b"\x30"
    face = bench.visit.open_card_face(bench.number_b())
    assert (face.age, face.signature_valid, face.presence_proved) == (35, True, True)
    photo = bench.vault.get(face.photo)
    assert photo.shape == (240, 192)
    assert photo.dtype == np.uint8
    bench.visit.verify_pin(bytearray(PIN.encode()))
    signed = bench.visit.sign(b"nonce of the desk, 32 bytes long")
    assert signed.signature_valid
    assert len(signed.signature) == 256


def test_the_face_may_be_read_before_the_certificate(visit_card: Visit) -> None:
    bench = visit_card("normal")
    assert bench.visit.open_card_face(bench.number_b()).signature_valid
    assert bench.visit.identify().certificate_state is CertificateState.VALID


def test_the_photo_is_told_before_the_signatures_are_checked(visit_card: Visit) -> None:
    bench = visit_card("normal")
    seen: list[tuple[Ref, int]] = []
    face = bench.visit.open_card_face(bench.number_b(), lambda ref: seen.append((ref, bench.visit.traffic.apdus)))
    assert [ref for ref, _ in seen] == [face.photo]
    assert seen[0][1] < bench.visit.traffic.apdus


def test_number_b_and_pin_are_wiped_whatever_happens(visit_card: Visit) -> None:
    bench = visit_card("number_b_low")
    number = bench.number_b()
    with pytest.raises(CardRefusal):
        bench.visit.open_card_face(number)
    assert number == bytes(14)
    pin = bytearray(b"9999")
    with pytest.raises(PinRefused):
        bench.visit.verify_pin(pin)
    assert pin == bytes(4)


def test_below_five_tries_number_b_is_not_sent(visit_card: Visit) -> None:
    bench = visit_card("number_b_low")
    with pytest.raises(CardRefusal) as refused:
        bench.visit.open_card_face(bench.number_b())
    assert refused.value.failure is Failure.FRONT_TRIES_LOW
    assert bench.persona.card.tries[B_COUNTER] == 4


def test_a_refused_number_b_costs_one_try_and_is_never_repeated(visit_card: Visit) -> None:
    bench = visit_card("normal")
    with pytest.raises(CardRefusal) as refused:
        bench.visit.open_card_face(bytearray(b"0" * 14))
    assert refused.value.failure is Failure.FRONT_NUMBER_REFUSED
    assert bench.persona.card.tries[B_COUNTER] == 9


@pytest.mark.parametrize("persona_name", ["normal", "no_short_ids", "short_ids_do_not_select"])
def test_a_wrong_pin_costs_one_try_and_tells_how_many_are_left(visit_card: Visit, persona_name: str) -> None:
    bench = visit_card(persona_name)
    bench.visit.identify()
    for left in (2, 1, 0):
        with pytest.raises(PinRefused) as refused:
            bench.visit.verify_pin(bytearray(b"0000"))
        assert refused.value.tries_left == left
    with pytest.raises(CardRefusal) as locked:
        bench.visit.verify_pin(bytearray(PIN.encode()))
    assert locked.value.failure is Failure.PIN_LOCKED
    assert bench.persona.card.tries[PIN_COUNTER] == 0


def test_a_pulled_card_raises_at_once_and_stays_gone(visit_card: Visit) -> None:
    bench = visit_card("normal", pull_at=5)
    with pytest.raises(CardGone):
        bench.visit.identify()
    with pytest.raises(CardGone):
        bench.visit.identify()


def test_a_cancelled_visit_sends_nothing_more(visit_card: Visit) -> None:
    bench = visit_card("normal")
    bench.visit.cancel()
    with pytest.raises(CardGone):
        bench.visit.identify()
    assert bench.reader.apdus == 0


def test_close_resets_the_card_so_that_a_verified_pin_does_not_outlive_the_patient(visit_card: Visit) -> None:
    bench = visit_card("normal")
    bench.visit.verify_pin(bytearray(PIN.encode()))
    bench.visit.close()
    again = bench.reader.connect()
    again.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    assert again.transmit(bytes.fromhex("802A0097") + bytes([1, 0, 0])) == bytes.fromhex("6982")


def test_a_failed_read_leaves_no_photo_in_the_vault(visit_card: Visit) -> None:
    bench = visit_card("face_bad_date")
    with pytest.raises(CardRefusal):
        bench.visit.open_card_face(bench.number_b())
    assert len(bench.vault) == 0


def test_content_dates_are_laid_around_the_day(today: datetime.date) -> None:
    content = base_content(today)
    assert content.certificate_from < today < content.certificate_to


def test_a_portrait_hidden_where_the_issuer_did_not_sign_is_never_shown(visit_card: Visit) -> None:
    honest, forged = visit_card("normal"), visit_card("hidden_second_photo")
    real = honest.visit.open_card_face(honest.number_b())
    shown = forged.visit.open_card_face(forged.number_b())
    assert shown.signature_valid
    assert np.array_equal(forged.vault.get(shown.photo), honest.vault.get(real.photo))


def test_a_card_without_short_identifiers_never_yields_another_file(visit_card: Visit) -> None:
    # Refused short identifiers select nothing: the next READ must not fall on the file that was current before.
    bench = visit_card("no_short_ids")
    channel = bench.visit._channel
    channel.select_application(bytes.fromhex("D392F000260100000001"))
    assert bytes(channel.read_start(0x06, 15)) == b"JPKIAPICCTOKEN2"
    channel._short_ids = True
    assert channel.read_start(0x0A)[:1] == b"\x30"
    channel._short_ids = True
    assert bytes(channel.read_start(0x06, 15)) == b"JPKIAPICCTOKEN2"
