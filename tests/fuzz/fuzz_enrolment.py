"""Fuzz targets for what comes over the clinic's network before anybody is trusted, and for what root takes in."""

from __future__ import annotations

import base64
import datetime
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from reader.config.factory_reset import NotAsked, take_request
from reader.desk.enrolment import Enrolment
from reader.provision.enrolment import NotYet, Order, _certificates, request_of
from reader.uplink.devcerts import make_certificates
from reader.uplink.enrolment import ENROL_PATH, EnrolmentRefused, requested_key

ALLOWED = (EnrolmentRefused, NotYet, NotAsked)

_NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
_FOLDER = Path(tempfile.mkdtemp(prefix="kaopi-fuzz-"))
_CA = make_certificates(_FOLDER / "ca", [], now=_NOW)
_ORDER = Order("front", "desk.test:8738", "A" * 32, "0" * 64)
_DESK = Enrolment(_CA.path)


def fuzz_request(data: bytes) -> None:
    """A PKCS #10 request from an unknown kiosk."""
    requested_key(data, "front")


def fuzz_enrol(data: bytes) -> None:
    """The whole second request: credentials up to the first line end, then the body."""
    credentials, _, body = data.partition(b"\n")
    status = _DESK.answer("POST", ENROL_PATH, credentials.decode("latin-1"), body, _NOW).status
    assert status in (400, 401, 403), "a certificate without a token"


def fuzz_answer(data: bytes) -> None:
    """What an unknown server says its CA is."""
    _certificates(_ORDER, data)


def fuzz_reset_request(data: bytes) -> None:
    """What lies where the kiosk asks for a factory reset."""
    file = _FOLDER / "asked.json"
    file.write_bytes(data)
    take_request(os.getuid(), file)


_KEY = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
_REQUEST = request_of(_KEY, "front")
_CERTIFICATE = pkcs7.serialize_certificates([_CA.authority().certificate], Encoding.DER)

TARGETS: dict[str, tuple[Callable[[bytes], None], tuple[bytes, ...]]] = {
    "enrolment.request": (fuzz_request, (_REQUEST,)),
    "enrolment.enrol": (fuzz_enrol, (b"Basic " + base64.b64encode(b"front:" + b"A" * 32) + b"\n" + _REQUEST,)),
    "enrolment.answer": (fuzz_answer, (base64.b64encode(_CERTIFICATE),)),
    "reset.request": (fuzz_reset_request, (json.dumps({"operator": "op2"}).encode(),)),
}

CRASHES: dict[str, tuple[bytes, ...]] = {
    # Credentials beyond ASCII: base64 complains in another way than about a wrong length.
    # A version that no standard knows: neither ValueError nor TypeError.
    "enrolment.request": (_REQUEST.replace(bytes([2, 1, 0]), bytes([2, 1, 34]), 1),),
    "enrolment.enrol": ("Basic ééé\n".encode("latin-1"),),
}
"""Inputs that once broke a target, kept for ever: test_targets.py runs them all."""
