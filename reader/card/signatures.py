"""Signature schemes of the card: what the card is given to sign, and how the answer is checked.

RSA: PKCS #1 v1.5 (RFC 8017 §8.2) over a DigestInfo. EC: ECDSA over the bare hash, r || s (BSI TR-03111 §5.2.1).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_SHA256_OID: Final = bytes.fromhex("300D06096086480165030402010500")


def digest_info_sha256(octets: bytes) -> bytes:
    """DER DigestInfo {sha256, octets}; ``octets`` is 32 bytes, or 96 for the card face's three segments."""
    body = _SHA256_OID + bytes([0x04, len(octets)]) + octets
    return bytes([0x30, len(body)]) + body


class SignatureScheme(Protocol):
    """An algorithm, both sides of it that a reader needs."""

    @property
    def name(self) -> str:
        """The algorithm's name."""

    def to_be_signed(self, message: bytes) -> bytes:
        """The data field of COMPUTE DIGITAL SIGNATURE for ``message``."""

    def verify(self, key: PublicKey, signature: bytes, message: bytes) -> bool:
        """True when ``signature`` over ``message`` verifies under ``key``; False for a key of another kind."""

    def to_be_encoded(self, digests: bytes) -> bytes:
        """What the issuer's key is given to sign over ``digests``; see ``verify_encoded``."""

    def verify_encoded(self, key: PublicKey, signature: bytes, digests: bytes) -> bool:
        """True when the issuer signed ``digests``, the joined SHA-256 values of the card face's segments."""


@dataclass(frozen=True, slots=True)
class RsaPkcs1Sha256:
    """RSASSA-PKCS1-v1_5 with SHA-256."""

    name: str = "RSA PKCS#1 v1.5 SHA-256"

    def to_be_signed(self, message: bytes) -> bytes:
        """DigestInfo of SHA-256(message), 51 bytes."""
        return digest_info_sha256(hashlib.sha256(message).digest())

    def verify(self, key: PublicKey, signature: bytes, message: bytes) -> bool:
        """See SignatureScheme.verify."""
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        try:
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def to_be_encoded(self, digests: bytes) -> bytes:
        """One DigestInfo around all digests, 115 bytes for three of them."""
        return digest_info_sha256(digests)

    def verify_encoded(self, key: PublicKey, signature: bytes, digests: bytes) -> bool:
        """The DigestInfo holds all three hashes in one OCTET STRING, which no standard verifier knows."""
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        try:
            recovered = key.recover_data_from_signature(signature, padding.PKCS1v15(), None)
        except (InvalidSignature, ValueError):
            return False
        return recovered == self.to_be_encoded(digests)


@dataclass(frozen=True, slots=True)
class EcdsaP384Sha384:
    """ECDSA on NIST P-384 with SHA-384, signature as r || s (96 bytes)."""

    name: str = "ECDSA P-384 SHA-384"

    def to_be_signed(self, message: bytes) -> bytes:
        """SHA-384(message), 48 bytes."""
        return hashlib.sha384(message).digest()

    def verify(self, key: PublicKey, signature: bytes, message: bytes) -> bool:
        """See SignatureScheme.verify."""
        return self._verify(key, signature, hashlib.sha384(message).digest())

    def to_be_encoded(self, digests: bytes) -> bytes:
        """SHA-384 of the joined digests."""
        return hashlib.sha384(digests).digest()

    def verify_encoded(self, key: PublicKey, signature: bytes, digests: bytes) -> bool:
        """The issuer signs the SHA-384 of the joined digests."""
        return self._verify(key, signature, self.to_be_encoded(digests))

    def _verify(self, key: PublicKey, signature: bytes, digest: bytes) -> bool:
        if not isinstance(key, ec.EllipticCurvePublicKey) or key.key_size != 384 or len(signature) != 96:
            return False
        der = encode_dss_signature(int.from_bytes(signature[:48], "big"), int.from_bytes(signature[48:], "big"))
        try:
            key.verify(der, digest, ec.ECDSA(Prehashed(hashes.SHA384())))
        except InvalidSignature:
            return False
        return True


RSA_PKCS1_SHA256: Final[SignatureScheme] = RsaPkcs1Sha256()
ECDSA_P384_SHA384: Final[SignatureScheme] = EcdsaP384Sha384()
