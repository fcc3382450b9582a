"""Sets up a checkout: virtual environment from the locked, hashed requirements, and Debian packages for the tests.

Runs on a bare Python (3.11 or later) with nothing installed. ``python3 tools/setup.py demo`` needs no compiler;
``test`` adds what the tests use: as root on Debian it installs packages, otherwise it prints the one line to run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
sys.path.insert(0, str(ROOT / "packaging"))

import lock  # noqa: E402 - packaging/ is no package; its lock reader needs only the standard library

# Debian packages by what a test would miss without them.
DEBIAN = {
    "gcc": "/usr/bin/gcc",
    "libc6-dev": "/usr/include/stdlib.h",
    "libpcsclite-dev": "/usr/include/PCSC/winscard.h",
    "pcscd": "/usr/sbin/pcscd",
    "vsmartcard-vpcd": "/etc/reader.conf.d/vpcd",
    "opensc": "/usr/bin/pkcs11-tool",
    "mosquitto": "/usr/sbin/mosquitto",
    "mosquitto-clients": "/usr/bin/mosquitto_sub",
    "chromium": "/usr/bin/chromium",
    "chromium-driver": "/usr/bin/chromedriver",
    "systemd": "/usr/bin/systemd-analyze",
    "iproute2": "/usr/sbin/ip",
    "systemd-container": "/usr/bin/systemd-nspawn",
    "mmdebstrap": "/usr/bin/mmdebstrap",
    "dpkg-dev": "/usr/bin/dpkg-architecture",
    "lintian": "/usr/bin/lintian",
    "strace": "/usr/bin/strace",
    "npm": "/usr/bin/npm",
    "rauc": "/usr/bin/rauc",
    "squashfs-tools": "/usr/bin/mksquashfs",
    "dbus-daemon": "/usr/bin/dbus-run-session",
    "dosfstools": "/usr/sbin/mkfs.vfat",
    "mtools": "/usr/bin/mcopy",
    "e2fsprogs": "/usr/sbin/mke2fs",
    "fdisk": "/usr/sbin/sfdisk",
    "u-boot-tools": "/usr/bin/mkimage",
    "u-boot-qemu": "/usr/lib/u-boot/qemu_arm64/u-boot.bin",
    "qemu-utils": "/usr/bin/qemu-img",
    "qemu-system-arm": "/usr/bin/qemu-system-aarch64",
    "openssh-client": "/usr/bin/ssh-keygen",
    "fonts-morisawa-bizud-gothic": "/usr/share/doc/fonts-morisawa-bizud-gothic",
    "fonts-ipaexfont": "/usr/share/doc/fonts-ipaexfont",
    "fonts-noto-cjk": "/usr/share/doc/fonts-noto-cjk",
    "fonts-ocr-b": "/usr/share/doc/fonts-ocr-b",
    "fonts-liberation": "/usr/share/doc/fonts-liberation",
}


def say(message: str) -> None:
    """Print at once, so that long steps show."""
    print(message, flush=True)  # noqa: T201 - this is a command


def run(*command: str, **extra: str) -> None:
    """Run a command; its failure ends the set-up with its own message."""
    result = subprocess.run(command, check=False, cwd=ROOT, env={**os.environ, **extra})
    if result.returncode:
        say(f"failed: {' '.join(command)}")
        raise SystemExit(result.returncode)


def apt(*packages: str) -> None:
    """Install Debian packages as root; otherwise say which line to run and stop."""
    line = "apt-get install -y --no-install-recommends " + " ".join(packages)
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        say(f"these Debian packages are missing; run this once, then again what you ran:\n  sudo {line}")
        raise SystemExit(1)
    say(f"installing Debian packages: {' '.join(packages)}")
    run("apt-get", "update", "-qq")
    run(*line.split(), DEBIAN_FRONTEND="noninteractive")


def requirements(level: str) -> str:
    """Return the locked lines for this Python: everything for ``test``; for ``demo`` only what runs the simulator."""
    name = f"py{sys.version_info.major}.{sys.version_info.minor}.txt"
    path = ROOT / "requirements" / name
    if not path.exists():
        known = ", ".join(sorted(p.stem.removeprefix("py") for p in path.parent.glob("py*.txt")))
        say(f"there is no lock for this Python ({name}); use one of: {known}")
        raise SystemExit(1)
    pins = lock.read(path)
    groups = ("", ":sim", ":build") if level == "demo" else ("", ":sim", ":build", ":dev")
    asked = {f"kaopi (pyproject.toml{group})" for group in groups}
    roots = [pin.name for pin in pins.values() if pin.parents & asked]
    if level == "demo":
        roots.remove("pyscard")  # has no wheel: needs a compiler, and the demo's card answers in process
    return "\n".join(pin.line() for pin in lock.runtime(pins, roots)) + "\n"


def venv() -> None:
    """Make the virtual environment."""
    if PYTHON.exists():
        return
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        apt("python3-venv")
    say("making .venv")
    run(sys.executable, "-m", "venv", str(VENV))


def install(level: str) -> None:
    """Install the locked requirements and the two packages of this checkout, unless that was done already."""
    lines = requirements(level)
    digest = hashlib.sha256(lines.encode())
    for file in ("pyproject.toml", "hw-sim/pyproject.toml"):
        digest.update((ROOT / file).read_bytes())
    done = VENV / f".{level}-{digest.hexdigest()[:16]}"
    if done.exists():
        return
    say(f"installing the locked requirements ({lines.count(chr(10))} packages)")
    wanted = VENV / "requirements.txt"
    wanted.write_text(lines, encoding="utf-8")
    pip = (str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(*pip, "--require-hashes", "--no-deps", "-r", str(wanted))
    run(*pip, "--no-deps", "--no-build-isolation", "-e", ".", "-e", "hw-sim")
    done.touch()


def main(arguments: list[str]) -> int:
    """Set up for ``demo`` or ``test``."""
    level = arguments[0] if arguments else "demo"
    if level not in ("demo", "test"):
        say("usage: python3 tools/setup.py demo|test")
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036 - it is what a technician with an old system must be told
        say(f"kaopi needs Python 3.11 or later; this is {sys.version.split()[0]}")
        return 1
    if level == "test":
        missing = [package for package, proof in DEBIAN.items() if not Path(proof).exists()]
        header = Path(sys.base_prefix) / "include" / f"python3.{sys.version_info.minor}" / "Python.h"
        if not header.exists():
            missing.append("python3-dev")
        if missing:
            apt(*missing)
    venv()
    install(level)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
