"""The card verifiable certificate of the card-face signer (券面事項確認AP EF 0004).

7F21 { 5F4E body: 16 bytes issuer id, 16 bytes subject id, public key · 5F37 signature }. The issuer's signature is
taken as the scheme's over the body's value; no public text says otherwise (inferred).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from reader.card import tlv
from reader.card.errors import MalformedData
from reader.card.keys import parse_public_key
from reader.card.signatures import PublicKey, SignatureScheme

CERTIFICATE: Final = 0x7F21
BODY: Final = 0x5F4E
SIGNATURE: Final = 0x5F37
ID_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class CvCertificate:
    """A parsed CV certificate; ids are 16 bytes each."""

    issuer: bytes
    subject: bytes
    public_key: PublicKey
    body: bytes
    signature: bytes

    def issued_by(self, key: PublicKey, scheme: SignatureScheme) -> bool:
        """True when the signature verifies under the issuer's ``key``."""
        return scheme.verify(key, self.signature, self.body)


def parse(data: bytes | bytearray) -> CvCertificate:
    """Parse EF 0004. Raises MalformedData."""
    outer = tlv.read_object(data, 0)
    if outer.tag != CERTIFICATE:
        raise MalformedData(f"tag {outer.tag:X} where a CV certificate should be")
    parts = {
        found.tag: bytes(data[found.value_start : found.end])
        for found in tlv.objects(data, outer.value_start, outer.end)
    }
    body, signature = parts.get(BODY), parts.get(SIGNATURE)
    if body is None or signature is None:
        raise MalformedData("a CV certificate without body or signature")
    if len(body) <= 2 * ID_LENGTH:
        raise MalformedData("a CV certificate without a key")
    return CvCertificate(
        issuer=body[:ID_LENGTH],
        subject=body[ID_LENGTH : 2 * ID_LENGTH],
        public_key=parse_public_key(body[2 * ID_LENGTH :]),
        body=body,
        signature=signature,
    )
