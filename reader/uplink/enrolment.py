"""One-time enrolment of kiosks: tokens, kept as hashes, each good for one certificate of one key.

A kiosk makes its key itself and sends a PKCS #10 request (RFC 2986) with its token; what it gets is a certificate with
its own name, whatever else the request asks for. The book lies beside the CA and belongs to whoever keeps that.
"""

from __future__ import annotations

import base64
import datetime as dt
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from reader.durable import write
from reader.uplink import issuing
from reader.uplink.devcerts import LIFE, CertificateFolder
from reader.uplink.topics import NAME

PORT: Final = 8738
#: Enrolment over Secure Transport (RFC 7030): the two requests of it that are spoken.
CA_PATH: Final = "/.well-known/est/cacerts"
ENROL_PATH: Final = "/.well-known/est/simpleenroll"
CERTIFICATES: Final = "application/pkcs7-mime"
REASON_HEADER: Final = "X-Kaopi-Reason"
TOKEN_BYTES: Final = 20  # 160 bits: nobody guesses it, so a plain hash keeps it (NIST SP 800-63B, 5.1.2.2)
TOKEN_LIFE: Final = dt.timedelta(days=14)
AGAIN: Final = dt.timedelta(minutes=10)  # how long the desk still listens for whom its answer did not reach
MAX_REQUEST: Final = 4096
#: What the library raises for certificates and requests that are none.
UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion)
BOOK: Final = "enrolment.json"


class Reason(StrEnum):
    """Why a kiosk is refused; goes over the wire."""

    UNKNOWN = "unknown"
    SPENT = "spent"
    EXPIRED = "expired"
    OTHER_NAME = "other-name"
    BAD_REQUEST = "bad-request"


class EnrolmentRefused(Exception):
    """No certificate for this one."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Ticket:
    """One token, without the token. expires_at, spent_at: ISO 8601, aware. key: SHA-256 of what it was spent on."""

    kiosk: str
    token: str
    expires_at: str
    spent_at: str = ""
    key: str = ""
    certificate: str = ""

    def state(self, now: dt.datetime) -> str:
        """Return "spent", "expired" or "open"."""
        if self.spent_at:
            return "spent"
        return "expired" if now >= dt.datetime.fromisoformat(self.expires_at) else "open"


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the certificate (DER), as 64 hexadecimal digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()


class TokenBook:
    """The clinic's tokens, in the folder of its CA. Two programs may use it at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / BOOK

    def tickets(self) -> tuple[Ticket, ...]:
        """Return every token that was issued and not replaced. Raises ValueError for a damaged book."""
        try:
            rows = json.loads(self._file.read_text("utf-8"))
            return tuple(Ticket(**row) for row in rows)
        except FileNotFoundError:
            return ()
        except TypeError as error:
            raise ValueError(f"{self._file} is damaged: remove it, and issue new tokens") from error

    def issue(self, kiosk: str, now: dt.datetime, life: dt.timedelta = TOKEN_LIFE) -> str:
        """Return a new token for a kiosk, 32 letters and digits; one it had before is good no longer."""
        if NAME.fullmatch(kiosk) is None:
            raise ValueError(f"kiosk name {kiosk!r}: 1-32 of a-z, 0-9 and '-'")
        token = base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode("ascii")
        with self._change() as tickets:
            tickets[:] = [ticket for ticket in tickets if ticket.kiosk != kiosk]
            tickets.append(Ticket(kiosk, _hash(token), (now + life).isoformat()))
        return token

    def cancel(self, kiosk: str) -> bool:
        """Take a kiosk's token back; return whether it had one that was not spent."""
        with self._change() as tickets:
            left = [ticket for ticket in tickets if ticket.kiosk != kiosk or ticket.spent_at]
            gone = len(left) < len(tickets)
            tickets[:] = left
        return gone

    def listening_until(self, now: dt.datetime) -> dt.datetime | None:
        """Return until when somebody may still come; None when nobody can."""
        ends = []
        for ticket in self.tickets():
            if ticket.state(now) == "open":
                ends.append(dt.datetime.fromisoformat(ticket.expires_at))
            elif ticket.spent_at:
                ends.append(dt.datetime.fromisoformat(ticket.spent_at) + AGAIN)
        end = max(ends, default=now)
        return end if end > now else None

    def enrol(self, kiosk: str, token: str, request: bytes, now: dt.datetime) -> x509.Certificate:
        """Return the certificate for a PKCS #10 request (DER); it is on the disk before anybody hears of it.

        The same key with the same token gets the same certificate again while that is valid: an answer may get lost.
        Raises EnrolmentRefused.
        """
        with self._change() as tickets:
            number = _find(tickets, kiosk, token)
            ticket = tickets[number]
            if ticket.state(now) == "expired":
                raise EnrolmentRefused(Reason.EXPIRED)
            key = requested_key(request, kiosk)
            key_hash = _key_hash(key)
            if ticket.spent_at:
                certificate = x509.load_pem_x509_certificate(ticket.certificate.encode())
                if not hmac.compare_digest(ticket.key, key_hash) or certificate.not_valid_after_utc <= now:
                    raise EnrolmentRefused(Reason.SPENT)
                return certificate
            ca = CertificateFolder(self._folder).authority()
            start = now - dt.timedelta(hours=1)
            certificate = issuing.certify(ca, key, kiosk, ExtendedKeyUsageOID.CLIENT_AUTH, start, now + LIFE)
            pem = certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
            tickets[number] = replace(ticket, spent_at=now.isoformat(), key=key_hash, certificate=pem)
        return certificate

    @contextmanager
    def _change(self) -> Iterator[list[Ticket]]:
        """Let one program at a time change the book; nothing is written when it raises or changes nothing."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            before = self.tickets()
            tickets = list(before)
            yield tickets
            if tuple(tickets) != before:
                text = json.dumps([asdict(ticket) for ticket in tickets], indent=1)
                write(self._file, text.encode(), 0o600)
        finally:
            os.close(descriptor)


def requested_key(request: bytes, kiosk: str) -> ec.EllipticCurvePublicKey:
    """Return the key that a PKCS #10 request (DER) asks a certificate for. Raises EnrolmentRefused.

    It must be signed by that key, be P-256, and name this kiosk and nobody else.
    """
    if len(request) > MAX_REQUEST:
        raise EnrolmentRefused(Reason.BAD_REQUEST)
    try:
        csr = x509.load_der_x509_csr(request)
        key, good = csr.public_key(), csr.is_signature_valid
        names = [name.value for name in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except UNREADABLE:
        raise EnrolmentRefused(Reason.BAD_REQUEST) from None
    if not good or not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise EnrolmentRefused(Reason.BAD_REQUEST)
    if names != [kiosk]:
        raise EnrolmentRefused(Reason.OTHER_NAME)
    return key


def _find(tickets: list[Ticket], kiosk: str, token: str) -> int:
    """Return which ticket this is; every one is compared, so that time tells nothing."""
    wanted, found = _hash(token), -1
    for number, ticket in enumerate(tickets):
        if hmac.compare_digest(ticket.token, wanted):
            found = number
    if found < 0:
        raise EnrolmentRefused(Reason.UNKNOWN)
    if tickets[found].kiosk != kiosk:
        raise EnrolmentRefused(Reason.OTHER_NAME)
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _key_hash(key: ec.EllipticCurvePublicKey) -> str:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()
