"""Parsers of what a card sends: right on good data; on any other data MalformedData, at once, and nothing else."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hw_sim.card import jp2, personas
from hw_sim.card.authority import P384_AUTHORITY, TEST_AUTHORITY, tlv
from hw_sim.card.content import CardContent, card_face_file
from hw_sim.card.testkeys import published_key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from reader.card import card_face, certificate, cv_certificate, photo_codec
from reader.card import tlv as ber
from reader.card.errors import MalformedData
from reader.card.keys import encode_public_key, parse_public_key
from reader.card.photo_codec import PhotoLimits

FACE = card_face_file(CardContent(photo=jp2.encode(jp2.placeholder(), 1_500)))
CV = TEST_AUTHORITY.cv_certificate()
X509 = TEST_AUTHORITY.authentication_certificate(
    "auth-1", datetime.date(2025, 1, 1), datetime.date(2030, 1, 1), 1_234_567
)
KEY = encode_public_key(published_key("card-1").public_key())
POINT = encode_public_key(published_key("p384-card").public_key())
PHOTO = jp2.encode(jp2.placeholder(), 1_500)

MANY = settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def damaged(*seeds: bytes) -> st.SearchStrategy[bytes]:
    """Good data with bytes changed, cut off, doubled or put in; and plain noise."""
    return st.one_of(st.builds(_damage, st.sampled_from(seeds), st.binary(max_size=25)), st.binary(max_size=400))


def _damage(seed: bytes, script: bytes) -> bytes:
    # Five bytes of the script are one injury: kind, place (2), value, count. Cheap to draw, and it shrinks well.
    data = bytearray(seed)
    for step in range(0, len(script) - 4, 5):
        kind, high, low, value, count = script[step : step + 5]
        if not data:
            break
        at = (high << 8 | low) % len(data) if high & 1 else low % min(len(data), 80)
        match kind % 5:
            case 0:
                data[at] = value
            case 1:
                data[at] = (0x00, 0x7F, 0x80, 0x81, 0x82, 0x83, 0x84, 0xFF)[value % 8]
            case 2:
                del data[at:]
            case 3:
                data[at:at] = bytes([value]) * (count % 9)
            case 4:
                data[at:at] = data[at : at + count % 41]
    return bytes(data)


def only_malformed(parse: Callable[[bytes], object], data: bytes) -> object | None:
    try:
        return parse(data)
    except MalformedData:
        return None


# -- BER-TLV -------------------------------------------------------------------------------------------------------


@MANY
@given(st.binary(max_size=300))
def test_tlv_objects_tile_the_buffer_they_come_from(data: bytes) -> None:
    at = 0
    try:
        for found in ber.objects(data, 0, len(data)):
            assert at <= found.start < found.value_start <= found.end <= len(data)
            at = found.end
    except MalformedData:
        return
    assert set(data[at:]) <= {0x00, 0xFF}


@MANY
@given(st.sampled_from([0x30, 0x5F37, 0x7F21, 0xDF27, 0xFF20]), st.integers(0, 70_000))
def test_tlv_reads_what_was_written(tag: int, length: int) -> None:
    data = tlv(tag, bytes(length))
    found = ber.read_object(data, 0)
    assert (found.tag, found.length, found.end) == (tag, length, len(data))
    if length:
        with pytest.raises(MalformedData, match="cut off"):
            ber.read_object(data[:-1], 0)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "no data object"),
        ("FF", "tag cut off"),
        ("DFA101", "more than two bytes"),
        ("30", "length cut off"),
        ("3082FF", "length cut off"),
        ("3080", "length of 0 bytes"),
        ("308400000001", "length of 4 bytes"),
    ],
)
def test_tlv_headers_that_are_none(data: str, why: str) -> None:
    with pytest.raises(MalformedData, match=why):
        ber.read_header(bytes.fromhex(data), 0)


def test_a_bomb_of_empty_objects_ends_early() -> None:
    with pytest.raises(MalformedData, match="more than 64"):
        list(ber.objects(b"\xdf\x22\x00" * 10_000, 0, 30_000))


# -- card face -----------------------------------------------------------------------------------------------------


@MANY
@given(damaged(FACE))
def test_card_face_parser_takes_anything(data: bytes) -> None:
    parsed = only_malformed(lambda raw: card_face.parse(bytearray(raw)), data)
    if isinstance(parsed, card_face.CardFaceFile):
        for field in parsed.fields.values():
            assert 0 <= field.start < field.end <= len(data)
        only_malformed(lambda raw: parsed.digests(), data)


@MANY
@given(damaged(FACE[:256]))
def test_photo_hint_is_inside_the_file_or_absent(data: bytes) -> None:
    try:
        span = card_face.find_file(data)
    except MalformedData:
        return
    hint = card_face.photo_hint(data, span)
    assert hint is None or span.body < hint < span.end


def test_a_good_card_face_is_read_field_by_field() -> None:
    parsed = card_face.parse(bytearray(FACE))
    assert parsed.birth == datetime.date(1980, 2, 17)
    assert parsed.expiry == datetime.date(2035, 2, 17)
    assert parsed.value(card_face.SEX) == b"2"
    assert parsed.value(card_face.PHOTO)[:12] == photo_codec.JP2_SIGNATURE
    assert len(parsed.digests()) == 96
    assert card_face.photo_hint(FACE[:256], card_face.find_file(FACE[:256])) == parsed.fields[card_face.PHOTO].start


@pytest.mark.parametrize(
    ("birth", "today", "age"),
    [
        ("1986-11-22", "2026-11-22", 40),
        ("1986-11-23", "2026-11-22", 39),
        ("2004-02-29", "2026-02-28", 21),
        ("2004-02-29", "2026-03-01", 22),
        ("2026-11-22", "2026-11-22", 0),
    ],
)
def test_age_in_whole_years(birth: str, today: str, age: int) -> None:
    assert card_face.age_on(datetime.date.fromisoformat(birth), datetime.date.fromisoformat(today)) == age


@pytest.mark.parametrize("birth", ["2026-11-23", "1850-01-01"])
def test_a_birth_that_makes_no_age(birth: str) -> None:
    with pytest.raises(MalformedData):
        card_face.age_on(datetime.date.fromisoformat(birth), datetime.date(2026, 11, 22))


# -- certificates and keys -----------------------------------------------------------------------------------------


@MANY
@given(damaged(CV, P384_AUTHORITY.cv_certificate()))
def test_cv_certificate_parser_takes_anything(data: bytes) -> None:
    only_malformed(cv_certificate.parse, data)


@MANY
@given(damaged(X509))
def test_certificate_parser_takes_anything(data: bytes) -> None:
    parsed = only_malformed(certificate.parse, data)
    if isinstance(parsed, certificate.AuthenticationCertificate):
        parsed.state_on(datetime.date(2026, 11, 22))
        trusted = parsed.trusted_by(TEST_AUTHORITY.trust_store())
        assert not trusted or parsed.certificate.tbs_certificate_bytes in X509


@MANY
@given(damaged(KEY, POINT))
def test_key_parser_takes_anything(data: bytes) -> None:
    only_malformed(parse_public_key, data)


@pytest.mark.parametrize("name", ["card-1", "p384-card"])
def test_keys_survive_their_encoding(name: str) -> None:
    key = published_key(name).public_key()
    again = parse_public_key(encode_public_key(key))
    assert again.public_numbers() == key.public_numbers()


def test_an_ec_point_that_is_not_on_the_curve_is_no_key() -> None:
    broken = bytearray(POINT)
    broken[-1] ^= 1
    with pytest.raises(MalformedData, match="P-384"):
        parse_public_key(bytes(broken))
    assert isinstance(parse_public_key(POINT), ec.EllipticCurvePublicKey)


# -- photo ---------------------------------------------------------------------------------------------------------


@MANY
@given(damaged(PHOTO, personas.bare_codestream()))
def test_photo_header_check_takes_anything(data: bytes) -> None:
    limits = PhotoLimits()
    found = only_malformed(lambda raw: photo_codec.check(raw, limits), data)
    if isinstance(found, photo_codec.Geometry):
        assert 0 < found.width * found.height <= limits.pixels
        assert 1 <= found.components <= limits.components


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged(PHOTO, personas.bare_codestream()))
def test_photo_decoder_takes_anything(data: bytes) -> None:
    picture = only_malformed(lambda raw: photo_codec.decode(raw, PhotoLimits(pixels=100_000)), data)
    if isinstance(picture, photo_codec.Picture):
        assert len(picture.pixels) == picture.height * picture.width * picture.channels


@pytest.mark.parametrize("kind", personas.BOMBS)
def test_bombs_are_refused_before_or_while_decoding(kind: str) -> None:
    with pytest.raises(MalformedData):
        photo_codec.decode(personas.bomb(kind), PhotoLimits())


def test_sixteen_bit_samples_are_scaled_to_eight() -> None:
    import numpy as np

    ramp = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1024
    buffer = io.BytesIO()
    Image.fromarray(ramp).save(buffer, "JPEG2000", irreversible=False)
    picture = photo_codec.decode(buffer.getvalue(), PhotoLimits())
    assert picture.pixels == (ramp >> 8).astype(np.uint8).tobytes()
