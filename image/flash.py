"""Writes an image to an SD card or disk: shows what is on it, refuses what must not be lost, asks, writes, reads back.

Needs only the standard library and lsblk: ``sudo python3 image/flash.py out/image/kaopi.img /dev/sdX``.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import gzip
import hashlib
import json
import lzma
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

CHUNK = 4 << 20
_BLKFLSBUF = 0x1261  # linux/fs.h: forget what is cached of a block device
_COLUMNS = "NAME,PATH,TYPE,SIZE,MODEL,SERIAL,TRAN,RM,RO,FSTYPE,LABEL,MOUNTPOINTS"
_HOLDERS = {"crypt", "lvm", "raid0", "raid1", "raid5", "raid6", "raid10", "mpath"}
_SYSTEM = ("/", "/boot", "/usr", "/var", "/home", "/etc")
_LARGE = 256 * 10**9  # nobody puts a kiosk on more


class FlashError(RuntimeError):
    """The disk is not written; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """A partition, or the disk itself when it has none."""

    name: str
    kind: str
    size: int
    holds: str
    label: str
    mounted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disk:
    """A block device as lsblk tells of it. size: bytes."""

    path: str
    kind: str
    size: int
    model: str
    serial: str
    transport: str
    removable: bool
    read_only: bool
    parts: tuple[Part, ...] = field(default=())

    @property
    def name(self) -> str:
        """What the kernel calls it, as sdb."""
        return Path(self.path).name


def lsblk(path: str) -> dict[str, Any]:
    """Return lsblk's own words about one device. Raises FlashError when it is none."""
    command = ["lsblk", "--json", "--bytes", "--output", _COLUMNS, path]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise FlashError(f"{path} is no disk: run `lsblk` before and after plugging it in, and take the new one")
    found: dict[str, Any] = json.loads(result.stdout)["blockdevices"][0]
    return found


def disk_from(told: dict[str, Any]) -> Disk:
    """Return the disk that lsblk's JSON object describes."""
    return Disk(
        path=told["path"],
        kind=told["type"],
        size=int(told["size"]),
        model=(told.get("model") or "").strip(),
        serial=(told.get("serial") or "").strip(),
        transport=told.get("tran") or "",
        removable=bool(told.get("rm")),
        read_only=bool(told.get("ro")),
        parts=tuple(_parts(told)),
    )


def _parts(told: dict[str, Any]) -> Iterator[Part]:
    if told["type"] != "disk" or told.get("fstype") or any(told.get("mountpoints") or []):
        mounted = tuple(place for place in told.get("mountpoints") or [] if place)
        holds = (told.get("fstype") or "", told.get("label") or "")
        yield Part(told["name"], told["type"], int(told["size"]), *holds, mounted)
    for child in told.get("children") or []:
        yield from _parts(child)


def describe(disk: Disk) -> str:
    """Return what a person needs to recognise the disk."""
    identity = " ".join(word for word in (disk.model or "unknown model", disk.serial, disk.transport) if word)
    lines = [f"{disk.path}: {identity}, {size(disk.size)}"]
    for part in disk.parts:
        label = f" {part.label!r}" if part.label else ""
        mounted = f", mounted at {', '.join(part.mounted)}" if part.mounted else ""
        lines.append(f"  {part.name}: {size(part.size)} {part.holds or 'unknown contents'}{label}{mounted}")
    return "\n".join(lines if disk.parts else [*lines, "  nothing on it"])


def size(count: int) -> str:
    """Return bytes as makers of disks count them."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} bytes"


def refuse(disk: Disk, needed: int) -> None:
    """Raise FlashError when this disk must not, or cannot, be written. needed: the image's size in bytes."""
    mounts = [place for part in disk.parts for place in part.mounted]
    if system := [place for place in mounts if place in _SYSTEM or place.startswith("/boot") or place == "[SWAP]"]:
        raise FlashError(f"{disk.path} holds this computer's own system ({system[0]}): choose the SD card's device")
    if held := [part.name for part in disk.parts if part.kind in _HOLDERS]:
        raise FlashError(f"{disk.path} is in use by {held[0]} (encryption, LVM or RAID): choose the SD card's device")
    if disk.kind not in ("disk", "loop"):
        whole = "give the whole disk, as /dev/sdb or /dev/mmcblk0"
        raise FlashError(f"{disk.path} is a {disk.kind or 'thing'} and no whole disk: {whole}")
    if mounts:
        raise FlashError(f"{disk.path} is mounted at {mounts[0]}: unmount it (`umount {mounts[0]}`) and start again")
    if disk.read_only:
        raise FlashError(f"{disk.path} is write-protected: push the card's slider and put it in again")
    if disk.size < needed:
        raise FlashError(f"{disk.path} has {size(disk.size)}, the image needs {size(needed)}: take a larger card")
    if disk.size > _LARGE and not disk.removable and disk.transport != "usb":
        raise FlashError(f"{disk.path} is a built-in disk of {size(disk.size)}: choose the SD card's device")


@contextlib.contextmanager
def opened(image: Path) -> Iterator[IO[bytes]]:
    """Open an image, unpacking .xz and .gz on the way."""
    openers: dict[str, Callable[..., Any]] = {".xz": lzma.open, ".gz": gzip.open}
    with openers.get(image.suffix, open)(image, "rb") as stream:
        yield stream


def measure(image: Path) -> tuple[int, str]:
    """Return the image's unpacked size in bytes and its SHA-256. Raises FlashError when it is not whole."""
    digest, count = hashlib.sha256(), 0
    try:
        with opened(image) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                count += len(chunk)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise FlashError(f"{image} cannot be read ({error}): build or copy it again") from None
    if not count:
        raise FlashError(f"{image} is empty: build or copy it again")
    beside = image.with_name(image.name + ".sha256")
    if beside.exists() and beside.read_text("ascii").split()[0] != digest.hexdigest():
        raise FlashError(f"{image} is not what {beside.name} says: build or copy it again")
    return count, digest.hexdigest()


def write(image: Path, target: str, count: int, say: Callable[[str], None]) -> None:
    """Copy the image onto the device and make the device keep it. Raises OSError."""
    done = 0
    exclusive = os.O_EXCL if stat.S_ISBLK(Path(target).stat().st_mode) else 0  # the kernel refuses what is in use
    with opened(image) as source, os.fdopen(os.open(target, os.O_WRONLY | exclusive), "wb", buffering=0) as sink:
        while chunk := source.read(CHUNK):
            view = memoryview(chunk)
            while view:
                view = view[sink.write(view) :]
            before, done = done, done + len(chunk)
            if done * 10 // count != before * 10 // count:
                os.fsync(sink.fileno())  # progress means: on the card
                say(f"written {done * 100 // count} %")
        os.fsync(sink.fileno())


def read_back(target: str, count: int) -> str:
    """Return the SHA-256 of the device's first ``count`` bytes, read from the device itself."""
    digest = hashlib.sha256()
    with open(target, "rb", buffering=0) as source:  # noqa: PTH123 - a device, not a file
        os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        with contextlib.suppress(OSError):  # a plain file has no such buffer
            fcntl.ioctl(source.fileno(), _BLKFLSBUF)
        left = count
        while left and (chunk := source.read(min(CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def flash(
    image: Path,
    target: str,
    *,
    ask: Callable[[str], str] = input,
    say: Callable[[str], None] = print,
    look: Callable[[str], dict[str, Any]] = lsblk,
) -> str:
    """Do it all; return the SHA-256 that was verified on the disk. Raises FlashError, or OSError."""
    say(f"reading {image}")
    count, digest = measure(image)
    disk = disk_from(look(target))
    say(describe(disk))
    refuse(disk, count)
    say(f"Everything on it will be lost. {size(count)} of {image.name} will be written.")
    if ask(f"Type {disk.name} to go on: ").strip() != disk.name:
        raise FlashError("not confirmed; nothing was written")
    refuse(disk_from(look(target)), count)  # somebody may have mounted it meanwhile
    write(image, disk.path, count, say)
    say("reading back")
    found = read_back(disk.path, count)
    if found != digest:
        raise FlashError(f"{disk.path} does not hold what was written: the card is worn or false; take another one")
    say(f"good: sha256 {digest}")
    return digest


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("device")
    options = parser.parse_args(arguments)
    try:
        flash(options.image, options.device)
    except PermissionError as error:
        sys.stderr.write(f"{error}: run it as root (sudo)\n")
        return 1
    except (FlashError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (KeyboardInterrupt, EOFError):
        sys.stderr.write("\nstopped\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
