"""Those who issue: a JPKI test CA and an issuer of card-face signers, and the trust store that knows them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from hw_sim.card.testkeys import PrivateKey, published_key
from reader.card.keys import encode_public_key
from reader.card.signatures import ECDSA_P384_SHA384, RSA_PKCS1_SHA256, SignatureScheme
from reader.card.trust import TrustStore

ISSUER_ID = b"TEST-CV-ISSUER-1"
SIGNER_ID = b"TEST-CV-SIGNER-1"


def tlv(tag: int, value: bytes) -> bytes:
    """Encode one BER-TLV object, lengths from 256 in two bytes."""
    head = tag.to_bytes((tag.bit_length() + 7) // 8, "big")
    size = len(value)
    if size < 0x80:
        return head + bytes([size]) + value
    if size < 0x100:
        return head + bytes([0x81, size]) + value
    if size < 0x10000:
        return head + b"\x82" + size.to_bytes(2, "big") + value
    return head + b"\x83" + size.to_bytes(3, "big") + value


def sign_raw(key: PrivateKey, to_be_signed: bytes) -> bytes:
    """What a card's key does with the data field of COMPUTE DIGITAL SIGNATURE: PKCS #1 v1.5 pad, or plain ECDSA."""
    if isinstance(key, rsa.RSAPrivateKey):
        return _rsa_pad_and_sign(key, to_be_signed)
    der = key.sign(to_be_signed, ec.ECDSA(Prehashed(hashes.SHA384())))
    r, s = decode_dss_signature(der)
    return r.to_bytes(48, "big") + s.to_bytes(48, "big")


def _rsa_pad_and_sign(key: rsa.RSAPrivateKey, to_be_signed: bytes) -> bytes:
    # The card pads whatever it is given; standard libraries insist on a hash, so the arithmetic is done here.
    size = (key.key_size + 7) // 8
    if not 1 <= len(to_be_signed) <= size - 11:
        raise ValueError(f"{len(to_be_signed)} bytes cannot be signed with {key.key_size} bits")
    block = b"\x00\x01" + b"\xff" * (size - 3 - len(to_be_signed)) + b"\x00" + to_be_signed
    numbers = key.private_numbers()
    message = int.from_bytes(block, "big")
    m1 = pow(message, numbers.dmp1, numbers.p)
    m2 = pow(message, numbers.dmq1, numbers.q)
    signature = m2 + ((m1 - m2) * numbers.iqmp % numbers.p) * numbers.q
    return signature.to_bytes(size, "big")


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues certificates with test keys. Names of keys are those of ``testkeys``."""

    ca_key: str = "jpki-ca"
    issuer_key: str = "cv-issuer"
    signer_key: str = "cv-signer"
    scheme: SignatureScheme = RSA_PKCS1_SHA256

    def ca_certificate(self) -> x509.Certificate:
        """The JPKI test CA, self-signed, valid 2015-2059."""
        return _ca_certificate(self.ca_key)

    def authentication_certificate(
        self, key: str, not_before: datetime.date, not_after: datetime.date, serial: int
    ) -> bytes:
        """DER of a user-authentication certificate; days are days in Japan, both included."""
        return _authentication_certificate(self.ca_key, key, not_before, not_after, serial)

    def cv_certificate(self) -> bytes:
        """EF 0004 of the card-face application."""
        signer = published_key(self.signer_key).public_key()
        body = ISSUER_ID + SIGNER_ID + encode_public_key(signer)
        signature = sign_raw(published_key(self.issuer_key), self.scheme.to_be_signed(body))
        return tlv(0x7F21, tlv(0x5F4E, body) + tlv(0x5F37, signature))

    def trust_store(self) -> TrustStore:
        """Trusts exactly this authority."""
        return TrustStore((self.ca_certificate(),), {ISSUER_ID: published_key(self.issuer_key).public_key()})

    def trust_files(self) -> tuple[str, str]:
        """The trust store as the texts of ``TrustStore.load``'s two files: PEM, JSON."""
        import json

        from cryptography.hazmat.primitives.serialization import PublicFormat

        issuer = published_key(self.issuer_key).public_key()
        pem = issuer.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
        return self.ca_certificate().public_bytes(Encoding.PEM).decode("ascii"), json.dumps({ISSUER_ID.hex(): pem})


TEST_AUTHORITY = Authority()
P384_AUTHORITY = Authority("p384-ca", "p384-issuer", "p384-signer", ECDSA_P384_SHA384)
STRANGER = Authority("stranger-ca", "stranger-ca", "stranger-signer")


def simulator_trust() -> TrustStore:
    """The trust store for every card of the simulator that is meant to be genuine."""
    return TEST_AUTHORITY.trust_store()


def _name(common_name: str, extra: Sequence[str] = ()) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "KAOPI-TEST"),
        *(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit) for unit in extra),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]
    return x509.Name(attributes)


def _algorithm(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    return hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else hashes.SHA384()


def _midnight_in_japan(day: datetime.date) -> datetime.datetime:
    return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC) - datetime.timedelta(hours=9)


@cache
def _ca_certificate(ca_key: str) -> x509.Certificate:
    key = published_key(ca_key)
    name = _name(f"kaopi test CA {ca_key}", ["JPKI for user authentication"])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(_midnight_in_japan(datetime.date(2015, 10, 20)))
        .not_valid_after(_midnight_in_japan(datetime.date(2059, 12, 31)))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    )
    if isinstance(key, rsa.RSAPrivateKey):
        return builder.sign(key, hashes.SHA256(), rsa_padding=padding.PKCS1v15())
    return builder.sign(key, _algorithm(key))


@lru_cache(maxsize=256)  # every patient's card has one of its own
def _authentication_certificate(
    ca_key: str, key: str, not_before: datetime.date, not_after: datetime.date, serial: int
) -> bytes:
    issuer = published_key(ca_key)
    end = _midnight_in_japan(not_after) + datetime.timedelta(hours=23, minutes=59, seconds=59)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(f"{serial:013d}"))
        .issuer_name(_ca_certificate(ca_key).subject)
        .public_key(published_key(key).public_key())
        .serial_number(serial)
        .not_valid_before(_midnight_in_japan(not_before))
        .not_valid_after(end)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .sign(issuer, _algorithm(issuer))
    )
    return certificate.public_bytes(Encoding.DER)
