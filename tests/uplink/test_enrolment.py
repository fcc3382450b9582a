"""A token is good once, for one kiosk and one key; what is asked beyond that is refused, and nothing is lost."""

from __future__ import annotations

import base64
import datetime as dt
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.uplink.devcerts import make_certificates
from reader.uplink.enrolment import (
    AGAIN,
    BOOK,
    TOKEN_LIFE,
    EnrolmentRefused,
    Reason,
    TokenBook,
    fingerprint,
    requested_key,
)

NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def request(name: str | None = "front", key: Key | None = None, more: x509.ExtensionType | None = None) -> bytes:
    """Return a PKCS #10 request (DER)."""
    names = [] if name is None else [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    if more is not None:
        builder = builder.add_extension(more, critical=True)
    return builder.sign(key or KEY, hashes.SHA256()).public_bytes(Encoding.DER)


KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_certificates(tmp_path / "ca", [], now=NOW).path


@pytest.fixture
def book(folder: Path) -> TokenBook:
    return TokenBook(folder)


def refused(book: TokenBook, kiosk: str, token: str, der: bytes, now: dt.datetime = NOW) -> Reason:
    with pytest.raises(EnrolmentRefused) as caught:
        book.enrol(kiosk, token, der, now)
    return caught.value.reason


def test_a_token_gives_a_client_certificate_in_the_kiosks_name_for_its_key(book: TokenBook, folder: Path) -> None:
    token = book.issue("front", NOW)
    certificate = book.enrol("front", token, request(), NOW)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes()))
    assert certificate.public_key() == KEY.public_key()
    assert certificate.subject.rfc4514_string() == "CN=front"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert certificate.not_valid_after_utc > NOW + 300 * DAY


def test_whatever_else_a_request_wants_it_gets_no_ca(book: TokenBook) -> None:
    wanted = request(more=x509.BasicConstraints(ca=True, path_length=3))
    certificate = book.enrol("front", book.issue("front", NOW), wanted, NOW)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_token_is_nowhere_and_the_book_is_for_the_owner_alone(book: TokenBook, folder: Path) -> None:
    token = book.issue("front", NOW)
    book.enrol("front", token, request(), NOW)
    text = (folder / BOOK).read_bytes()
    assert token.encode() not in text
    assert base64.b32decode(token) not in text
    assert stat.S_IMODE((folder / BOOK).stat().st_mode) == 0o600
    assert len(base64.b32decode(token)) * 8 >= 128


def test_a_spent_token_is_good_for_no_other_key(book: TokenBook) -> None:
    token = book.issue("front", NOW)
    book.enrol("front", token, request(), NOW)
    assert refused(book, "front", token, request(key=OTHER_KEY)) is Reason.SPENT


def test_an_answer_that_got_lost_is_given_again_for_the_same_key(book: TokenBook) -> None:
    """The request may have been signed anew: ECDSA signatures of one request differ."""
    token = book.issue("front", NOW)
    first = book.enrol("front", token, request(), NOW)
    assert book.enrol("front", token, request(), NOW + 30 * DAY) == first
    assert refused(book, "front", token, request(), NOW + 366 * DAY) is Reason.SPENT


def test_a_token_ends(book: TokenBook) -> None:
    token = book.issue("front", NOW)
    assert refused(book, "front", token, request(), NOW + TOKEN_LIFE) is Reason.EXPIRED
    assert book.enrol("front", token, request(), NOW + TOKEN_LIFE - dt.timedelta(seconds=1))


def test_another_kiosks_name_is_refused_and_spends_nothing(book: TokenBook) -> None:
    token = book.issue("front", NOW)
    book.issue("back", NOW)
    assert refused(book, "back", token, request("back")) is Reason.OTHER_NAME
    assert refused(book, "front", token, request("back")) is Reason.OTHER_NAME
    assert refused(book, "front", token, request(None)) is Reason.OTHER_NAME
    assert book.enrol("front", token, request(), NOW)


def test_a_new_token_replaces_the_one_before(book: TokenBook) -> None:
    first, second = book.issue("front", NOW), book.issue("front", NOW)
    assert refused(book, "front", first, request()) is Reason.UNKNOWN
    assert book.enrol("front", second, request(), NOW)
    assert [ticket.state(NOW) for ticket in book.tickets()] == ["spent"]


def test_a_token_is_taken_back_unless_it_was_spent(book: TokenBook) -> None:
    token = book.issue("front", NOW)
    assert book.cancel("front")
    assert refused(book, "front", token, request()) is Reason.UNKNOWN
    assert not book.cancel("front")
    token = book.issue("front", NOW)
    book.enrol("front", token, request(), NOW)
    assert not book.cancel("front")


def test_the_desk_listens_while_somebody_may_come(book: TokenBook) -> None:
    assert book.listening_until(NOW) is None
    token = book.issue("front", NOW)
    assert book.listening_until(NOW) == NOW + TOKEN_LIFE
    assert book.listening_until(NOW + TOKEN_LIFE) is None
    book.enrol("front", token, request(), NOW)
    assert book.listening_until(NOW) == NOW + AGAIN, "the answer may not have arrived"
    assert book.listening_until(NOW + AGAIN) is None


def test_a_request_signed_by_another_key_is_refused(book: TokenBook) -> None:
    der = bytearray(request())
    der[-5] ^= 0xFF
    assert refused(book, "front", book.issue("front", NOW), bytes(der)) is Reason.BAD_REQUEST


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)])
def test_other_kinds_of_key_are_refused(key: Key) -> None:
    with pytest.raises(EnrolmentRefused, match="bad-request"):
        requested_key(request(key=key), "front")


def test_a_kiosk_must_have_a_name(book: TokenBook) -> None:
    with pytest.raises(ValueError, match="kiosk name"):
        book.issue("../front", NOW)


def test_a_damaged_book_is_said_to_be_damaged(book: TokenBook, folder: Path) -> None:
    (folder / BOOK).write_text('[{"kiosk": "x", "else": 1}]')
    with pytest.raises(ValueError, match="damaged"):
        book.tickets()


def test_nothing_is_written_when_a_kiosk_is_refused(book: TokenBook, folder: Path) -> None:
    token = book.issue("front", NOW)
    before = (folder / BOOK).read_bytes()
    refused(book, "front", token, b"no request")
    assert (folder / BOOK).read_bytes() == before


def test_the_fingerprint_is_of_the_whole_certificate(folder: Path) -> None:
    certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    assert fingerprint(certificate) == certificate.fingerprint(hashes.SHA256()).hex()
    assert len(fingerprint(certificate)) == 64


GOOD = request()


@settings(deadline=None, max_examples=300)
@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.binary(min_size=4097, max_size=4200),
        st.tuples(st.integers(0, len(GOOD) - 1), st.integers(1, 255)).map(
            lambda at: GOOD[: at[0]] + bytes([GOOD[at[0]] ^ at[1]]) + GOOD[at[0] + 1 :]
        ),
        st.integers(0, len(GOOD) - 1).map(lambda end: GOOD[:end]),
    )
)
def test_no_damaged_request_is_taken_for_a_good_one(data: bytes) -> None:
    with pytest.raises(EnrolmentRefused) as caught:
        requested_key(data, "front")
    assert caught.value.reason in (Reason.BAD_REQUEST, Reason.OTHER_NAME)
