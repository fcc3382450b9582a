"""The disk with updates that a technician brings: one good, and one of each kind that must be refused."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hw_sim import by_path
from hw_sim.image.machine import disk_of

_REPOSITORY = Path(__file__).resolve().parents[3]
COMPATIBLE = "kaopi-qemu-arm64"

#: Bundles that must be refused, and a word of the reason.
REFUSED = {
    "older": "older than",
    "foreign": "signature",
    "unsigned": "signature",
    "spoilt": "was not installed",
    "toaster": "compatible",
}


@dataclass(frozen=True, slots=True)
class Update:
    """A bundle with the images in it."""

    file: Path
    version: str
    boot: Path
    root: Path


def newest(folder: Path) -> Update:
    """Return the bundle that image/debian.py left in ``folder``."""
    (file,) = folder.glob("kaopi-arm64-*.raucb")
    version = file.stem.removeprefix("kaopi-arm64-")
    return Update(file, version, folder / "boot.vfat", folder / "root.erofs")


def small(target: Path, version: str, keys: Path, compatible: str = COMPATIBLE) -> Path:
    """Sign a verity bundle of two small images of noise."""
    content = target.with_suffix(".content")
    shutil.rmtree(content, ignore_errors=True)
    content.mkdir()
    for name in ("boot", "root"):
        (content / f"{name}.img").write_bytes(os.urandom(1 << 20))
    manifest = f"[update]\ncompatible={compatible}\nversion={version}\n[bundle]\nformat=verity\n"
    manifest += "[image.boot]\nfilename=boot.img\n[image.rootfs]\nfilename=root.img\n"
    (content / "manifest.raucm").write_text(manifest, "utf-8")
    target.unlink(missing_ok=True)
    signer = (f"--cert={keys / 'release.crt'}", f"--key={keys / 'release.key'}")
    subprocess.run(["rauc", "bundle", *signer, str(content), str(target)], check=True, capture_output=True)
    shutil.rmtree(content)
    return target


def disk(work: Path, new: Update, keys: Path) -> Path:
    """Return an ext4 image of all of them."""
    folder = work / "bundles"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copyfile(new.file, folder / "new.raucb")
    stranger = work / "stranger"
    by_path.load(_REPOSITORY / "image/keys.py").make_keys(stranger, dt.datetime.now(dt.UTC), "stranger")
    small(folder / "older.raucb", "0.0.1", keys)
    small(folder / "foreign.raucb", "9.0.0", stranger)
    small(folder / "toaster.raucb", "9.0.0", keys, "toaster")
    whole = small(folder / "unsigned.raucb", "9.0.0", keys).read_bytes()
    (folder / "unsigned.raucb").write_bytes(whole[: -8 - int.from_bytes(whole[-8:], "big")])
    spoilt = bytearray(small(folder / "spoilt.raucb", "9.0.0", keys).read_bytes())
    spoilt[len(spoilt) // 2] ^= 1  # in the payload: the signature alone would not notice
    (folder / "spoilt.raucb").write_bytes(spoilt)
    target = disk_of(folder, work / "bundles.ext4")
    shutil.rmtree(folder)
    return target
