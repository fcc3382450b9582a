"""Check of a PIN result: did the card's own key sign the nonce this desk gave out? Local check, no revocation."""

from __future__ import annotations

import base64
import binascii

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from reader.uplink.messages import Proof


def signature_holds(proof: Proof) -> bool:
    """Return whether the proof's signature over its nonce verifies under its certificate (RSASSA-PKCS1-v1_5, SHA-256).

    Anything unreadable or of another key type does not hold. Source: RFC 8017, 8.2.2.
    """
    try:
        key = x509.load_der_x509_certificate(base64.b64decode(proof.certificate, validate=True)).public_key()
        signature = base64.b64decode(proof.signature, validate=True)
        nonce = base64.b64decode(proof.nonce, validate=True)
        if not isinstance(key, rsa.RSAPublicKey):
            return False
        key.verify(signature, nonce, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
