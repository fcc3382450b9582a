"""The virtual card answers as measured on J-LIS test cards: selection, access, counters, reading, signing."""

from __future__ import annotations

import datetime
import hashlib
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hw_sim.card.content import CardContent, build_card, card_face_file
from hw_sim.card.testkeys import published_key
from hw_sim.card.virtual_card import CardMute, EndStyle, Habits, VirtualCard, answer_to_reset
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reader.card.signatures import digest_info_sha256

CONTENT = CardContent(birth=datetime.date(1980, 2, 17), expiry=datetime.date(2035, 2, 17), security_code="2285")
JPKI = "00A4040C0AD392F000260100000001"
FACE = "00A4040C0AD3921000310001010402"


@pytest.fixture
def card() -> VirtualCard:
    return build_card(CONTENT)


def say(card: VirtualCard, *commands: str) -> str:
    """Send commands; the last answer's status word, or the whole answer in hex when it is short."""
    answer = b""
    for command in commands:
        answer = card.transmit(bytes.fromhex(command))
    return (answer if len(answer) <= 34 else answer[-2:]).hex().upper()


@pytest.mark.parametrize(
    ("commands", "answer"),
    [
        ([JPKI], "9000"),
        ([JPKI, "00A4020C020006", "00B0000020"], b"JPKIAPICCTOKEN2".ljust(32).hex().upper() + "9000"),
        ([JPKI, "00A4020C020018", "00200080"], "63C3"),
        ([JPKI, "00200098"], "63C3"),
        ([JPKI, "0020009804" + b"1234".hex()], "9000"),
        ([JPKI, "0020009804" + b"1234".hex(), "00200098"], "9000"),
        ([JPKI, "0020009804" + b"0000".hex()], "63C2"),
        ([JPKI, *["0020009804" + b"0000".hex()] * 3], "63C0"),
        ([JPKI, *["0020009804" + b"0000".hex()] * 4], "6984"),
        ([JPKI, *["0020009804" + b"0000".hex()] * 3, "0020009804" + b"1234".hex()], "6984"),
        ([JPKI, "0020009804" + b"0000".hex(), "0020009804" + b"1234".hex(), JPKI, "00200098"], "9000"),
        ([FACE, "002000920E" + b"55021720352285".hex()], "9000"),
        ([FACE, "00B0820000"], "6982"),
        ([FACE, "00200092"], "63CA"),
        ([FACE, "002000930C" + b"000000000000".hex(), "00200093"], "63C9"),
        ([FACE, "00B0850000"], "6982"),
        (["00A4020C020006"], "6986"),
        (["00B0000000"], "6986"),
        ([JPKI, "00B0000000"], "6986"),
        ([JPKI, "00A4020C020055"], "6A82"),
        ([JPKI, "00A4020C020006", "00B07FFF00"], "6B00"),
        ([JPKI, "00A4020C020018", "00B0000000"], "6981"),
        (["00A4040C05D392F00026"], "9000"),
        (["00A4040C0AD392F000260100000009"], "6A82"),
        (["00A40000"], "6A86"),
        ([JPKI, "00A40000"], "9000"),
        ([JPKI, "802A009701FF00"], "6982"),
        ([JPKI, "802A010001FF00"], "6A86"),
        (["0084000008"], "01080F161D242B329000"),
        (["00FF0000"], "6D00"),
        (["A0A4040000"], "6E00"),
        (["01A4040C"], "6881"),
        (["00A404"], "6700"),
        (["00A4040C0AD392"], "6700"),
    ],
)
def test_conversation(card: VirtualCard, commands: list[str], answer: str) -> None:
    assert say(card, *commands) == answer


def test_verified_secrets_end_with_power_and_counters_do_not(card: VirtualCard) -> None:
    say(card, JPKI, "0020009804" + b"0000".hex())
    card.power_off()
    with pytest.raises(CardMute):
        card.transmit(bytes.fromhex(JPKI))
    card.reset()
    assert say(card, JPKI, "00200098") == "63C2"
    say(card, "0020009804" + b"1234".hex())
    card.reset()
    assert say(card, JPKI, "802A009701FF00") == "6982"


def test_another_application_ends_what_was_verified(card: VirtualCard) -> None:
    say(card, JPKI, "0020009804" + b"1234".hex(), FACE)
    assert say(card, JPKI, "802A009701FF00") == "6982"


def test_the_auth_key_signs_what_a_standard_library_verifies(card: VirtualCard) -> None:
    message = b"nonce"
    info = digest_info_sha256(hashlib.sha256(message).digest())
    say(card, JPKI, "0020009804" + b"1234".hex())
    answer = card.transmit(bytes.fromhex("802A0097") + bytes([len(info)]) + info + b"\0")
    key = published_key("auth-1").public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(answer[:-2], message, padding.PKCS1v15(), hashes.SHA256())
    assert say(card, "802A0097" + "F8" + "00" * 248 + "00") == "6985"


@cache
def made(end: EndStyle, chunk: int) -> tuple[VirtualCard, CardContent, bytes]:
    content = CardContent(habits=Habits(end=end, chunk=chunk))
    return build_card(content), content, card_face_file(content)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 9000), st.integers(1, 256), st.sampled_from(EndStyle), st.sampled_from([64, 256]))
def test_a_read_returns_the_file_s_bytes_or_says_why_not(offset: int, count: int, end: EndStyle, chunk: int) -> None:
    card, content, file = made(end, chunk)
    card.reset()
    say(card, FACE, "002000920E" + content.number_b().hex(), "00A4020C020002")
    answer = card.transmit(bytes([0x00, 0xB0, offset >> 8, offset & 0xFF, count & 0xFF]))
    data, word = answer[:-2], answer[-2:].hex()
    assert file[offset : offset + len(data)] == data
    assert len(data) <= min(count, chunk)
    assert word in ("9000", "6282") or (word == "6b00") is (offset >= len(file)) or word.startswith("6c")


def test_an_atr_s_check_byte_makes_its_sum_zero() -> None:
    total = 0
    for byte in answer_to_reset(b"ANY")[1:]:
        total ^= byte
    assert total == 0


class Secrets(RuleBasedStateMachine):
    """Whatever is presented, in whatever order: a counter falls with each wrong try; a right one restores it."""

    def __init__(self) -> None:
        super().__init__()
        self.card = build_card(CONTENT)
        self.left = 3
        self.verified = False

    @rule(right=st.booleans())
    def present(self, right: bool) -> None:
        self.card.transmit(bytes.fromhex(JPKI))
        answer = self.card.transmit(bytes.fromhex("0020009804") + (b"1234" if right else b"0000"))
        if self.left == 0:
            assert answer.hex() == "6984"
        elif right:
            self.left, self.verified = 3, True
            assert answer.hex() == "9000"
        else:
            self.left, self.verified = self.left - 1, False
            assert answer == (0x63C0 | self.left).to_bytes(2, "big")

    @rule()
    def reset(self) -> None:
        self.card.reset()
        self.verified = False

    @rule()
    def read_free_things(self) -> None:
        self.card.transmit(bytes.fromhex(JPKI))
        assert self.card.transmit(bytes.fromhex("00B0860020"))[-2:].hex() == "9000"

    @invariant()
    def counted(self) -> None:
        assert self.card.tries[(bytes.fromhex("D392F000260100000001"), 0x18)] == self.left
        self.card.transmit(bytes.fromhex(JPKI))
        signed = self.card.transmit(bytes.fromhex("802A009701FF00"))[-2:].hex() == "9000"
        assert signed is self.verified


Secrets.TestCase.settings = settings(max_examples=20, stateful_step_count=10, deadline=None)
test_secrets = Secrets.TestCase
