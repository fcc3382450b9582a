"""A kiosk that was set up and has served, on a partition of its own, and what a search of that would find."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from pathlib import Path

from reader.durable import write
from reader.provision.fleet import ONE, example, write_setups
from reader.provision.importer import CONNECTION, provision
from reader.uplink.outbox import Outbox

PASSPHRASE = b"SECRET-passphrase-of-the-clinic"
PATIENT = b"SECRET-result-of-a-patient"
GONE = b"SECRET-of-a-file-removed-long-ago"
CLINIC = "SECRET内科".encode()
SECRETS = (PASSPHRASE, PATIENT, GONE, CLINIC)
MIB = 96


def places(root: Path) -> tuple[Path, ...]:
    return root / "etc/kaopi", root / "var/lib/kaopi", (root / CONNECTION.relative_to("/")).parent


def live_in(root: Path, home: Path) -> bytes:
    """Set a kiosk up under ``root`` and have it serve somebody; return its secret key."""
    template, boot = home / "clinic.toml", home / "boot"
    text = example().replace("[network]\n", f'[network]\nssid = "c"\npassphrase = "{PASSPHRASE.decode()}"\n')
    template.write_text(text.replace('"受付"', f'"{CLINIC.decode()}"'), "utf-8")
    (setup,) = write_setups(template, ONE, home / "ca", home / "out", dt.datetime.now(dt.UTC))
    boot.mkdir()
    setup.rename(boot / setup.name)
    assert provision(boot, root, dt.datetime.now(dt.UTC))
    for name in ("var/lib/kaopi/outbox", "var/lib/kaopi/update"):
        (root / name).mkdir(parents=True)
    with Outbox(root / "var/lib/kaopi/outbox/outbox.sqlite3") as outbox:
        for number in range(20):
            outbox.put(uuid.UUID(int=number + 1), PATIENT + b" %d" % number)
    loose = root / "etc/kaopi/loose"
    loose.write_bytes(GONE * 5000)
    with loose.open("rb") as stream:
        os.fsync(stream.fileno())
    loose.unlink()
    write(root / "var/lib/kaopi/update/journal.json", b"{}", 0o644)
    return (root / "etc/kaopi/tls/kiosk.key").read_bytes().splitlines()[1]


def found(image: Path, key: bytes) -> list[bytes]:
    """Search the whole partition, as somebody with a card reader would."""
    data = image.read_bytes()
    return [secret for secret in (*SECRETS, key) if secret in data]
