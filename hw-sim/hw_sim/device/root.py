"""Builds the Debian root that stands for the device: trixie with what kaopi's package depends on, and picamera2.

It holds nothing of kaopi. It is built once for a recipe and then only read: every test boots it under an overlay.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

SUITE = "trixie"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kaopi" / "device"

# What an SD card's system has besides the package's own dependencies, and the driver of the virtual card.
PACKAGES = (
    "ca-certificates",
    "dbus",
    "iproute2",
    "init-system-helpers",
    "libcamera-ipa",
    "python3-libcamera",
    "systemd-sysv",
    "udev",
    "vsmartcard-vpcd",
)
# What picamera2 from PyPI is compiled with. On a Pi it is the distribution's package.
COMPILERS = ("gcc", "libcap-dev", "python3-dev", "python3-venv")
PICAMERA2 = "picamera2==0.3.38"

_SETUP = f"""
set -e
python3 -m venv /tmp/pip
/tmp/pip/bin/pip install --quiet --target /opt/picamera2 {PICAMERA2}
echo /opt/picamera2 > /usr/lib/python3/dist-packages/picamera2.pth
rm -rf /tmp/pip /root/.cache
"""
# Half of the time goes into waiting for the disk; what is half built after a power cut is thrown away anyway.
_NO_SYNC = Path("/usr/share/mmdebstrap/hooks/eatmydata")
_LEAN = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("man", "locale", "doc")]


def _run(*arguments: str | Path, env: dict[str, str] | None = None) -> None:
    result = subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, check=False, env=env, stdin=subprocess.DEVNULL
    )
    if result.returncode:
        raise RuntimeError(f"{arguments[0]} failed:\n{(result.stdout + result.stderr)[-4000:]}")


def base_root(depends: Iterable[str]) -> Path:
    """Return the root, built now where this recipe has not been built before (two to four minutes).

    depends: names of the Debian packages that kaopi's package asks for; nothing else may help it to run.
    """
    packages = sorted({*depends, *PACKAGES, *COMPILERS})
    recipe = "\n".join((SUITE, *packages, *_LEAN, _SETUP))
    root = CACHE / f"{SUITE}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    if (root / "usr/lib/python3/dist-packages/picamera2.pth").exists():
        return root
    if shutil.which("mmdebstrap") is None:
        raise RuntimeError("mmdebstrap is missing: apt install mmdebstrap")
    CACHE.mkdir(parents=True, exist_ok=True)
    draft = root.with_name(root.name + f".draft-{os.getpid()}")
    quick = [f"--hook-dir={_NO_SYNC}"] if _NO_SYNC.is_dir() and shutil.which("dpkg-architecture") else []
    include = f"--include={','.join(packages)}"
    _run("mmdebstrap", "--mode=root", "--variant=minbase", *quick, *_LEAN, include, SUITE, draft)
    # The chroot reaches the package registry the way this machine does.
    for file in ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs/ca-certificates.crt"):
        if Path(file).exists():
            shutil.copyfile(file, draft / file.lstrip("/"))
    keep = {key: value for key, value in os.environ.items() if key.startswith("PIP_") or key.lower().endswith("_proxy")}
    keep.pop("PIP_FIND_LINKS", None)
    env = {**keep, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    _run("chroot", draft, "sh", "-c", _SETUP, env=env)
    draft.rename(root)
    return root
