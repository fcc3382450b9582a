"""P-256 certificates (RFC 5280): an authority, what it issues, and both as PEM files with keys for the owner alone."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its secret key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def write(self, folder: Path, name: str, *, replace: bool) -> None:
        """Write NAME.key (mode 0600) and NAME.crt. Raises FileExistsError for a key that is there and may not go."""
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        how = os.O_TRUNC if replace else os.O_EXCL
        descriptor = os.open(folder / f"{name}.key", os.O_WRONLY | os.O_CREAT | how, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(pem)
        (folder / f"{name}.crt").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))


def authority(name: str, start: dt.datetime, end: dt.datetime) -> Issued:
    """Return a new CA (no CA below it), valid from ``start`` to ``end`` (both aware)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        _builder(subject, subject, key.public_key(), start, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Issued(key, certificate)


def issue(
    ca: Issued,
    name: str,
    usage: x509.ObjectIdentifier,
    start: dt.datetime,
    end: dt.datetime,
    hosts: Sequence[x509.GeneralName] = (),
) -> Issued:
    """Return a new key with a certificate for one extended key usage. hosts: names and addresses of a server."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Issued(key, certify(ca, key.public_key(), name, usage, start, end, hosts))


def certify(
    ca: Issued,
    key: ec.EllipticCurvePublicKey,
    name: str,
    usage: x509.ObjectIdentifier,
    start: dt.datetime,
    end: dt.datetime,
    hosts: Sequence[x509.GeneralName] = (),
) -> x509.Certificate:
    """Return a certificate for a key whose secret half is somebody else's."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        _builder(subject, ca.certificate.subject, key, start, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    return builder.sign(ca.key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: dt.datetime, end: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
