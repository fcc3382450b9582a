"""What kaopi must never touch: tried by every public method, every way of naming it, from every state of the card."""

from __future__ import annotations

import dataclasses
import datetime
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hw_sim.card.content import CardContent, build_card
from hw_sim.card.inprocess import InProcessReader
from hw_sim.card.virtual_card import VirtualCard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reader.card.channel import CardChannel
from reader.card.connection import CardConnectionError
from reader.card.deny import (
    AID_CARD_FACE,
    AID_COMMON,
    AID_JPKI,
    AID_RESIDENT,
    AID_TEXT,
    FORBIDDEN,
    FORBIDDEN_EVERYWHERE,
)
from reader.card.errors import ForbiddenCommand
from reader.card.profile import MY_NUMBER_CARD

OURS = (AID_JPKI, AID_CARD_FACE)
OTHERS = (AID_TEXT, AID_RESIDENT, AID_COMMON, bytes.fromhex("A0000001510000"))

# What the law and the rules of the project name, spelled out a second time on purpose: the test must not ask the guard.
MUST_NEVER = {
    AID_JPKI: {0x01, 0x02, 0x1A, 0x1B, 0x13, 0x14},
    AID_CARD_FACE: {0x01, 0x05, 0x11, 0x13, 0x14, 0x1A, 0x1B},
}


class Recorder:
    """A connection that says yes to everything and remembers what reached it."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def transmit(self, apdu: bytes) -> bytes:
        self.sent.append(apdu)
        return bytes(apdu[-1] if len(apdu) == 5 and apdu[1] == 0xB0 else 0) + b"\x90\x00"

    def close(self) -> None:
        pass


def channel_in(application: bytes | None, file: int | None = None) -> tuple[CardChannel, Recorder]:
    recorder = Recorder()
    channel = CardChannel(recorder, MY_NUMBER_CARD)
    if application is not None:
        channel.select_application(application)
        if file is not None:
            channel.select_file(file)
    recorder.sent.clear()
    return channel, recorder


METHODS: dict[str, Callable[[CardChannel, int], object]] = {
    "select_file": lambda channel, number: channel.select_file(number),
    "read_start": lambda channel, number: channel.read_start(number),
    "read_at": lambda channel, number: channel.read_at(number, 0, 16),
    "read_object": lambda channel, number: channel.read_object(number),
    "tries_left": lambda channel, number: channel.tries_left(number),
    "verify": lambda channel, number: channel.verify(number, bytearray(b"123456789010")),
    "sign": lambda channel, number: channel.sign(number or 0x1A, b"digest"),
    "transmit SELECT": lambda channel, number: channel.transmit(
        bytes.fromhex("00A4020C02") + number.to_bytes(2, "big")
    ),
    "transmit SELECT with FCI": lambda channel, number: channel.transmit(
        bytes.fromhex("00A4020002") + number.to_bytes(2, "big")
    ),
    "transmit SELECT by path": lambda channel, number: channel.transmit(
        bytes.fromhex("00A4080C02") + number.to_bytes(2, "big")
    ),
    "transmit READ by short id": lambda channel, number: channel.transmit(bytes([0x00, 0xB0, 0x80 | number, 0, 0])),
    "transmit READ odd": lambda channel, number: channel.transmit(bytes([0x00, 0xB1, 0, number, 4, 0x54, 2, 0, 0])),
    "transmit READ RECORD": lambda channel, number: channel.transmit(bytes([0x00, 0xB2, 1, number << 3 | 4, 0])),
    "transmit VERIFY": lambda channel, number: channel.transmit(bytes([0x00, 0x20, 0, 0x80 | number, 4]) + b"1234"),
    "transmit VERIFY global": lambda channel, number: channel.transmit(bytes([0x00, 0x20, 0, number, 4]) + b"1234"),
    "transmit tries": lambda channel, number: channel.transmit(bytes([0x00, 0x20, 0, 0x80 | number])),
    "transmit CHANGE": lambda channel, number: channel.transmit(bytes([0x00, 0x24, 1, 0x80 | number, 4]) + b"1234"),
    "transmit RESET": lambda channel, number: channel.transmit(bytes([0x00, 0x2C, 3, 0x80 | number])),
    "transmit SIGN": lambda channel, number: channel.transmit(bytes([0x80, 0x2A, 0, 0x80 | number or 0x9A, 1, 1, 0])),
    "transmit UPDATE": lambda channel, number: channel.transmit(bytes([0x00, 0xD6, 0x80 | number, 0, 1, 0])),
    "transmit on a logical channel": lambda channel, number: channel.transmit(bytes([0x01, 0xB0, 0x80 | number, 0, 0])),
    "transmit chained": lambda channel, number: channel.transmit(bytes([0x10, 0x20, 0, 0x80 | number, 4]) + b"1234"),
}


def test_every_public_method_of_the_channel_is_tried() -> None:
    public = {name for name, _ in inspect.getmembers(CardChannel, inspect.isfunction) if not name.startswith("_")}
    tried = {name.split()[0] for name in METHODS}
    assert public - tried == {"cancel", "renew_budget", "select_application"}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("application", "numbers"), MUST_NEVER.items(), ids=["jpki", "card face"])
def test_no_method_reaches_a_forbidden_file_or_key(method: str, application: bytes, numbers: set[int]) -> None:
    allowed_file = min(MY_NUMBER_CARD.readable[application])
    for number in sorted(numbers):
        for selected in (None, allowed_file):
            channel, recorder = channel_in(application, selected)
            with pytest.raises(ForbiddenCommand):
                METHODS[method](channel, number)
            assert recorder.sent == [], f"{number:04X} reached the card"


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_named_before_an_application_is_selected(method: str) -> None:
    for number in range(1, 0x20):
        channel, recorder = channel_in(None)
        with pytest.raises(ForbiddenCommand):
            METHODS[method](channel, number)
        assert recorder.sent == []


@pytest.mark.parametrize("aid", OTHERS, ids=lambda aid: aid.hex())
def test_no_other_application_is_selected_not_even_by_part_of_its_name(aid: bytes) -> None:
    for length in range(len(aid) + 1):
        for p2 in (0x00, 0x04, 0x0C):
            for tail in (b"", b"\x00"):
                channel, recorder = channel_in(AID_JPKI)
                with pytest.raises(ForbiddenCommand):
                    channel.transmit(bytes([0x00, 0xA4, 0x04, p2, length]) + aid[:length] + tail)
                assert recorder.sent == []
    channel, recorder = channel_in(None)
    with pytest.raises(ForbiddenCommand):
        channel.select_application(aid)
    assert recorder.sent == []


@pytest.mark.parametrize("aid", OURS, ids=["jpki", "card face"])
def test_our_own_applications_are_selected_by_their_whole_name_only(aid: bytes) -> None:
    for length in range(len(aid)):
        channel, recorder = channel_in(None)
        with pytest.raises(ForbiddenCommand):
            channel.select_application(aid[:length])
        assert recorder.sent == []


def test_after_a_refused_select_no_number_means_anything() -> None:
    channel, recorder = channel_in(AID_JPKI)

    class Refuses(Recorder):
        def transmit(self, apdu: bytes) -> bytes:
            self.sent.append(apdu)
            return b"\x6a\x82"

    refusing = Refuses()
    channel._connection = refusing
    channel.select_application(AID_CARD_FACE)
    with pytest.raises(ForbiddenCommand):
        channel.read_start(MY_NUMBER_CARD.face.card_face)
    assert len(refusing.sent) == 1
    assert recorder.sent == []


def test_a_secret_is_wiped_even_when_its_command_is_forbidden() -> None:
    channel, _ = channel_in(AID_CARD_FACE)
    secret = bytearray(b"123456789010")
    with pytest.raises(ForbiddenCommand):
        channel.verify(0x13, secret)
    assert secret == bytes(12)


def test_the_refusal_does_not_repeat_the_command() -> None:
    channel, _ = channel_in(AID_CARD_FACE)
    with pytest.raises(ForbiddenCommand) as refused:
        channel.transmit(bytes([0x00, 0x20, 0, 0x93, 12]) + b"123456789010")
    assert "123456789010" not in str(refused.value)
    assert b"123456789010".hex() not in str(refused.value)


@pytest.mark.parametrize("part", ["jpki", "face"])
def test_no_profile_can_name_what_is_forbidden(part: str) -> None:
    files = getattr(MY_NUMBER_CARD, part)
    for field in dataclasses.fields(files):
        if field.name == "aid":
            continue
        for number in MUST_NEVER[files.aid]:
            changed = dataclasses.replace(files, **{field.name: number})
            with pytest.raises(ForbiddenCommand):
                dataclasses.replace(MY_NUMBER_CARD, **{part: changed})


def test_the_list_names_what_it_must() -> None:
    for aid, numbers in MUST_NEVER.items():
        assert numbers <= FORBIDDEN[aid] | FORBIDDEN_EVERYWHERE
    assert FORBIDDEN[AID_TEXT] == frozenset(range(0x20))


def _reached(card: VirtualCard) -> set[tuple[bytes, int]]:
    wrong = {
        (aid, number)
        for aid, number in card.touched
        if number in MUST_NEVER.get(aid, set()) or aid not in OURS or number in {0x13, 0x14, 0x1A, 0x1B}
    }
    if card._aid not in (None, *OURS):
        wrong.add((card._aid or b"", 0))
    return wrong


_AIDS = st.sampled_from([*OURS, *OTHERS])
_APDUS = st.one_of(
    st.binary(max_size=24),
    st.tuples(
        st.sampled_from([0x00, 0x80, 0x01, 0x04, 0x0C, 0x10]),
        st.sampled_from([0xA4, 0xB0, 0xB1, 0xB2, 0x20, 0x24, 0x2A, 0xC0, 0x84, 0xD6, 0x22]),
        st.one_of(st.integers(0, 255), st.sampled_from([0, 2, 4, 0x80, 0x85, 0x8A])),
        st.one_of(st.integers(0, 255), st.sampled_from([0, 0x0C, 0x80, 0x93, 0x98, 0x9A])),
        st.one_of(st.binary(max_size=4), _AIDS.map(lambda aid: bytes([len(aid)]) + aid), st.just(b"\x02\x00\x05")),
    ).map(lambda parts: bytes(parts[:4]) + parts[4]),
    _AIDS.map(lambda aid: bytes([0, 0xA4, 4, 0x0C, len(aid)]) + aid),
)
_CARD = build_card(CardContent(birth=datetime.date(1990, 1, 1)))


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_APDUS, min_size=1, max_size=8))
def test_no_sequence_of_commands_reaches_a_forbidden_thing(commands: list[bytes]) -> None:
    card = VirtualCard(_CARD.applications)
    reader = InProcessReader()
    reader.insert(card)
    channel = CardChannel(reader.connect(), MY_NUMBER_CARD)
    for command in commands:
        try:
            channel.transmit(command)
        except (ForbiddenCommand, CardConnectionError):
            continue
    assert _reached(card) == set()


def test_the_oracle_itself_sees_a_forbidden_command() -> None:
    card = VirtualCard(_CARD.applications)
    for command in ("00A4040C0A" + AID_CARD_FACE.hex(), "00200093"):
        card.transmit(bytes.fromhex(command))
    assert _reached(card) == {(AID_CARD_FACE, 0x13)}


def test_a_whole_visit_names_only_what_the_profile_lists(visit_card: Any) -> None:
    bench = visit_card("normal")
    bench.visit.identify()
    bench.visit.open_card_face(bench.number_b())
    bench.visit.verify_pin(bytearray(b"1234"))
    bench.visit.sign(b"nonce")
    files, face = MY_NUMBER_CARD.jpki, MY_NUMBER_CARD.face
    assert bench.persona.card.touched == {
        (files.aid, files.token),
        (files.aid, files.certificate),
        (files.aid, files.pin),
        (files.aid, files.key),
        (face.aid, face.number_b),
        (face.aid, face.card_face),
        (face.aid, face.cv_certificate),
    }
