"""Development certificates: one CA, the broker, the desk, and one per kiosk (CN = its name). For trials, not clinics.

``python -m reader.uplink.devcerts DIRECTORY --kiosk kiosk-1`` writes ca.crt and NAME.crt / NAME.key (mode 0600).
A second run keeps the CA and adds what is missing.
"""

from __future__ import annotations

import argparse
import datetime as dt
import ipaddress
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reader.uplink.settings import Tls
from reader.uplink.topics import NAME

BROKER: Final = "broker"
DESK: Final = "desk"
_LIFE: Final = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class CertificateFolder:
    """A folder of PEM files."""

    path: Path

    def tls(self, name: str) -> Tls:
        """Return the three files one end needs."""
        return Tls(ca=self.path / "ca.crt", certificate=self.path / f"{name}.crt", key=self.path / f"{name}.key")


def make_certificates(
    path: Path, kiosks: Sequence[str], *, hosts: Sequence[str] = ("localhost", "127.0.0.1"), now: dt.datetime
) -> CertificateFolder:
    """Write CA, broker, desk and kiosk certificates (P-256, valid from an hour before ``now`` for a year).

    hosts: names and addresses of the broker. Existing files are kept. Raises ValueError on a bad kiosk name.
    """
    for kiosk in kiosks:
        if NAME.fullmatch(kiosk) is None or kiosk in (BROKER, DESK, "ca"):
            raise ValueError(f"kiosk name {kiosk!r}: 1-32 of a-z, 0-9 and '-', and not 'ca', '{BROKER}' or '{DESK}'")
    path.mkdir(parents=True, exist_ok=True)
    folder = CertificateFolder(path)
    ca_key, ca = _authority(folder, now)
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    for name in (BROKER, DESK, *kiosks):
        if not (path / f"{name}.crt").exists():
            _issue(folder, name, ca_key, ca, now, names if name == BROKER else None)
    return folder


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _authority(folder: CertificateFolder, now: dt.datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key_file, certificate_file = folder.path / "ca.key", folder.path / "ca.crt"
    if key_file.exists() and certificate_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{key_file.name} holds another kind of key; remove the folder and run again")
        return key, x509.load_pem_x509_certificate(certificate_file.read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kaopi development CA")])
    certificate = (
        _builder(subject, subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(sign_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(folder, "ca", key, certificate)
    return key, certificate


def _issue(
    folder: CertificateFolder,
    name: str,
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    now: dt.datetime,
    names: x509.SubjectAlternativeName | None,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = ExtendedKeyUsageOID.SERVER_AUTH if names is not None else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(subject, ca.subject, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    _write(folder, name, key, builder.sign(ca_key, hashes.SHA256()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _LIFE)
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


def _write(folder: CertificateFolder, name: str, key: ec.EllipticCurvePrivateKey, cert: x509.Certificate) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor = os.open(folder.path / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)
    (folder.path / f"{name}.crt").write_bytes(cert.public_bytes(serialization.Encoding.PEM))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m reader.uplink.devcerts", description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kiosk", action="append", default=[], metavar="NAME", help="once for each kiosk")
    parser.add_argument("--host", action="append", default=[], help="name or address of the broker's machine")
    chosen = parser.parse_args(arguments)
    try:
        folder = make_certificates(
            chosen.directory,
            chosen.kiosk or ["kiosk-1"],
            hosts=["localhost", "127.0.0.1", *chosen.host],
            now=dt.datetime.now(dt.UTC),
        )
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("".join(f"{file.name}\n" for file in sorted(folder.path.iterdir())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
