"""The user-authentication certificate (利用者証明用電子証明書): dates and chain, checked locally only.

Windows: expiring within 3 months before notAfter, usable for information up to 3 months after (MHLW notice, 2023).
Dates are days in Japan (UTC+9), as the card office counts them.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from reader.card.errors import MalformedData
from reader.card.signatures import PublicKey
from reader.card.trust import TrustStore, months_after
from reader.session.vocabulary import CertificateState

JAPAN: Final = datetime.timezone(datetime.timedelta(hours=9), "JST")
NOTICE_MONTHS: Final = 3
GRACE_MONTHS: Final = 3


@dataclass(frozen=True, slots=True)
class AuthenticationCertificate:
    """A parsed certificate. not_before, not_after: days in Japan."""

    certificate: x509.Certificate
    public_key: PublicKey
    not_before: datetime.date
    not_after: datetime.date

    def state_on(self, today: datetime.date) -> CertificateState:
        """VALID, EXPIRING_SOON, GRACE or EXPIRED on ``today`` (a day in Japan). Not yet valid counts as EXPIRED."""
        if today < self.not_before or today > months_after(self.not_after, GRACE_MONTHS):
            return CertificateState.EXPIRED
        if today > self.not_after:
            return CertificateState.GRACE
        if today >= months_after(self.not_after, -NOTICE_MONTHS):
            return CertificateState.EXPIRING_SOON
        return CertificateState.VALID

    def trusted_by(self, trust: TrustStore) -> bool:
        """True when an anchor issued it."""
        return trust.trusts_certificate(self.certificate)


def parse(der: bytes | bytearray) -> AuthenticationCertificate:
    """Parse X.509 DER. Raises MalformedData."""
    try:
        certificate = x509.load_der_x509_certificate(bytes(der))
        key = certificate.public_key()
        not_before, not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except Exception as error:
        raise MalformedData(f"the certificate cannot be read ({type(error).__name__})") from None
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise MalformedData("the certificate's key is neither RSA nor EC")
    return AuthenticationCertificate(
        certificate, key, not_before.astimezone(JAPAN).date(), not_after.astimezone(JAPAN).date()
    )
