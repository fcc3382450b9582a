"""The shipped RAUC configuration with the real rauc on loop devices: what is installed, what is refused, and why.

Bundles are of the plain form here; verity bundles need the device mapper and are installed in `make image-test`.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hw_sim import by_path

from reader.sdnotify import SERVING, WAITING
from reader.update.boot import QEMU_OFFSET, SECTOR, Choice, QemuBoard

ROOT = Path(__file__).resolve().parents[2]
NOW = dt.datetime.now(dt.UTC)
SLOT_BYTES = 1 << 20
_TOOLS = {"rauc": "rauc", "mksquashfs": "squashfs-tools", "dbus-run-session": "dbus-daemon", "losetup": "mount"}

_BACKEND = """#!{python}
import sys
from pathlib import Path
from reader.update.backend import answer
from reader.update.boot import QemuBoard
said = answer(QemuBoard(Path({disk!r}), Path({folder!r})), sys.argv[1:])
print(said) if said else None
"""

_ALLOW = """#!{python}
import os, sys
from pathlib import Path
from reader.update.guard import Kiosk, Refused, bundle_version, check
from reader.update.version import Version
folder = Path({folder!r})
try:
    check(bundle_version(os.environ), Version.parse((folder / "version").read_text()), None,
          Kiosk(True, (folder / "status").read_text()))
except Refused as error:
    sys.exit(str(error))
"""


@dataclass(frozen=True, slots=True)
class Kiosk:
    """A machine with two slots, as RAUC sees it."""

    folder: Path
    slots: dict[str, str]
    keys: Path
    stranger: Path

    @property
    def board(self) -> QemuBoard:
        return QemuBoard(self.folder / "disk", self.folder)

    def bundle(self, version: str, *, keys: Path | None = None, compatible: str = "kaopi-qemu-arm64") -> Path:
        """Sign an update whose images say its version."""
        content = self.folder / f"content-{version}"
        shutil.rmtree(content, ignore_errors=True)
        content.mkdir()
        for name in ("boot", "rootfs"):
            (content / f"{name}.img").write_bytes(self.image(name, version))
        lines = ["[update]", f"compatible={compatible}", f"version={version}", "[bundle]", "format=plain"]
        for name in ("boot", "rootfs"):
            lines += [f"[image.{name}]", f"filename={name}.img"]
        (content / "manifest.raucm").write_text("\n".join(lines) + "\n", "utf-8")
        target = self.folder / f"{version}-{compatible}.raucb"
        target.unlink(missing_ok=True)
        signer = keys or self.keys
        pair = (f"--cert={signer / 'release.crt'}", f"--key={signer / 'release.key'}")
        subprocess.run(["rauc", *pair, "bundle", str(content), str(target)], check=True, capture_output=True)
        return target

    @staticmethod
    def image(name: str, version: str) -> bytes:
        return f"{name} {version}\n".encode().ljust(256 * 1024, b"\0")

    def holds(self, slot: str) -> bytes:
        """Return the first line of a slot's root image."""
        with open(self.slots[slot], "rb") as device:  # noqa: PTH123
            return device.read(64).split(b"\n")[0]

    def install(self, bundle: Path) -> subprocess.CompletedProcess[str]:
        """Run RAUC's service on a bus of its own, and have it install."""
        script = 'export DBUS_SYSTEM_BUS_ADDRESS="$DBUS_SESSION_BUS_ADDRESS"; '
        script += f'rauc -c "$0" --mount="$1" service --override-boot-slot={self.board.booted()} 2>"$2" & '
        script += 'for i in $(seq 50); do rauc -c "$0" status >/dev/null 2>&1 && break; sleep 0.1; done; '
        script += 'rauc -c "$0" install "$3"; code=$?; kill $!; wait; cat "$2" >&2; exit $code'
        mount = self.folder / "mount"
        mount.mkdir(exist_ok=True)
        arguments = [self.folder / "system.conf", mount, self.folder / "service.log", bundle]
        return subprocess.run(
            ["dbus-run-session", "--", "bash", "-c", script, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    """Version 0.2.0 in slot A and 0.1.0 in slot B; A runs."""
    if os.geteuid() != 0:
        pytest.skip("loop devices need root")
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [package for tool, package in _TOOLS.items() if shutil.which(tool, path=path) is None]
    assert not missing, f"apt install {' '.join(missing)}"
    folder = tmp_path_factory.mktemp("rauc")
    slots: dict[str, str] = {}
    try:
        for name in ("vda2", "vda3", "vda4", "vda5"):
            backing = folder / name
            backing.write_bytes(bytes(SLOT_BYTES))
            made = subprocess.run(
                ["losetup", "-f", "--show", str(backing)], capture_output=True, text=True, check=False
            )
            if made.returncode:
                pytest.skip(f"no loop device: {made.stderr.strip()}")
            slots[name] = made.stdout.strip()
        keys = by_path.load(ROOT / "image/keys.py")
        keys.make_keys(folder / "keys", NOW)
        keys.make_keys(folder / "stranger", NOW, "stranger")
        (folder / "disk").write_bytes(bytes(QEMU_OFFSET + SECTOR))
        (folder / "proc").mkdir()
        (folder / "proc/cmdline").write_text("rauc.slot=A\n", "ascii")
        for name, text in (("backend", _BACKEND), ("allow", _ALLOW)):
            file = folder / name
            file.write_text(
                text.format(python=sys.executable, disk=str(folder / "disk"), folder=str(folder)), encoding="utf-8"
            )
            file.chmod(0o755)
        text = (ROOT / "image/qemu/system.conf").read_text("utf-8")
        for name, device in slots.items():
            text = text.replace(f"/dev/{name}", device)
        for there, here in (
            ("/usr/lib/kaopi/rauc-backend", folder / "backend"),
            ("/usr/lib/kaopi/rauc-allow", folder / "allow"),
            ("/etc/rauc/keyring.pem", folder / "keys/ca.crt"),
            ("/run/rauc", folder / "mount"),
            ("data-directory=/data/rauc", f"statusfile={folder / 'status.raucs'}"),  # the name in RAUC before 1.9
            ("bundle-formats=verity", "bundle-formats=plain"),
        ):
            assert there in text
            text = text.replace(there, str(here))
        (folder / "system.conf").write_text(text, "utf-8")
        yield Kiosk(folder, {"A": slots["vda4"], "B": slots["vda5"]}, folder / "keys", folder / "stranger")
    finally:
        for device in slots.values():
            subprocess.run(["losetup", "-d", device], check=False)


@pytest.fixture
def before(kiosk: Kiosk) -> Kiosk:
    """The same machine, always as it was at first."""
    (kiosk.folder / "version").write_text("0.2.0", "ascii")
    (kiosk.folder / "status").write_text(WAITING, "ascii")
    kiosk.board.write(Choice())
    for slot, version in (("A", "0.2.0"), ("B", "0.1.0")):
        with open(kiosk.slots[slot], "wb") as device:  # noqa: PTH123
            device.write(kiosk.image("rootfs", version))
            device.flush()
            os.fsync(device.fileno())
    return kiosk


def refused(kiosk: Kiosk, bundle: Path) -> str:
    """Install something that must not be; return what was said. Nothing may have changed."""
    result = kiosk.install(bundle)
    assert result.returncode != 0, result.stdout
    assert (kiosk.holds("A"), kiosk.holds("B")) == (b"rootfs 0.2.0", b"rootfs 0.1.0")
    assert kiosk.board.read() == Choice(), "the board starts what it started before"
    return result.stdout + result.stderr


def test_a_newer_bundle_goes_into_the_other_slot_and_is_tried_once(before: Kiosk) -> None:
    result = before.install(before.bundle("0.3.0"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert (before.holds("A"), before.holds("B")) == (b"rootfs 0.2.0", b"rootfs 0.3.0")
    assert before.board.read() == Choice("A", "B")


def test_an_older_bundle_is_refused(before: Kiosk) -> None:
    assert "0.1.0, older than 0.2.0" in refused(before, before.bundle("0.1.0"))


def test_no_bundle_is_installed_while_a_patient_is_served(before: Kiosk) -> None:
    (before.folder / "status").write_text(SERVING, "ascii")
    assert "a patient is being served" in refused(before, before.bundle("0.3.0"))


def test_a_foreign_signature_is_refused(before: Kiosk) -> None:
    assert "signature" in refused(before, before.bundle("0.3.0", keys=before.stranger)).lower()


def test_a_bundle_for_another_machine_is_refused(before: Kiosk) -> None:
    assert "compatible" in refused(before, before.bundle("0.3.0", compatible="toaster")).lower()


@pytest.mark.parametrize("harm", ["payload", "signature", "unsigned"])
def test_a_spoilt_bundle_is_refused(before: Kiosk, harm: str) -> None:
    bundle = before.bundle("0.3.0")
    data = bytearray(bundle.read_bytes())
    if harm == "unsigned":
        length = int.from_bytes(data[-8:], "big")
        data = data[: -8 - length]
    else:
        data[100 if harm == "payload" else -100] ^= 1
    bundle.write_bytes(data)
    said = refused(before, bundle)
    assert "signature" in said.lower() or "verif" in said.lower(), said
