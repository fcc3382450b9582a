"""Fuzz targets for everything that parses what a card sends. Each takes bytes and may raise MalformedData only."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable

from hw_sim.card import jp2, personas
from hw_sim.card.authority import P384_AUTHORITY, TEST_AUTHORITY
from hw_sim.card.content import CardContent, card_face_file
from hw_sim.card.testkeys import published_key

from reader.card import card_face, certificate, cv_certificate, photo_codec, tlv
from reader.card.channel import CardChannel
from reader.card.connection import CardConnectionError
from reader.card.errors import CardRefusal, ForbiddenCommand, MalformedData
from reader.card.jpki import JpkiApplication
from reader.card.keys import encode_public_key, parse_public_key
from reader.card.photo_codec import PhotoLimits
from reader.card.profile import MY_NUMBER_CARD
from reader.card.visual import CardFaceApplication

ALLOWED = (MalformedData,)
_TODAY = datetime.date(2026, 11, 22)


def fuzz_tlv(data: bytes) -> None:
    """BER-TLV objects stay inside their buffer."""
    for found in tlv.objects(data, 0, len(data)):
        assert found.end <= len(data)


def fuzz_card_face(data: bytes) -> None:
    """The card-face file."""
    parsed = card_face.parse(bytearray(data))
    parsed.digests()
    card_face.age_on(parsed.birth, _TODAY)


def fuzz_cv_certificate(data: bytes) -> None:
    """The card-face signer's certificate."""
    cv_certificate.parse(data)


def fuzz_certificate(data: bytes) -> None:
    """The authentication certificate."""
    parsed = certificate.parse(data)
    parsed.state_on(_TODAY)
    parsed.trusted_by(TEST_AUTHORITY.trust_store())


def fuzz_public_key(data: bytes) -> None:
    """Public keys as data objects."""
    parse_public_key(data)


def fuzz_photo(data: bytes) -> None:
    """JPEG 2000, header and picture."""
    photo_codec.decode(data, PhotoLimits(pixels=100_000))


class _Script:
    """A card whose answers are the fuzzer's bytes: one length byte, then that many, for each command."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def transmit(self, apdu: bytes) -> bytes:
        if self._at >= len(self._data):
            raise CardConnectionError("no more answers")
        length = self._data[self._at]
        answer = self._data[self._at + 1 : self._at + 1 + length]
        self._at += 1 + length
        return answer

    def close(self) -> None:
        pass


def fuzz_conversation(data: bytes) -> None:
    """A whole reading against a card that answers anything: only the layer's own exceptions come out."""
    channel = CardChannel(_Script(data), MY_NUMBER_CARD)
    jpki, face = JpkiApplication(channel, MY_NUMBER_CARD), CardFaceApplication(channel, MY_NUMBER_CARD)
    try:
        jpki.select()
        jpki.certificate()
        jpki.pin_tries()
        face.select()
        face.open(bytearray(b"55021720352285"))
        reading = face.read_card_face()
        reading.photo()
        reading.finish()
        face.cv_certificate()
        face.prove_presence(bytes(32))
    except (CardConnectionError, CardRefusal):
        return
    except ForbiddenCommand as error:
        raise AssertionError("the card's answers led kaopi to a forbidden command") from error


_FACE = card_face_file(CardContent(photo=jp2.encode(jp2.placeholder(), 1_500)))
_OK = b"\x02\x90\x00"
_TALK = (
    _OK + bytes([34]) + b"JPKIAPICCTOKEN2".ljust(32) + b"\x90\x00" + bytes([6]) + bytes.fromhex("300201009000")
    + b"\x02\x63\xc3" + _OK + b"\x02\x63\xca" + _OK + bytes([52]) + _FACE[:50] + b"\x90\x00"
)  # fmt: skip

TARGETS: dict[str, tuple[Callable[[bytes], None], tuple[bytes, ...]]] = {
    "card.tlv": (fuzz_tlv, (_FACE, b"\xdf\x22\x08")),
    "card.card_face": (fuzz_card_face, (_FACE,)),
    "card.cv_certificate": (
        fuzz_cv_certificate,
        (TEST_AUTHORITY.cv_certificate(), P384_AUTHORITY.cv_certificate()),
    ),
    "card.certificate": (
        fuzz_certificate,
        (TEST_AUTHORITY.authentication_certificate("auth-1", datetime.date(2025, 1, 1), datetime.date(2030, 1, 1), 7),),
    ),
    "card.public_key": (fuzz_public_key, (encode_public_key(published_key("card-1").public_key()),)),
    "card.photo": (fuzz_photo, (jp2.encode(jp2.placeholder(), 1_500), personas.bare_codestream())),
    "card.conversation": (fuzz_conversation, (_TALK,)),
}

CRASHES: dict[str, tuple[bytes, ...]] = {
    # SELECT answered by 61xx: the guard took it for refused and then refused kaopi's own next command.
    "card.conversation": (base64.b64decode("AmETApAAIkpQAEtJQVBJQ0NUT0tFTjIgICAgICAgICAgICAgICAgIJAABjA="),),
}
"""Inputs that once broke a target, kept for ever: test_targets.py runs them all."""
