"""Checks of the way to the clinic PC: certificates, broker, outbox."""

from __future__ import annotations

import os
import socket
import sqlite3
import ssl
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from reader.config.enrolling import MARK, WAITING_FILE, waiting
from reader.doctor.finding import Finding, Patient, Words, fail, good, skipped, warn
from reader.uplink.link_paho import tls_context
from reader.uplink.settings import Tls

TLS_DIR = "/etc/kaopi/tls"
_SOON = timedelta(days=30)
_CONNECT_S = 3.0
_LISTEN_S = 0.5


def _file(patient: Patient, setting: str) -> Path:
    """Return the file a setting names; a technician runs the doctor as root, beside the unit's credentials."""
    if not setting.startswith("credential:"):
        return patient.path(setting)
    name = setting.removeprefix("credential:")
    loaded = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(loaded) / name if loaded else patient.path(f"{TLS_DIR}/{name}")


def certificates(patient: Patient) -> Finding:
    """CA, client certificate and key are there, fit together, name this kiosk, and are valid for a month more."""
    uplink = patient.config.uplink
    if uplink.ca_file is None or uplink.cert_file is None or uplink.key_file is None:
        return skipped("the link is not encrypted (not for patients)")
    renew = Words("証明書を発行し直して入れてください。", "Issue new certificates and install them.")
    paths = [_file(patient, setting) for setting in (uplink.ca_file, uplink.cert_file, uplink.key_file)]
    try:
        certificate_bytes, ca_bytes = paths[1].read_bytes(), paths[0].read_bytes()
        ca = x509.load_pem_x509_certificate(ca_bytes)
        certificate = x509.load_pem_x509_certificate(certificate_bytes)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=ca_bytes.decode("ascii"))
        context.load_cert_chain(paths[1], paths[2])
    except FileNotFoundError as error:
        if awaited := waiting(patient.path(MARK), patient.path(WAITING_FILE)):
            return fail(f"not there yet: {awaited[0].what}", Words(awaited[0].japanese, f"{awaited[0].remedy}."))
        return fail(f"{error.filename} is missing", Words(f"{TLS_DIR}に証明書を入れてください。", "Install it there."))
    except PermissionError as error:
        return fail(
            f"{error.filename} cannot be read", Words("管理者（sudo）で実行してください。", "Run this with sudo.")
        )
    except (ValueError, ssl.SSLError) as error:
        return fail(f"{paths[1].parent}: {error}", renew)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names or names[0].value != patient.config.site.kiosk_id:
        return fail(f"the certificate names {names[0].value if names else 'nobody'!r}", renew)
    try:
        certificate.verify_directly_issued_by(ca)
    except InvalidSignature:
        return fail("the client certificate is not signed by this CA", renew)
    except (ValueError, TypeError) as error:
        return fail(f"the client certificate is not from this CA ({error})", renew)
    return _expiry(patient.now(), certificate, ca, renew)


def _expiry(now: datetime, certificate: x509.Certificate, ca: x509.Certificate, renew: Words) -> Finding:
    ends = min(certificate.not_valid_after_utc, ca.not_valid_after_utc)
    starts = max(certificate.not_valid_before_utc, ca.not_valid_before_utc)
    detail = f"valid until {ends.date().isoformat()}"
    if now >= ends:
        return fail(f"expired on {ends.date().isoformat()}", renew)
    if now < starts:
        return fail(f"valid only from {starts.date().isoformat()}; the clock or the certificate is wrong", renew)
    return warn(detail, renew) if ends - now < _SOON else good(detail)


def broker(patient: Patient) -> Finding:
    """The broker answers, shows the certificate of its name, and takes this kiosk's; MQTT itself is the uplink's."""
    uplink = patient.config.uplink
    where = f"{uplink.host}:{uplink.port}"
    try:
        with socket.create_connection((uplink.host, uplink.port), timeout=_CONNECT_S) as line:
            tls = _tls(patient)
            return good(where) if tls is None else _handshake(line, tls_context(tls), uplink.host, where)
    except ssl.SSLCertVerificationError as error:
        return fail(f"{where}: its certificate is refused ({error.verify_message})", _THEIRS)
    except ssl.SSLError as error:
        return fail(f"{where}: no encrypted connection ({error.reason or error})", _THEIRS)
    except OSError as error:
        return fail(
            f"{where}: {error.strerror or error}",
            Words(
                "LANケーブルと受付PCの電源、設定の接続先を確認してください。",
                "Check the LAN cable, that the clinic PC is on, and uplink.host in the site file.",
            ),
        )


_THEIRS = Words(
    "受付PCの証明書の名前と期限、設定のuplink.hostが合っているか確認してください。",
    "Check that the clinic PC's certificate is valid and names what uplink.host says.",
)
_OURS = Words(
    "このキオスクの証明書を発行し直して入れてください。", "Issue this kiosk's certificate anew and install it."
)


def _tls(patient: Patient) -> Tls | None:
    """Return the kiosk's own files, or None where the link is plain or only root may read them."""
    uplink = patient.config.uplink
    if uplink.ca_file is None or uplink.cert_file is None or uplink.key_file is None:
        return None
    files = [_file(patient, name) for name in (uplink.ca_file, uplink.cert_file, uplink.key_file)]
    return Tls(*files) if all(os.access(file, os.R_OK) for file in files) else None


def _handshake(line: socket.socket, context: ssl.SSLContext, host: str, where: str) -> Finding:
    """Shake hands and listen a moment: in TLS 1.3 the other side refuses a certificate only after the handshake."""
    with context.wrap_socket(line, server_hostname=host) as tls:
        tls.settimeout(_LISTEN_S)
        try:
            refused = tls.recv(1) == b""
        except TimeoutError:
            refused = False  # it waits for us to speak, as it should
        except OSError:  # ssl.SSLError among them: the alert
            refused = True
        return (
            fail(f"{where}: refuses this kiosk's certificate", _OURS) if refused else good(f"{where}, {tls.version()}")
        )


def outbox(patient: Patient) -> Finding:
    """The outbox's folder is there, its database is whole, and it is not filling up."""
    file = patient.path(patient.config.storage.outbox)
    remedy = Words(
        "kaopiを入れ直してください。待っている結果は消さないでください。",
        "Install kaopi again; do not delete the file, results may be waiting in it.",
    )
    if not file.parent.is_dir():
        return fail(f"{file.parent} is missing", remedy)
    if not os.access(file.parent, os.W_OK):
        return fail(f"{file.parent} cannot be written", remedy)
    if not file.exists() or file.stat().st_size == 0:
        return good(f"{file}, empty")
    try:
        database = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=2.0)
        try:
            (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            database.close()
    except sqlite3.Error as error:
        return fail(f"{file}: {error}", remedy)
    return good(str(file)) if answer == "ok" else fail(f"{file}: {answer}", remedy)
