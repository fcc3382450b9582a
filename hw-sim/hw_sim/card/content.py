"""What is on a card, in a person's words, and the virtual card made from it."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from io import BytesIO

from PIL import Image

from hw_sim.card import jp2, number_b
from hw_sim.card.authority import TEST_AUTHORITY, Authority, sign_raw, tlv
from hw_sim.card.testkeys import published_key
from hw_sim.card.virtual_card import Access, ApplicationSpec, FileSpec, Habits, KeySpec, SecretSpec, VirtualCard
from reader.card.deny import AID_CARD_FACE, AID_JPKI, AID_TEXT
from reader.card.keys import encode_public_key
from reader.card.profile import MY_NUMBER_CARD, CardProfile

PIN = "1234"
SIGN_PASSWORD = "ABC123"  # noqa: S105 - a simulated card's
PERSONAL_NUMBER = "123456789010"  # its check digit is wrong: it is nobody's


@cache
def _placeholder_photo() -> bytes:
    return jp2.encode(jp2.placeholder())


@dataclass(frozen=True, slots=True)
class CardContent:
    """Everything that makes one card.

    photo: JP2 bytes. certificate_from, certificate_to: days in Japan; certificate None-able by ``has_certificate``.
    The ``tamper_*`` fields change what the chip holds after the issuer signed it. leading, filler: bytes around the
    card-face file. name and address are printed as pictures on the chip; the strings only seed those pictures.
    """

    birth: datetime.date = datetime.date(1980, 2, 17)
    sex: str = "2"
    expiry: datetime.date = datetime.date(2035, 2, 17)
    security_code: str = "2285"
    foreigner: bool = False
    photo: bytes = field(default_factory=_placeholder_photo)
    pin: str = PIN
    pin_tries: int = 3
    number_b_tries: int = 10
    certificate_from: datetime.date = datetime.date(2025, 2, 17)
    certificate_to: datetime.date = datetime.date(2030, 2, 17)
    has_certificate: bool = True
    has_signature_certificate: bool = True
    serial: int = 1_234_567
    token: str = "JPKIAPICCTOKEN2"  # noqa: S105 - the name of a card kind
    authority: Authority = TEST_AUTHORITY
    auth_key: str = "auth-1"
    card_key: str = "card-1"
    held_card_key: str = ""  # the private key the chip really has; empty: the one that belongs to card_key
    held_auth_key: str = ""
    tamper_photo: bytes = b""
    tamper_birth: datetime.date | None = None
    tamper_fields: Callable[[list[bytes]], list[bytes]] | None = None
    tamper_face: Callable[[bytes], bytes] | None = None
    tamper_certificate: Callable[[bytes], bytes] | None = None
    tamper_cv_certificate: Callable[[bytes], bytes] | None = None
    offsets: tuple[int, ...] | None = None
    leading: bytes = b""
    filler: int = 64
    certificate_needs_pin: bool = False
    number_b_counts: bool = True
    habits: Habits = field(default_factory=Habits)
    profile: CardProfile = MY_NUMBER_CARD

    def number_b(self) -> bytes:
        """照合番号B as printed on this card."""
        return bytes(number_b.compose(self.birth, self.expiry.year, self.security_code, gregorian=self.foreigner))

    def with_photo(self, photo: bytes) -> CardContent:
        """The same card of another face."""
        return replace(self, photo=photo)


@lru_cache(maxsize=64)  # every patient's card has two of its own
def _png(width: int, height: int, seed: str) -> bytes:
    """A 1-bit picture standing for printed text, different for each seed."""
    bits = b""
    while len(bits) * 8 < width * height:
        bits += hashlib.sha256(seed.encode() + len(bits).to_bytes(4, "big")).digest()
    image = Image.frombytes("1", (width, height), bits[: (width + 7) // 8 * height].ljust((width + 7) // 8 * height))
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def card_face_file(content: CardContent) -> bytes:
    """EF 0002 of the card-face application: DF21 to DF2A, signed by the authority's card-face signer."""
    fields = [
        tlv(0xDF22, content.birth.strftime("%Y%m%d").encode()),
        tlv(0xDF23, content.sex.encode()),
        tlv(0xDF24, encode_public_key(published_key(content.card_key).public_key())),
        tlv(0xDF25, _png(216, 12, f"name{content.serial}")),
        tlv(0xDF26, _png(288, 24, f"address{content.serial}")),
        tlv(0xDF27, content.photo),
    ]
    digests = b"".join(hashlib.sha256(b"".join(part)).digest() for part in (fields[:3], fields[3:5], fields[5:]))
    to_be_signed = content.authority.scheme.to_be_encoded(digests)
    fields.append(tlv(0xDF28, sign_raw(published_key(content.authority.signer_key), to_be_signed)))
    fields.append(tlv(0xDF29, content.expiry.strftime("%Y%m%d").encode()))
    fields.append(tlv(0xDF2A, _png(24, 12, content.security_code)))
    if content.tamper_birth is not None:
        fields[0] = tlv(0xDF22, content.tamper_birth.strftime("%Y%m%d").encode())
    if content.tamper_photo:
        fields[5] = tlv(0xDF27, content.tamper_photo)
    if content.tamper_fields is not None:
        fields = content.tamper_fields(fields)
    table_length = len(tlv(0xDF21, bytes(18)))
    header = len(tlv(0xFF20, bytes(table_length + sum(map(len, fields))))) - table_length - sum(map(len, fields))
    at, offsets = len(content.leading) + header + table_length, []
    for part in fields:
        offsets.append(at)
        at += len(part)
    table = content.offsets if content.offsets is not None else tuple((offsets + [0] * 9)[:9])
    packed = b"".join((value & 0xFFFF).to_bytes(2, "big") for value in table)
    whole = content.leading + tlv(0xFF20, tlv(0xDF21, packed) + b"".join(fields)) + b"\xff" * content.filler
    return content.tamper_face(whole) if content.tamper_face else whole


def _signer(name: str) -> Callable[[bytes], bytes]:
    return lambda data: sign_raw(published_key(name), data)


def jpki_application(content: CardContent) -> ApplicationSpec:
    """公的個人認証AP."""
    files_of = content.profile.jpki
    label = content.token.encode("ascii").ljust(32)
    files = {
        0x01: FileSpec(tlv(0x30, b"signature certificate with name and address"), frozenset({0x1B})),
        0x02: FileSpec(_der(content.authority)),
        0x0B: FileSpec(_der(content.authority)),
        files_of.token: FileSpec(label + bytes(128)),
        files_of.availability: FileSpec(
            bytes([0x8F if content.has_signature_certificate else 0, 0x8F if content.has_certificate else 0, 0])
        ),
    }
    certificate = b"\xff" * 256
    if content.has_certificate:
        certificate = content.authority.authentication_certificate(
            content.auth_key, content.certificate_from, content.certificate_to, content.serial
        )
        if content.tamper_certificate:
            certificate = content.tamper_certificate(certificate)
        certificate += bytes(-len(certificate) % 64)
    needs = frozenset({files_of.pin}) if content.certificate_needs_pin else Access.FREE
    files[files_of.certificate] = FileSpec(certificate, needs)
    keys = {0x1A: KeySpec(_signer("auth-3"), frozenset({0x1B}))}
    if content.has_certificate:
        keys[files_of.key] = KeySpec(_signer(content.held_auth_key or content.auth_key), frozenset({files_of.pin}))
    secrets = {
        files_of.pin: SecretSpec(content.pin.encode(), 3, content.pin_tries),
        0x1B: SecretSpec(SIGN_PASSWORD.encode(), 5),
    }
    return ApplicationSpec(files, secrets, keys)


def card_face_application(content: CardContent) -> ApplicationSpec:
    """券面事項確認AP."""
    files_of = content.profile.face
    cv_certificate = content.authority.cv_certificate()
    if content.tamper_cv_certificate:
        cv_certificate = content.tamper_cv_certificate(cv_certificate)
    opened = frozenset({files_of.number_b, 0x13})
    files = {
        0x01: FileSpec(tlv(0xFF10, tlv(0xDF11, content.birth.strftime("%Y%m%d").encode())), frozenset({0x11})),
        files_of.card_face: FileSpec(card_face_file(content), opened),
        0x03: FileSpec(tlv(0xFF30, tlv(0xDF31, bytes.fromhex("06030E01")))),
        files_of.cv_certificate: FileSpec(cv_certificate),
        0x05: FileSpec(tlv(0xFF40, tlv(0xDF41, _png(72, 12, PERSONAL_NUMBER))), frozenset({0x13})),
        0x06: FileSpec(b"\xff" * 16),
    }
    secrets = {
        0x11: SecretSpec(content.number_b()[:6], 10),
        files_of.number_b: SecretSpec(
            content.number_b(), 10 if content.number_b_counts else None, content.number_b_tries
        ),
        0x13: SecretSpec(PERSONAL_NUMBER.encode(), 10),
    }
    return ApplicationSpec(files, secrets, {}, KeySpec(_signer(content.held_card_key or content.card_key)))


def text_application(content: CardContent) -> ApplicationSpec:
    """券面事項入力補助AP: there to prove that kaopi never touches it."""
    files = {
        0x01: FileSpec(tlv(0xFF10, PERSONAL_NUMBER.encode()), frozenset({0x11, 0x14})),
        0x02: FileSpec(tlv(0xFF20, tlv(0xDF24, content.birth.strftime("%Y%m%d").encode())), frozenset({0x11, 0x15})),
    }
    secrets = {
        0x11: SecretSpec(content.pin.encode(), 3),
        0x12: SecretSpec(bytes(4), 3, 0),
        0x14: SecretSpec(PERSONAL_NUMBER.encode(), 10),
        0x15: SecretSpec(content.number_b(), 10),
    }
    return ApplicationSpec(files, secrets)


def _der(authority: Authority) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return authority.ca_certificate().public_bytes(Encoding.DER)


def build_card(content: CardContent, name: str = "") -> VirtualCard:
    """Make the card."""
    applications = {
        content.profile.jpki.aid: jpki_application(content),
        content.profile.face.aid: card_face_application(content),
    }
    if content.profile.jpki.aid == AID_JPKI and content.profile.face.aid == AID_CARD_FACE:
        applications[AID_TEXT] = text_application(content)
    return VirtualCard(applications, habits=content.habits, number_b=content.number_b(), name=name)
