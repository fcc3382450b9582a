"""An independent client agrees with the virtual card: OpenSC's own JPKI driver lists, reads, logs in, signs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from hw_sim.card.authority import TEST_AUTHORITY
from hw_sim.card.content import PIN
from hw_sim.card.personas import Persona, persona

PIN_KEY = (bytes.fromhex("D392F000260100000001"), 0x18)


@pytest.fixture
def card(desk: Any, today: Any) -> Any:
    made = persona("normal", today)
    slot = desk.insert(made)
    yield made
    slot.remove()
    desk.clear()


def opensc(*command: str, ok: bool = True) -> str:
    assert shutil.which(command[0]) is not None, "OpenSC is missing: apt-get install opensc opensc-pkcs11"
    run = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)
    assert (run.returncode == 0) is ok, run.stdout + run.stderr
    return run.stdout + run.stderr


def certificate_of(card: Persona) -> x509.Certificate:
    assert card.content is not None
    der = TEST_AUTHORITY.authentication_certificate(
        card.content.auth_key, card.content.certificate_from, card.content.certificate_to, card.content.serial
    )
    return x509.load_der_x509_certificate(der)


def test_it_knows_the_card_and_reads_its_certificate(card: Persona, tmp_path: Path) -> None:
    assert "jpki" in opensc("opensc-tool", "-n")
    assert "User Authentication Certificate" in opensc("pkcs15-tool", "--list-certificates")
    path = tmp_path / "certificate.pem"
    opensc("pkcs15-tool", "--read-certificate", "01", "--output", str(path))
    read = x509.load_pem_x509_certificate(path.read_bytes())
    assert read.public_bytes(Encoding.DER) == certificate_of(card).public_bytes(Encoding.DER)


def test_it_logs_in_and_signs(card: Persona, tmp_path: Path) -> None:
    message, signature = tmp_path / "message", tmp_path / "signature"
    message.write_bytes(b"what the desk wants signed")
    opensc(
        "pkcs11-tool", "--login", "--pin", PIN, "--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", "01",
        "-i", str(message), "-o", str(signature),
    )  # fmt: skip
    key = certificate_of(card).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(signature.read_bytes(), message.read_bytes(), padding.PKCS1v15(), hashes.SHA256())


def test_its_wrong_pin_costs_a_try_that_kaopi_then_sees(card: Persona) -> None:
    assert "CKR_PIN_INCORRECT" in opensc("pkcs11-tool", "--login", "--pin", "0000", "--list-objects", ok=False)
    assert card.card.tries[PIN_KEY] == 2
