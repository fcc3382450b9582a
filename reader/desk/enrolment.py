"""Where kiosks with a one-time token get their certificates: Enrolment over Secure Transport (RFC 7030), two requests.

``GET /.well-known/est/cacerts`` gives the CA, which a kiosk knows by its fingerprint (section 4.1.1); ``POST
/.well-known/est/simpleenroll`` takes a PKCS #10 request with kiosk and token as HTTP Basic (section 3.2.3). It runs
only while somebody is expected, because it needs the CA's key.
"""

from __future__ import annotations

import base64
import datetime as dt
import logging
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID

from reader.desk.watched import Watched
from reader.uplink import issuing
from reader.uplink.devcerts import CertificateFolder, general_name
from reader.uplink.enrolment import (
    CA_PATH,
    CERTIFICATES,
    ENROL_PATH,
    MAX_REQUEST,
    REASON_HEADER,
    EnrolmentRefused,
    Reason,
    TokenBook,
)
from reader.uplink.wall import utc_now

log = logging.getLogger(__name__)

_STALL_S: Final = 10.0
_AT_ONCE: Final = 8
_MAX_BODY: Final = MAX_REQUEST * 2  # base64 with line ends
_STATUS: Final = {Reason.BAD_REQUEST: 400, Reason.OTHER_NAME: 403}  # every other: 401


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the kiosk."""

    status: int
    body: bytes
    kind: str = "text/plain"
    reason: str = ""


class Enrolment:
    """Answers the two requests; knows nothing of sockets. enrolled: hears the name of each kiosk that got one."""

    def __init__(self, folder: Path, enrolled: Callable[[str], object] = lambda kiosk: None) -> None:
        self._book = TokenBook(folder)
        self._ca = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
        self._enrolled = enrolled

    def answer(self, method: str, path: str, credentials: str, body: bytes, now: dt.datetime) -> Answer:
        """Return the answer. credentials: the Authorization header, empty without one."""
        if (method, path) == ("GET", CA_PATH):
            return _certificates(self._ca)
        if (method, path) != ("POST", ENROL_PATH):
            return Answer(404, b"nothing here\n")
        try:
            kiosk, token = _basic(credentials)
            try:
                request = base64.b64decode(body, validate=False)
            except ValueError:
                raise EnrolmentRefused(Reason.BAD_REQUEST) from None
            certificate = self._book.enrol(kiosk, token, request, now)
        except EnrolmentRefused as error:
            log.warning("a kiosk was refused a certificate: %s", error)
            return Answer(_STATUS.get(error.reason, 401), f"{error}\n".encode(), reason=error.reason.value)
        self._enrolled(kiosk)
        return _certificates(certificate)


def _certificates(certificate: x509.Certificate) -> Answer:
    return Answer(200, base64.encodebytes(pkcs7.serialize_certificates([certificate], Encoding.DER)), CERTIFICATES)


def _basic(credentials: str) -> tuple[str, str]:
    """Return user and password (RFC 7617)."""
    scheme, _, coded = credentials.partition(" ")
    try:
        kiosk, colon, token = base64.b64decode(coded, validate=True).decode("ascii").partition(":")
    except ValueError:
        raise EnrolmentRefused(Reason.UNKNOWN) from None
    if scheme.lower() != "basic" or not colon:
        raise EnrolmentRefused(Reason.UNKNOWN)
    return kiosk, token


class _Handler(BaseHTTPRequestHandler):
    server_version, sys_version = "kaopi", ""
    server: Listener

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _MAX_BODY:
            self.send_error(413)
            return
        self._answer(self.rfile.read(int(length)))

    def _answer(self, body: bytes) -> None:
        credentials = self.headers.get("Authorization", "")
        answer = self.server.enrolment.answer(self.command, self.path, credentials, body, self.server.now())
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        if answer.kind == CERTIFICATES:
            self.send_header("Content-Transfer-Encoding", "base64")
        if answer.status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="kaopi"')
        if answer.reason:
            self.send_header(REASON_HEADER, answer.reason)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - its name in the base class
        log.debug(format, *arguments)


class Listener(ThreadingHTTPServer):
    """Listens with TLS 1.3 and a certificate of its own, from the clinic's CA, that lives no longer than this."""

    daemon_threads = True

    def __init__(
        self, folder: Path, hosts: Sequence[str], enrolment: Enrolment, now: Callable[[], dt.datetime], *, port: int
    ) -> None:
        self.enrolment, self.now = enrolment, now
        self._context = _context(folder, hosts, now())
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._listening = Watched("enrolment", lambda: self.serve_forever(0.1))
        super().__init__(("0.0.0.0", port), _Handler)  # noqa: S104 - kiosks come from outside

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection; who stalls is let go."""
        channel, address = super().get_request()
        channel.settimeout(_STALL_S)
        return channel, address

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve in a thread, a few at once."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Speak TLS first: in the thread, so that nobody holds up the others."""
        try:
            with self._context.wrap_socket(request, server_side=True) as channel:
                self.finish_request(channel, client_address)
        except OSError as error:
            log.info("a connection from %s broke off: %s", client_address[0], error)
        finally:
            self._room.release()

    def check(self) -> None:
        """Raise ThreadDied when nobody listens any more."""
        self._listening.check()

    def __enter__(self) -> Self:
        self._listening.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.shutdown()
        self.server_close()


def _context(folder: Path, hosts: Sequence[str], now: dt.datetime) -> ssl.SSLContext:
    names = [general_name(host) for host in hosts]
    start, end = now - dt.timedelta(hours=1), now + dt.timedelta(days=30)
    ca = CertificateFolder(folder).authority()
    own = issuing.issue(ca, "enrolment", ExtendedKeyUsageOID.SERVER_AUTH, start, end, names)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        own.write(place, "enrolment", replace=False)
        context.load_cert_chain(place / "enrolment.crt", place / "enrolment.key")
    return context


def listen(
    folder: Path,
    port: int,
    say: Callable[[str], object],
    *,
    at_least_until: dt.datetime | None = None,
    now: Callable[[], dt.datetime] = utc_now,
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Listen while somebody may come. Raises OSError without a CA, or when the port is taken, ThreadDied."""
    book = TokenBook(folder)
    enrolment = Enrolment(folder, lambda kiosk: say(f"{kiosk} has its certificate"))
    with Listener(folder, CertificateFolder(folder).broker_hosts(), enrolment, now, port=port) as listener:
        while (end := max(filter(None, (book.listening_until(now()), at_least_until)), default=now())) > now():
            wait(min(5.0, (end - now()).total_seconds()))
            listener.check()
    say("nobody is expected any more")
