"""Builds the Debian root that stands for the device: trixie with what kaopi depends on, and picamera2 from PyPI.

It holds nothing of kaopi. It is built once for a recipe and then only read: every test boots it under an overlay.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

SUITE = "trixie"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kaopi" / "device"

# The package's own dependencies, so that it installs without a network, and what an SD card image has besides.
PACKAGES = (
    "ca-certificates",
    "dbus",
    "iproute2",
    "init-system-helpers",
    "libasound2t64",
    "libccid",
    "libdrm2",
    "libegl1",
    "libgbm1",
    "libgl1-mesa-dri",
    "libgles2",
    "libudev1",
    "pcscd",
    "polkitd",
    "python3",
    "python3-libcamera",
    "python3-pyscard",
    "python3-venv",
    "libcamera-ipa",
    "systemd-sysv",
    "udev",
    "vsmartcard-vpcd",
)
# What picamera2 from PyPI is compiled with. On a Pi it is the distribution's package.
COMPILERS = ("gcc", "libcap-dev", "python3-dev")
PICAMERA2 = "picamera2==0.3.38"

_SETUP = f"""
set -e
python3 -m venv /tmp/pip
/tmp/pip/bin/pip install --quiet --target /opt/picamera2 {PICAMERA2}
echo /opt/picamera2 > /usr/lib/python3/dist-packages/picamera2.pth
rm -rf /tmp/pip /root/.cache
"""


def _run(*arguments: str | Path, env: dict[str, str] | None = None) -> None:
    result = subprocess.run(
        list(map(str, arguments)), capture_output=True, text=True, check=False, env=env, stdin=subprocess.DEVNULL
    )
    if result.returncode:
        raise RuntimeError(f"{arguments[0]} failed:\n{(result.stdout + result.stderr)[-4000:]}")


def base_root() -> Path:
    """Return the root, built now where this recipe has not been built before (two to four minutes)."""
    recipe = "\n".join((SUITE, *PACKAGES, *COMPILERS, _SETUP))
    root = CACHE / f"{SUITE}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    if (root / "usr/lib/python3/dist-packages/picamera2.pth").exists():
        return root
    if shutil.which("mmdebstrap") is None:
        raise RuntimeError("mmdebstrap is missing: apt install mmdebstrap")
    CACHE.mkdir(parents=True, exist_ok=True)
    draft = root.with_name(root.name + f".draft-{os.getpid()}")
    packages = ",".join((*PACKAGES, *COMPILERS))
    _run("mmdebstrap", "--mode=root", "--variant=minbase", f"--include={packages}", SUITE, draft)
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
