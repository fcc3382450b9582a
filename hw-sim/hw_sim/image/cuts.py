"""The plug is pulled at many points of an update; the disk as it then is must start, whole, every time.

One update is installed while the disk is frozen again and again and written on elsewhere: each frozen state is what a
power cut at that instant leaves, the guest's memory being lost. Then it is started from each. The kiosk itself is left
out of this (masked, by systemd credentials from outside): it costs minutes under emulation and decides nothing here.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hw_sim.image.bundles import Update
from hw_sim.image.credentials import started
from hw_sim.image.machine import Machine, MachineFailed, disk_of, overlay_of
from reader.update.boot import QEMU_OFFSET, SECTOR, Choice, QemuBoard

KEPT_PHOTOS = 48
AT_ONCE = 2
SLOT_PARTITIONS = {"A": (2, 4), "B": (3, 5)}
DATA_PARTITION = 6
SETTINGS, RESULT = "settings-of-the-clinic", "result-that-waits"

_MASKED = "kaopi-kiosk kaopi-uplink kaopi-provision kaopi-gate kaopi-swapoff NetworkManager ssh pcscd systemd-resolved"

#: Only what an update needs is started; then the second disk's script runs.
INSTALLING = started(
    {
        "a": f"""[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'systemctl --runtime mask {_MASKED}; systemctl daemon-reload'
""",
        "b": """[Unit]
DefaultDependencies=no
After=sysinit.target dbus.socket a.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'mkdir -p /run/b && mount -o ro /dev/vdb /run/b && exec sh /run/b/install.sh >/dev/console 2>&1'
""",
    }
)

_SCRIPT = f"""slot=$(sed 's/.*rauc.slot=\\(.\\).*/\\1/' /proc/cmdline)
echo "kaopi: slot $slot is up"
[ ! -e /var/lib/kaopi/kept ] || exit 0
printf %s {SETTINGS} > /etc/kaopi/site.toml
printf %s {RESULT} > /var/lib/kaopi/kept
sync
echo "kaopi: installing"
kaopi update install /run/b/new.raucb
echo "kaopi: the installation ended with $?"
"""

#: Says which slot runs and what survived, as early as it can be said, and switches off.
PROBE = started(
    {
        "a": """[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'mkdir -p /run/d; mount /dev/vda6 /run/d; \\
    site=$$(cat /run/d/etc-kaopi/site.toml); kept=$$(cat /run/d/var-kaopi/kept); \\
    echo "kaopi: alive in $$(cat /proc/cmdline), $$site and $$kept" > /dev/console; \\
    umount /run/d; systemctl poweroff --force --force'
""",
    }
)


#: A disk in fstab that never comes: Linux itself starts, the system does not.
FAILING = {"fstab.extra": "/dev/never /mnt ext4 x-systemd.device-timeout=5s 0 0\n"}


def photograph_during(machine: Machine, folder: Path, over: threading.Event) -> list[Path]:
    """Freeze the disk until ``over`` whenever it has changed; every other photograph counts when there are too many."""
    folder.mkdir()
    photos: list[Path] = []
    pause, written = 0.5, -1
    number = itertools.count(1)
    while not over.wait(pause):
        before, written = written, machine.written()
        if written == before:
            continue
        photos.append(machine.photograph(folder / f"{next(number):04d}.qcow2"))
        if len(photos) > KEPT_PHOTOS:
            photos = photos[::2]
            pause *= 2
    return photos


def spread(photos: list[Path], count: int) -> list[Path]:
    """Return ``count`` photos at even distances, the first and the last among them. Raises ValueError with too few."""
    if len(photos) < count:
        raise ValueError(f"only {len(photos)} photos, {count} are wanted")
    return [photos[round(index * (len(photos) - 1) / (count - 1))] for index in range(count)]


def choice_of(photo: Path) -> Choice:
    """Return which slot a photographed disk starts next."""
    sector = photo.with_suffix(".sector")
    command = ["qemu-img", "dd", "-O", "raw", f"bs={SECTOR}", f"count={QEMU_OFFSET // SECTOR + 1}"]
    subprocess.run([*command, f"if={photo}", f"of={sector}"], check=True)
    choice = QemuBoard(sector).read()
    sector.unlink()
    return choice


class Disk:
    """A photographed disk, opened on this computer. Use as a context."""

    def __init__(self, photo: Path) -> None:
        self._raw = photo.with_suffix(".raw")
        self._data = photo.with_suffix(".data")
        subprocess.run(["qemu-img", "convert", "-q", "-O", "raw", str(photo), str(self._raw)], check=True)
        command = ["/usr/sbin/sfdisk", "--json", str(self._raw)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        self._table = json.loads(told)["partitiontable"]["partitions"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.unlink()
        self._data.unlink(missing_ok=True)

    def slot_is(self, slot: str, images: tuple[Path, Path]) -> bool:
        """Whether a slot holds exactly these images (boot, root)."""
        for number, image in zip(SLOT_PARTITIONS[slot], images, strict=True):
            with self._raw.open("rb") as disk, image.open("rb") as wanted:
                disk.seek(self._table[number - 1]["start"] * SECTOR)
                while block := wanted.read(1 << 22):
                    if disk.read(len(block)) != block:
                        return False
        return True

    def kept(self) -> tuple[str, str]:
        """Replay the data partition's journal as a start does; return settings and result. Raises MachineFailed."""
        part = self._table[DATA_PARTITION - 1]
        with self._raw.open("rb") as disk, self._data.open("wb") as data:
            disk.seek(part["start"] * SECTOR)
            data.write(disk.read(part["size"] * SECTOR))
        command = ["/usr/sbin/e2fsck", "-fp", str(self._data)]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        if checked.returncode > 1:
            raise MachineFailed(f"the data partition is damaged: {checked.stdout}{checked.stderr}")
        return self._file("/etc-kaopi/site.toml"), self._file("/var-kaopi/kept")

    def _file(self, path: str) -> str:
        command = ["/usr/sbin/debugfs", "-R", f"cat {path}", str(self._data)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def start_again(photo: Path, images: dict[str, tuple[Path, Path]], slow: float, *, full: bool) -> dict[str, Any]:
    """Start from a photographed disk; return which slot came up and which system it holds.

    full: wait for Linux, its root and the data partition; otherwise only until U-Boot has loaded kernel and initrd of
    the slot it chose, which together with that slot's bytes decides what Linux does. Raises MachineFailed.
    """
    folder = photo.with_suffix("")
    folder.mkdir(exist_ok=True)
    machine = Machine(overlay_of(photo, folder / "run.qcow2"), folder, credentials=PROBE, memory=1024, processors=1)
    machine.console.unlink(missing_ok=True)
    began = time.monotonic()
    with machine:
        machine.until(f"and {RESULT}" if full else "Starting kernel", within_s=30 * slow)
        said = machine.said()
    machine.disk.unlink()
    starts = re.findall(r"kaopi: starting slot (\w)", said)
    alive = re.findall(rf"alive in .*rauc\.slot=(\w).*, {SETTINGS} and {RESULT}", said)
    found = {"photo": photo.stem, "starts": starts, "linux": bool(alive), "seconds": round(time.monotonic() - began, 1)}
    if full and alive != starts[-1:]:
        raise MachineFailed(f"{found}: settings or results did not survive:\n{said[-1000:]}")
    with Disk(photo) as disk:
        if disk.kept() != (SETTINGS, RESULT):
            raise MachineFailed(f"{found}: settings or results did not survive: {disk.kept()}")
        # What starts is, byte for byte, a system that was installed whole; never a half-written one.
        held = [name for name, pair in images.items() if disk.slot_is(starts[-1], pair)]
    if not held:
        raise MachineFailed(f"{found}: slot {starts[-1]} holds neither the old nor the new system whole")
    return {**found, "system": held[0]}


def cut_off(
    image: Path,
    old: tuple[Path, Path],
    new: Update,
    folder: Path,
    count: int,
    full: int,
    slow: float,
    found: dict[str, Any],
    say: Callable[[str], object],
) -> list[Path]:
    """Install ``new`` over ``image``, and start from ``count`` instants of that, ``full`` of them up to Linux.

    folder: made anew. Returns all photographs, in order. Raises MachineFailed.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    photos = _installed(image, new, folder, slow, say)
    images = {"old": old, "new": (new.boot, new.root)}
    found["photos"], found["cuts"] = len(photos), []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        chosen = list(enumerate(spread(photos, count)))
        step = count / full if full else count + 1.0
        deep = {round(number * step) for number in range(full)}
        for result in pool.map(lambda one: start_again(one[1], images, slow, full=one[0] in deep), chosen):
            found["cuts"].append(result)
            say(str(result))
    found["booted"] = f"{len(found['cuts'])} of {count}"
    return photos


def fall_back(photos: list[Path], folder: Path, slow: float) -> list[str]:
    """Start the new slot where its system cannot come up; return the slots that were started, the old one last.

    Nobody can log in to repair it: it must start again by itself, and a trial is over by then. Raises MachineFailed.
    """
    armed = next((photo for photo in reversed(photos) if choice_of(photo).trial == "B"), None)
    if armed is None:
        raise MachineFailed("no photograph with slot B on trial")
    machine = Machine(overlay_of(armed, folder / "failing.qcow2"), folder / "failing", None, (), FAILING, memory=1024)
    with machine:
        machine.until("kaopi: starting slot B", within_s=30 * slow)
        machine.until("kaopi: the start failed; starting again", within_s=30 * slow)
        machine.until("kaopi: starting slot A", within_s=30 * slow)
        return re.findall(r"kaopi: starting slot (\w)", machine.said())


def _installed(image: Path, new: Update, folder: Path, slow: float, say: Callable[[str], object]) -> list[Path]:
    """Install the update and restart into it, once; return the photographs, in order."""
    (folder / "install.sh").write_text(_SCRIPT, "utf-8")
    content = folder / "content"
    content.mkdir()
    for source, name in ((new.file, "new.raucb"), (folder / "install.sh", "install.sh")):
        subprocess.run(["cp", "--reflink=auto", str(source), str(content / name)], check=True)
    updates = disk_of(content, folder / "updates.ext4")
    machine = Machine(overlay_of(image, folder / "0000.qcow2"), folder / "machine", None, (updates,), INSTALLING)
    over, photos = threading.Event(), list[Path]()
    with machine:
        machine.until("kaopi: installing", within_s=30 * slow)
        say("installing, and photographing the disk meanwhile")
        camera = threading.Thread(target=lambda: photos.extend(photograph_during(machine, folder / "photos", over)))
        camera.start()
        try:
            machine.until("will be tried at the next restart", within_s=90 * slow)
            say("installed")
            machine.until("kaopi: slot B is up", within_s=30 * slow)
        finally:
            over.set()
            camera.join()
    photos.append(machine.disk)
    say(f"slot B came up; {len(photos)} photographs")
    return photos
