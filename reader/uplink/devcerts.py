"""Development certificates: one CA, the broker, the desk, and one per kiosk (CN = its name). For trials, not clinics.

``python -m reader.uplink.devcerts DIRECTORY --kiosk kiosk-1`` writes ca.crt and NAME.crt / NAME.key (mode 0600).
A second run keeps the CA and adds what is missing.
"""

from __future__ import annotations

import argparse
import datetime as dt
import ipaddress
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from reader.uplink import issuing
from reader.uplink.settings import Tls
from reader.uplink.topics import NAME

BROKER: Final = "broker"
DESK: Final = "desk"
RESERVED: Final = (BROKER, DESK, "ca")  # names of the clinic's own certificates, which no kiosk may have
LIFE: Final = dt.timedelta(days=365)


@dataclass(frozen=True, slots=True)
class CertificateFolder:
    """A folder of PEM files."""

    path: Path

    def tls(self, name: str) -> Tls:
        """Return the three files one end needs."""
        return Tls(ca=self.path / "ca.crt", certificate=self.path / f"{name}.crt", key=self.path / f"{name}.key")

    def authority(self) -> issuing.Issued:
        """Return the CA with its secret key. Raises OSError where there is none, ValueError for another kind of key."""
        key_file = self.path / "ca.key"
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{key_file.name} holds another kind of key; remove the folder and run again")
        return issuing.Issued(key, x509.load_pem_x509_certificate((self.path / "ca.crt").read_bytes()))

    def broker_hosts(self) -> tuple[str, ...]:
        """Return the names and addresses of the clinic PC, as the broker's certificate has them."""
        broker = x509.load_pem_x509_certificate((self.path / f"{BROKER}.crt").read_bytes())
        names = broker.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(str(name.value) for name in names)


def make_certificates(
    path: Path, kiosks: Sequence[str], *, hosts: Sequence[str] = ("localhost", "127.0.0.1"), now: dt.datetime
) -> CertificateFolder:
    """Write CA, broker, desk and kiosk certificates (P-256, valid from an hour before ``now`` for a year).

    hosts: names and addresses of the broker. Existing files are kept. Raises ValueError on a bad kiosk name.
    """
    for kiosk in kiosks:
        if NAME.fullmatch(kiosk) is None or kiosk in RESERVED:
            raise ValueError(f"kiosk name {kiosk!r}: 1-32 of a-z, 0-9 and '-', and not 'ca', '{BROKER}' or '{DESK}'")
    path.mkdir(parents=True, exist_ok=True)
    start, end = now - dt.timedelta(hours=1), now + LIFE
    ca = _authority(path, start, end)
    names = [general_name(host) for host in hosts]
    for name in (BROKER, DESK, *kiosks):
        if (path / f"{name}.crt").exists():
            continue
        if name == BROKER:
            issued = issuing.issue(ca, name, ExtendedKeyUsageOID.SERVER_AUTH, start, end, names)
        else:
            issued = issuing.issue(ca, name, ExtendedKeyUsageOID.CLIENT_AUTH, start, end)
        issued.write(path, name, replace=True)
    return CertificateFolder(path)


def general_name(host: str) -> x509.GeneralName:
    """Return a host as it stands in a certificate: as an address where it is one, else as a name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _authority(path: Path, start: dt.datetime, end: dt.datetime) -> issuing.Issued:
    if (path / "ca.key").exists() and (path / "ca.crt").exists():
        return CertificateFolder(path).authority()
    ca = issuing.authority("kaopi development CA", start, end)
    ca.write(path, "ca", replace=True)
    return ca


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
