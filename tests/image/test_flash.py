"""Nothing but the meant card is ever written, and what was written is read back."""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

CARD: dict[str, Any] = {
    "name": "sdb",
    "path": "/dev/sdb",
    "type": "disk",
    "size": 31_914_983_424,
    "model": "SD Card Reader ",
    "serial": "0001",
    "tran": "usb",
    "rm": True,
    "ro": False,
    "fstype": None,
    "label": None,
    "mountpoints": [None],
    "children": [
        {"name": "sdb1", "path": "/dev/sdb1", "type": "part", "size": 536_870_912, "fstype": "vfat", "label": "BOOT",
         "mountpoints": [None]},
    ],
}  # fmt: skip


def changed(part: dict[str, Any] | None = None, **disk: Any) -> dict[str, Any]:
    """Return lsblk's words about the card, with something different."""
    told: dict[str, Any] = json.loads(json.dumps(CARD)) | disk
    if part is not None:
        told["children"][0] |= part
    return told


@pytest.fixture(scope="session")
def flash(module: Callable[[str], ModuleType]) -> ModuleType:
    return module("flash")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image of a little more than one chunk."""
    file = tmp_path / "kaopi.img"
    file.write_bytes(os.urandom(1 << 20) * 5 + b"end")
    return file


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A plain file that stands for the card."""
    file = tmp_path / "card"
    file.write_bytes(b"\xaa" * (8 << 20))
    return file


def look_at(target: Path, **different: Any) -> Callable[[str], dict[str, Any]]:
    return lambda _: changed(path=str(target), size=target.stat().st_size, **different)


def test_the_card_is_shown_as_a_person_knows_it(flash: ModuleType) -> None:
    said = flash.describe(flash.disk_from(CARD))
    assert said == "/dev/sdb: SD Card Reader 0001 usb, 31.9 GB\n  sdb1: 536.9 MB vfat 'BOOT'"
    assert "nothing on it" in flash.describe(flash.disk_from(changed() | {"children": []}))


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (changed({"mountpoints": ["/"]}), "this computer's own system"),
        (changed({"mountpoints": ["/boot/firmware"]}), "this computer's own system"),
        (changed({"mountpoints": ["[SWAP]"]}), "this computer's own system"),
        (changed({"mountpoints": ["/media/card"]}), "umount /media/card"),
        (changed(mountpoints=["/mnt"]), "mounted at /mnt"),
        (changed({"children": [{"name": "vault", "type": "crypt", "size": 1, "mountpoints": []}]}), "in use by vault"),
        (changed({"children": [{"name": "root", "type": "lvm", "size": 1, "mountpoints": ["/"]}]}), "own system"),
        (changed(type="part"), "no whole disk"),
        (changed(type="rom"), "no whole disk"),
        (changed(ro=True), "write-protected"),
        (changed(size=10**9), "take a larger card"),
        (changed(size=10**12, rm=False, tran="nvme"), "built-in disk"),
    ],
)
def test_what_must_not_be_lost_is_refused_with_a_way_out(flash: ModuleType, told: dict[str, Any], says: str) -> None:
    with pytest.raises(flash.FlashError, match=says):
        flash.refuse(flash.disk_from(told), 4 * 10**9)


def test_a_card_and_a_small_built_in_disk_are_accepted(flash: ModuleType) -> None:
    flash.refuse(flash.disk_from(CARD), 4 * 10**9)
    flash.refuse(flash.disk_from(changed(size=64 * 10**9, rm=False, tran="mmc")), 4 * 10**9)


def test_the_disk_this_machine_runs_from_is_refused(flash: ModuleType) -> None:
    """Against the machine the test runs on, not only against an example."""
    source = subprocess.run(["findmnt", "-no", "SOURCE", "/"], capture_output=True, text=True, check=True).stdout
    if not source.startswith("/dev/"):
        pytest.skip("the root of this machine is on no disk of its own")
    with pytest.raises(flash.FlashError):
        flash.refuse(flash.disk_from(flash.lsblk(source.strip())), 1)


def test_something_that_is_no_device_is_refused(flash: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(flash.FlashError, match="is no disk"):
        flash.lsblk(str(tmp_path / "nothing"))


@pytest.mark.parametrize("packing", ["", ".xz", ".gz"])
def test_a_confirmed_card_holds_the_image_and_its_hash_is_told(
    flash: ModuleType, image: Path, target: Path, packing: str
) -> None:
    plain, said = image.read_bytes(), list[str]()
    if packing:
        image = image.with_name(image.name + packing)
        image.write_bytes(lzma.compress(plain) if packing == ".xz" else gzip.compress(plain))
    digest = flash.flash(image, str(target), ask=lambda _: "card", say=said.append, look=look_at(target))
    assert digest == hashlib.sha256(plain).hexdigest()
    assert target.read_bytes() == plain + b"\xaa" * ((8 << 20) - len(plain))
    assert said[-1] == f"good: sha256 {digest}"
    assert "written 100 %" in said


@pytest.mark.parametrize("answer", ["", "y", "yes", "/dev/card", "CARD", "sda"])
def test_anything_but_the_name_writes_nothing(flash: ModuleType, image: Path, target: Path, answer: str) -> None:
    before = target.read_bytes()
    with pytest.raises(flash.FlashError, match="nothing was written"):
        flash.flash(image, str(target), ask=lambda _: answer, say=lambda _: None, look=look_at(target))
    assert target.read_bytes() == before


def test_a_card_mounted_while_the_question_stood_is_not_written(flash: ModuleType, image: Path, target: Path) -> None:
    before, mounted = target.read_bytes(), look_at(target, mountpoints=["/media/card"])
    looks = iter([look_at(target)(""), mounted("")])
    with pytest.raises(flash.FlashError, match="mounted"):
        flash.flash(image, str(target), ask=lambda _: "card", say=lambda _: None, look=lambda _: next(looks))
    assert target.read_bytes() == before


def test_a_card_that_forgets_is_found_out(
    flash: ModuleType, image: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = flash.write

    def forgetful(*arguments: Any) -> None:
        write(*arguments)
        with target.open("r+b") as card:
            card.seek(3_000_000)
            card.write(b"worn")

    monkeypatch.setattr(flash, "write", forgetful)
    with pytest.raises(flash.FlashError, match="take another one"):
        flash.flash(image, str(target), ask=lambda _: "card", say=lambda _: None, look=look_at(target))


@pytest.mark.parametrize("harm", ["empty", "cut", "other"])
def test_an_image_that_is_not_whole_is_not_written(flash: ModuleType, image: Path, harm: str) -> None:
    if harm == "empty":
        image.write_bytes(b"")
    elif harm == "cut":
        whole = lzma.compress(image.read_bytes())
        image = image.with_name("kaopi.img.xz")
        image.write_bytes(whole[: len(whole) // 2])
    else:
        image.with_name("kaopi.img.sha256").write_text("00" * 32 + "  kaopi.img\n", "ascii")
    with pytest.raises(flash.FlashError, match="build or copy it again"):
        flash.measure(image)


def test_the_command_says_what_was_wrong_without_a_traceback(
    flash: ModuleType, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert flash.main([str(image), str(tmp_path / "nothing")]) == 1
    assert "is no disk" in capsys.readouterr().err


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[str]:
    """A real block device. Needs root and the loop driver."""
    backing = tmp_path / "backing"
    backing.write_bytes(bytes(16 << 20))
    made = subprocess.run(["losetup", "--find", "--show", str(backing)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no loop device: {made.stderr.strip()}")
    yield made.stdout.strip()
    subprocess.run(["losetup", "--detach", made.stdout.strip()], check=True)


def test_a_real_block_device_is_written_and_read_back(flash: ModuleType, image: Path, loop: str) -> None:
    digest = flash.flash(image, loop, ask=lambda _: Path(loop).name, say=lambda _: None)
    with open(loop, "rb") as device:  # noqa: PTH123
        assert hashlib.sha256(device.read(image.stat().st_size)).hexdigest() == digest


def test_a_real_mounted_device_is_refused(flash: ModuleType, image: Path, loop: str, tmp_path: Path) -> None:
    subprocess.run(["mkfs.ext4", "-q", loop], check=True)
    place = tmp_path / "mounted"
    place.mkdir()
    if subprocess.run(["mount", loop, str(place)], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(flash.FlashError, match="unmount it"):
            flash.flash(image, loop, ask=lambda _: Path(loop).name, say=lambda _: None)
    finally:
        subprocess.run(["umount", str(place)], check=True)
