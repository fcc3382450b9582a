"""A kiosk gets its certificate: made ready by root without a network, fetched by a user that never sees the key, put
in place by root after the key, the name and the CA were found to fit.
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import os
import random
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from reader.config import enrolling
from reader.config.load import Problem
from reader.config.refusal import refuse
from reader.durable import erase, write
from reader.provision.schema import Enrolment
from reader.uplink.enrolment import CA_PATH, ENROL_PATH, REASON_HEADER, UNREADABLE, Reason, fingerprint

log = logging.getLogger(__name__)

#: What root leaves for the process that asks, handed over as systemd credentials.
FOLDER: Final = Path("/etc/kaopi/enrolment")
ORDER, REQUEST = "order.json", "request.der"
#: What that process leaves for root.
ANSWER_FILE: Final = Path("/run/kaopi-enrol/answer.json")
_MAX_ANSWER: Final = 16_384
_TIMEOUT_S: Final = 10.0
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 60.0
# X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED (openssl-verification-options(1)).
_CLOCK: Final = (9, 10)


@dataclass(frozen=True, slots=True)
class Order:
    """Where to ask, as whom, with what. ``token`` is a secret."""

    kiosk: str
    address: str
    token: str
    fingerprint: str

    def __repr__(self) -> str:
        return f"Order({self.kiosk} at {self.address})"

    @property
    def host(self) -> str:
        """The clinic PC's name or address."""
        return self.address.rpartition(":")[0]

    @property
    def port(self) -> int:
        """The port it enrols at."""
        return int(self.address.rpartition(":")[2])

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read what ``prepare`` wrote. Raises OSError, ValueError, TypeError."""
        return cls(**json.loads(file.read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the clinic PC gave: both certificates as PEM."""

    ca: str
    certificate: str


class NotYet(Exception):
    """No certificate this time; ``problem`` says why and what staff can do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


# -- root, without a network: make the key -----------------------------------------------------------------------------


def prepare(etc: Path, kiosk: str, enrolment: Enrolment) -> None:
    """Make the kiosk's key, a request for it, and the order to fetch the certificate. May be repeated.

    etc: /etc/kaopi. The same token goes with the same key, so that an answer that got lost is given again.
    """
    order = Order(kiosk, enrolment.address, enrolment.token, enrolment.fingerprint)
    folder, key_file = etc / FOLDER.name, etc / "tls" / "kiosk.key"
    if not (_same(folder / ORDER, order) and key_file.exists()):
        for name in (etc / "tls" / "kiosk.pem", etc / "tls" / "ca.pem"):
            name.unlink(missing_ok=True)  # they belong to the key of before
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        write(key_file, pem, 0o600)
    folder.mkdir(mode=0o700, exist_ok=True)
    write(folder / REQUEST, request_of(key_file.read_bytes(), kiosk), 0o600)
    content = {name: getattr(order, name) for name in Order.__slots__}
    write(folder / ORDER, json.dumps(content).encode(), 0o600)
    write(etc / enrolling.MARK.name, b"", 0o644)


def request_of(key_pem: bytes, kiosk: str) -> bytes:
    """Return a PKCS #10 request (DER, RFC 2986) for this key and name."""
    key = serialization.load_pem_private_key(key_pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the kiosk's key is of another kind")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, kiosk)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.DER)


def forget(etc: Path) -> None:
    """Erase the order: it was carried out, or another set-up took its place."""
    folder = etc / FOLDER.name
    if folder.is_dir():
        for file in folder.iterdir():
            erase(file)
        folder.rmdir()
    (etc / enrolling.MARK.name).unlink(missing_ok=True)


def _same(file: Path, order: Order) -> bool:
    try:
        return Order.read(file) == order
    except (OSError, ValueError, TypeError):
        return False


# -- the network, without the key --------------------------------------------------------------------------------------


def fetch(order: Order, request: bytes) -> Answer:
    """Ask the clinic PC once. The token is told only to a server whose CA has the fingerprint. Raises NotYet."""
    ca = _trusted_ca(order)
    pem = ca.public_bytes(Encoding.PEM).decode("ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=pem)
    credentials = base64.b64encode(f"{order.kiosk}:{order.token}".encode()).decode("ascii")
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/pkcs10"}
    status, reason, body = _ask(order, context, "POST", ENROL_PATH, base64.encodebytes(request), headers)
    if status != 200:
        raise NotYet(_refused(order, reason))
    wanted = x509.load_der_x509_csr(request).public_key()
    for certificate in _certificates(order, body):
        if fits(certificate, ca, wanted, order.kiosk):
            return Answer(pem, certificate.public_bytes(Encoding.PEM).decode("ascii"))
    raise NotYet(_strange(order))


def fits(certificate: x509.Certificate, ca: x509.Certificate, key: object, kiosk: str) -> bool:
    """Return whether this is this kiosk's certificate, for this public key, from this CA."""
    try:
        names = [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        certificate.verify_directly_issued_by(ca)
        return names == [kiosk] and certificate.public_key() == key
    except (*UNREADABLE, InvalidSignature):
        return False


def _trusted_ca(order: Order) -> x509.Certificate:
    """Fetch the CA from whoever answers there, and believe it by its fingerprint alone (RFC 7030, 4.1.1)."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.minimum_version = ssl.TLSVersion.TLSv1_3
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    status, _, body = _ask(order, anybody, "GET", CA_PATH, b"", {})
    if status != 200:
        raise NotYet(_strange(order))
    for certificate in _certificates(order, body):
        if fingerprint(certificate) == order.fingerprint:
            return certificate
    what = "the server there is another: its CA has another fingerprint"
    remedy = "Check the address; or write the set-up file again with the certificates of this clinic PC"
    japanese = (
        "受付のPCが、設定ファイルを作ったときと違います（指紋が合いません）。アドレスを確かめるか、"
        "このPCで設定ファイルを作りなおしてください。合言葉は送っていません。"
    )
    raise NotYet(Problem(order.address, None, "fingerprint", what, remedy, japanese))


def _certificates(order: Order, body: bytes) -> list[x509.Certificate]:
    try:
        return pkcs7.load_der_pkcs7_certificates(base64.b64decode(body, validate=False))
    except UNREADABLE:
        raise NotYet(_strange(order)) from None


def _ask(
    order: Order, context: ssl.SSLContext, method: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, str, bytes]:
    """Return status, reason and body of one answer. Raises NotYet when there is none."""
    connection = http.client.HTTPSConnection(order.host, order.port, timeout=_TIMEOUT_S, context=context)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = answer.read(_MAX_ANSWER + 1)
    except ssl.SSLCertVerificationError as error:
        raise NotYet(_clock(order) if error.verify_code in _CLOCK else _not_trusted(order, error)) from None
    except socket.gaierror:
        what, remedy = f"nobody knows the name {order.host}", "Check address, cable and dns"
        japanese = f"「{order.host}」という名前が見つかりません。ケーブル、DNS、アドレスの書き方を確かめてください。"
        raise NotYet(Problem(order.address, None, "address", what, remedy, japanese)) from None
    except (OSError, http.client.HTTPException) as error:
        raise NotYet(_away(order, error)) from None
    finally:
        connection.close()
    if len(found) > _MAX_ANSWER:
        raise NotYet(_strange(order))
    return answer.status, answer.headers.get(REASON_HEADER, ""), found


def _away(order: Order, error: Exception) -> Problem:
    what = f"no answer from the clinic PC ({type(error).__name__})"
    remedy = "Run `kaopi desk enrol serve` there; check cable, address and firewall"
    japanese = (
        "受付のPCから答えがありません。受付のPCで kaopi desk enrol serve を動かし、ケーブルとアドレスを"
        "確かめてください。つながりしだい、自動で続けます。"
    )
    return Problem(order.address, None, "", what, remedy, japanese)


def _clock(order: Order) -> Problem:
    what = "by this kiosk's clock the clinic PC's certificate is not valid now"
    remedy = "Wait until the clock is set from the network, or check the time server"
    japanese = (
        "この機械の時計が合っていないようです。ネットワークから時刻が届くと、自動で続けます。"
        "長くかかるときは、時刻サーバー（ntp）の設定を確かめてください。"
    )
    return Problem(order.address, None, "", what, remedy, japanese)


def _not_trusted(order: Order, error: ssl.SSLCertVerificationError) -> Problem:
    what = f"the server's certificate is not for {order.host} ({error.verify_message})"
    remedy = "Use the name or address that the broker's certificate has, and write the set-up file again"
    japanese = (
        f"受付のPCの証明書が「{order.host}」のものではありません。uplink.host と同じアドレスで設定ファイルを"
        "作りなおしてください。"
    )
    return Problem(order.address, None, "address", what, remedy, japanese)


def _strange(order: Order) -> Problem:
    what = "what answers there is no enrolment of kaopi"
    remedy = "Check the port, and that `kaopi desk enrol serve` of this version runs there"
    japanese = "答えたのは kaopi ではありません。アドレスのポート番号と、受付のPCの kaopi の版を確かめてください。"
    return Problem(order.address, None, "address", what, remedy, japanese)


_REFUSED: Final = {
    Reason.UNKNOWN: (
        "the clinic PC does not know this token",
        "登録用の合言葉（トークン）は、受付のPCにありません。取り消されたか、別のPCのものです。",
    ),
    Reason.SPENT: ("this token was used already", "登録用の合言葉（トークン）は、もう使われています。"),
    Reason.EXPIRED: ("this token has expired", "登録用の合言葉（トークン）は、期限が切れています。"),
    Reason.OTHER_NAME: (
        "this token is for a kiosk of another name",
        "登録用の合言葉（トークン）は、別の名前の機械のものです。",
    ),
    Reason.BAD_REQUEST: ("the clinic PC cannot read the request", "受付のPCが、この機械の申しこみを読めませんでした。"),
}


def _refused(order: Order, reason: str) -> Problem:
    if reason not in list(Reason):
        return _strange(order)
    what, japanese = _REFUSED[Reason(reason)]
    remedy = "Write a new set-up file with `kaopi provision write --enrol`, and switch off and on with it"
    japanese += "kaopi provision write --enrol で設定ファイルを作りなおし、カードに入れて電源を入れなおしてください。"
    return Problem(order.address, None, "enrolment.token", what, remedy, japanese)


def fetch_until_there(
    order: Order,
    request: bytes,
    *,
    answer: Path = ANSWER_FILE,
    status: Path = enrolling.WAITING_FILE,
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> None:
    """Ask until the certificate is there: after 2 s, 4 s, … 60 s, each up to a quarter longer. Says what is in the way.

    What only a new set-up file will mend is asked again too, as rarely as anything: the desk may mend it.
    """
    delay = FIRST_WAIT_S
    while True:
        try:
            found = fetch(order, request)
        except NotYet as reason:
            log.warning("%s", reason)
            refuse([reason.problem], status)
            sleep(delay * (1 + jitter() / 4))
            delay = min(LONGEST_WAIT_S, delay * 2)
            continue
        content = {"ca": found.ca, "certificate": found.certificate}
        write(answer, json.dumps(content).encode(), 0o644)
        log.info("the certificate of %s is there", order.kiosk)
        return


# -- root again, without a network: put it in place --------------------------------------------------------------------


def install(etc: Path, answer: Path = ANSWER_FILE) -> str:
    """Put the certificate in place when it fits the key, the name and the fingerprint; return the kiosk's name.

    The answer is taken away whatever it is: it comes from a process with a network. Raises ValueError.
    """
    descriptor = os.open(answer, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        answer.unlink()
        data = stream.read(_MAX_ANSWER)
    order = Order.read(etc / FOLDER.name / ORDER)
    key = serialization.load_pem_private_key((etc / "tls" / "kiosk.key").read_bytes(), password=None)
    try:
        row = json.loads(data)
        ca, own = (x509.load_pem_x509_certificate(row[name].encode()) for name in ("ca", "certificate"))
    except (*UNREADABLE, KeyError, AttributeError):
        raise ValueError("the answer holds no certificates") from None
    if fingerprint(ca) != order.fingerprint or not fits(own, ca, key.public_key(), order.kiosk):
        raise ValueError("the answer is not this kiosk's certificate")
    write(etc / "tls" / "ca.pem", ca.public_bytes(Encoding.PEM), 0o600)
    write(etc / "tls" / "kiosk.pem", own.public_bytes(Encoding.PEM), 0o600)
    forget(etc)
    return order.kiosk
