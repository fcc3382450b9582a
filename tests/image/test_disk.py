"""A whole disk, built in seconds with small stand-ins for the system, and the real U-Boot choosing a slot on it.

Needs what `make image` needs (image/debian.py names the packages) and, for the board, qemu-system-arm and u-boot-qemu.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hw_sim.image.cuts import Disk, choice_of
from hw_sim.image.machine import U_BOOT, Machine, overlay_of

from reader.update.boot import Choice, QemuBoard

pytestmark = pytest.mark.timeout(600)
EPOCH = 1_763_700_000
WITHIN_S = 100.0
MIB = 1 << 20


@pytest.fixture(scope="session")
def debian(module: Callable[[str], ModuleType]) -> ModuleType:
    return module("debian")


@pytest.fixture(scope="session", autouse=True)
def _able(debian: ModuleType) -> None:
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    needed = {name: debian.NEEDED[name] for name in ("mkfs.vfat", "mcopy", "mke2fs", "sfdisk", "mkimage")}
    needed["qemu-img"] = "qemu-utils"
    missing = [package for tool, package in needed.items() if shutil.which(tool, path=path) is None]
    if missing:
        pytest.skip(f"building a disk needs: apt install {' '.join(missing)}")


@pytest.fixture(scope="session")
def images(debian: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A slot's two images: a boot partition with files that are no kernel, and a little noise for a root."""
    folder = tmp_path_factory.mktemp("slots")
    root = folder / "root"
    (root / "boot").mkdir(parents=True)
    (root / "boot/vmlinuz-0").write_bytes(b"no kernel" * 1000)
    (root / "boot/initrd.img-0").write_bytes(b"no initrd" * 1000)
    boot = folder / "boot.vfat"
    debian.run("mkfs.vfat", "--invariant", "-F", "16", "-n", "BOOT", "-C", boot, str(96 * 1024), epoch=EPOCH)
    for source, name in (("vmlinuz-0", "vmlinuz"), ("initrd.img-0", "initrd.img")):
        debian.run("mcopy", "-i", boot, "-m", root / "boot" / source, f"::{name}", epoch=EPOCH)
    system = folder / "root.erofs"
    system.write_bytes(hashlib.sha256(b"root").digest() * 4096)
    return boot, system


@pytest.fixture(scope="session")
def disk(debian: ModuleType, images: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target: Path = tmp_path_factory.mktemp("disk") / "disk.img"
    debian.disk(*images, target, EPOCH)
    return target


def test_the_partitions_lie_where_everybody_looks(debian: ModuleType, disk: Path) -> None:
    told = subprocess.run(["/usr/sbin/sfdisk", "--json", str(disk)], capture_output=True, text=True, check=True).stdout
    parts = json.loads(told)["partitiontable"]["partitions"]
    assert [(part["name"], part["size"] * 512 // MIB) for part in parts] == [
        (name, size) for name, size, _ in debian.PARTITIONS
    ]
    assert parts[0]["start"] * 512 == debian.FIRST_MIB * MIB


def test_both_slots_are_filled_alike_and_the_choice_is_a(disk: Path, images: tuple[Path, Path], tmp_path: Path) -> None:
    with Disk(overlay_of(disk, tmp_path / "photo.qcow2")) as photo:
        assert photo.slot_is("A", images)
        assert photo.slot_is("B", images)
        other = tmp_path / "other"
        other.write_bytes(b"x" * 4096)
        assert not photo.slot_is("A", (images[0], other))
    assert QemuBoard(disk).read() == Choice()


def test_the_same_content_gives_the_same_bytes(
    debian: ModuleType, disk: Path, images: tuple[Path, Path], tmp_path: Path
) -> None:
    debian.disk(*images, tmp_path / "disk.img", EPOCH)
    for name in ("config.vfat", "data.ext4", "boot.scr"):
        assert (tmp_path / name).read_bytes() == (disk.parent / name).read_bytes(), name
    with (tmp_path / "disk.img").open("rb") as one, disk.open("rb") as two:
        assert one.read(2 * MIB) == two.read(2 * MIB), "the partition table"


def test_the_data_partition_is_empty_but_for_its_folders(debian: ModuleType, disk: Path, tmp_path: Path) -> None:
    photo = Disk(overlay_of(disk, tmp_path / "photo.qcow2"))
    with photo:
        assert photo.kept() == ("", "")


# -- U-Boot ---------------------------------------------------------------------------------------------------------


def started(disk: Path, folder: Path, choice: Choice) -> tuple[list[str], Choice]:
    """Start a board whose slots hold no kernel; return the slots it turned to, and what it left chosen."""
    if shutil.which("qemu-system-aarch64") is None or not U_BOOT.exists():
        pytest.skip("the board needs: apt install qemu-system-arm u-boot-qemu")
    raw = folder / "raw.img"
    subprocess.run(["cp", "--sparse=always", str(disk), str(raw)], check=True)
    QemuBoard(raw).write(choice)
    own = overlay_of(raw, folder / "own.qcow2")
    machine = Machine(own, folder / "board", memory=512, processors=1)
    with machine:
        machine.until("U-Boot", within_s=WITHIN_S)
        photo = machine.photograph(folder / "onward.qcow2")
        frozen = photo.read_bytes()
        machine.until("resetting ...", within_s=WITHIN_S)
        said, written = machine.said(), machine.written()
    assert (written > 0) == (choice.trial is not None), "the choice is rewritten only to forget a trial"
    assert (photo, photo.read_bytes()) == (own, frozen), "a photograph is not written on"
    return re.findall(r"kaopi: starting slot (\w)", said), choice_of(machine.disk)


@pytest.mark.parametrize(
    ("choice", "slots", "left"),
    [
        (Choice("A"), ["A", "B"], Choice("A")),
        (Choice("B", None, frozenset({"A"})), ["B", "A"], Choice("B", None, frozenset({"A"}))),
        (Choice("A", "B"), ["B", "A"], Choice("A")),
    ],
    ids=["primary A", "primary B", "B on trial"],
)
def test_the_board_starts_what_was_chosen_forgets_a_trial_and_turns_to_the_other_slot(
    disk: Path, tmp_path: Path, choice: Choice, slots: list[str], left: Choice
) -> None:
    """A slot without a kernel is left for the other one; a trial is over before it begins, so it happens once."""
    assert started(disk, tmp_path, choice) == (slots, left)
