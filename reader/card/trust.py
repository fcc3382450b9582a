"""Whom kaopi trusts: JPKI certification authorities and issuers of card-face signer certificates.

Empty by default: production anchors come from files the vendor configures, the test ones from the simulator.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from reader.card.cv_certificate import ID_LENGTH, CvCertificate
from reader.card.signatures import PublicKey, SignatureScheme


class TrustError(ValueError):
    """A trust file cannot be used; the message says which, where and what it should hold."""


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Anchors. jpki: CA certificates of 利用者証明用. cv_issuers: public keys by 16-byte issuer id."""

    jpki: tuple[x509.Certificate, ...] = ()
    cv_issuers: Mapping[bytes, PublicKey] = field(default_factory=dict)

    @classmethod
    def load(cls, jpki_pem: Path | None, cv_issuers_json: Path | None) -> TrustStore:
        """Read anchors: a PEM file of CA certificates, and a JSON object {issuer id in hex: public key in PEM}.

        Raises TrustError.
        """
        jpki: tuple[x509.Certificate, ...] = ()
        issuers: dict[bytes, PublicKey] = {}
        if jpki_pem is not None:
            try:
                jpki = tuple(x509.load_pem_x509_certificates(jpki_pem.read_bytes()))
            except (OSError, ValueError) as error:
                raise TrustError(f"{jpki_pem}: no PEM certificates can be read ({error})") from error
        if cv_issuers_json is not None:
            try:
                entries = json.loads(cv_issuers_json.read_text("utf-8"))
                for name, pem in entries.items():
                    issuer = bytes.fromhex(name)
                    key = load_pem_public_key(pem.encode("ascii"))
                    if len(issuer) != ID_LENGTH or not isinstance(key, PublicKey):
                        raise ValueError(f"{name} must be {ID_LENGTH} bytes in hex, its key RSA or EC")
                    issuers[issuer] = key
            except (OSError, ValueError, AttributeError) as error:
                raise TrustError(f"{cv_issuers_json}: no issuer keys can be read ({error})") from error
        return cls(jpki, issuers)

    def trusts_certificate(self, certificate: x509.Certificate) -> bool:
        """True when one of the anchors issued ``certificate`` during its own validity (chain model, no revocation)."""
        issued = certificate.not_valid_before_utc
        for anchor in self.jpki:
            if not anchor.not_valid_before_utc <= issued <= anchor.not_valid_after_utc:
                continue
            try:
                certificate.verify_directly_issued_by(anchor)
            except Exception:  # noqa: S112 - any reason not to verify is the same: not trusted
                continue
            return True
        return False

    def trusts_signer(self, signer: CvCertificate, scheme: SignatureScheme) -> bool:
        """True when a known issuer signed the card-face signer's certificate."""
        key = self.cv_issuers.get(signer.issuer)
        return key is not None and signer.issued_by(key, scheme)


def months_after(day: datetime.date, months: int) -> datetime.date:
    """The same day ``months`` later (earlier when negative), or the last day of that month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first_of_next = datetime.date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (first_of_next - datetime.timedelta(days=1)).day
    return datetime.date(year, month + 1, min(day.day, last))
