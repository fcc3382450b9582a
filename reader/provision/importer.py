"""First boot: the set-up file is checked, laid out under /etc, and erased; or refused, and the screen says why.

A power cut in between leaves the set-up file, and the next boot imports it again: every step may be repeated.
"""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reader.config.load import ConfigError, Problem
from reader.config.refusal import REFUSAL_FILE, refuse
from reader.durable import erase, write
from reader.provision import enrolment, toml
from reader.provision.network import keyfile
from reader.provision.schema import FILE_NAME, Setup, load_setup

log = logging.getLogger(__name__)

CONNECTION = Path("/etc/NetworkManager/system-connections/kaopi.nmconnection")
HEADER = "# Written from the set-up file. Every setting is explained in /usr/share/doc/kaopi/config.md.\n\n"


def provision(boot: Path, root: Path, now: dt.datetime | None) -> bool:
    """Import ``boot``/kaopi-setup.toml where there is one; return whether the kiosk may serve.

    boot: the mounted boot partition. root: where /etc and /run begin. A refusal is written to REFUSAL_FILE under root.
    """
    refusal = _under(root, REFUSAL_FILE)
    refusal.unlink(missing_ok=True)
    file = boot / FILE_NAME
    if not file.exists():
        if _under(root, Path("/etc/kaopi/site.toml")).exists():
            return True
        refuse([not_set_up()], refusal)
        return False
    try:
        setup = load_setup(file, now)
    except ConfigError as error:
        for problem in error.problems:
            log.error("%s", problem)
        refuse(error.problems, refusal)
        return False
    lay_out(setup, root)
    erase(file)
    log.info("set up as kiosk %s of site %s", setup.config.site.kiosk_id, setup.config.site.site_id)
    return True


def not_set_up() -> Problem:
    """Return what a blank kiosk shows."""
    remedy = "Write it with `kaopi provision`, copy it there and switch the kiosk on again"
    japanese = (
        f"この機械は、まだ設定されていません。kaopi provision で作った {FILE_NAME} を"
        "カードの最初のドライブに入れて、電源を入れなおしてください。"
    )
    return Problem(FILE_NAME, None, "", "not there, and this kiosk was not set up yet", remedy, japanese)


def lay_out(setup: Setup, root: Path) -> None:
    """Write what the set-up file says to where kaopi, NetworkManager and sshd look for it."""
    etc = _under(root, Path("/etc/kaopi"))
    besides = setup.besides
    (etc / "tls").mkdir(mode=0o700, parents=True, exist_ok=True)
    if besides.enrolment is not None:
        enrolment.prepare(etc, setup.config.site.kiosk_id, besides.enrolment)
    elif besides.certificates is not None:
        enrolment.forget(etc)
        for name, text in (
            ("ca.pem", besides.certificates.ca),
            ("kiosk.pem", besides.certificates.certificate),
            ("kiosk.key", besides.certificates.key),
        ):
            write(etc / "tls" / name, text.encode(), 0o600)
    _open_folder(etc / "files")
    for name, text in besides.files.items():
        write(etc / "files" / name, text.encode(), 0o644)
    write(_under(root, CONNECTION), keyfile(besides.network, setup.config.site.kiosk_id).encode(), 0o600)
    _ssh(etc / "ssh", besides.ssh.authorized_keys)
    # Last: with it the kiosk counts as set up.
    write(etc / "site.toml", (HEADER + toml.dumps(setup.site)).encode(), 0o644)


def _ssh(folder: Path, keys: tuple[str, ...]) -> None:
    authorized, host_key = folder / "authorized_keys", folder / "host_ed25519"
    if not keys:
        authorized.unlink(missing_ok=True)  # sshd's unit starts on this file alone
        return
    _open_folder(folder)
    if not host_key.exists():
        key = Ed25519PrivateKey.generate()
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
        write(host_key, private, 0o600)
    write(authorized, "".join(key.strip() + "\n" for key in keys).encode(), 0o644)


def _open_folder(folder: Path) -> None:
    """Make a folder that the kiosk's own user may look into, whatever the umask."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)


def _under(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")
