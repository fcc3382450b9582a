"""What both images are made of fits together: layout, boot script, RAUC, units, and rpi-image-gen's own format.

The Pi image cannot be built here (its archive is out of reach); its recipe is checked against the format as published:
layer metadata in comments between METABEGIN and METAEND, variables IGconf_PREFIX_NAME, image-rota's partitions.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from reader.provision.importer import CONNECTION
from reader.provision.reset import PLACES
from reader.update.boot import QEMU_OFFSET, SECTOR, PiBoard

IMAGE = Path(__file__).resolve().parents[2] / "image"
OVERLAY = IMAGE / "overlay"
UNITS = sorted((OVERLAY / "usr/lib/systemd/system").glob("*.service"))
# Tenths of systemd's exposure level. The gate writes a disk sector and restarts the machine.
HIGHEST_EXPOSURE = {"kaopi-provision": 12, "kaopi-gate": 24}
# What rpi-image-gen's image-rota lets a configuration set (image/gpt/ab_userdata/image.yaml, 5.2.0).
ROTA = {"layer", "name", "boot_part_size", "system_part_size", "data_part_size", "rootfs_type", "pmap", "compression"}


@pytest.fixture(scope="session")
def debian(module: Callable[[str], ModuleType]) -> ModuleType:
    return module("debian")


def ini(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.read_string(path.read_text("utf-8"))
    return parser


def loaded(path: Path) -> Any:
    yaml = pytest.importorskip("yaml")
    text = path.read_text("utf-8")
    return yaml.safe_load(text.split("\n---\n", 1)[1] if "\n---\n" in text else text)


# -- the QEMU board ------------------------------------------------------------------------------------------------


def test_the_sector_of_the_choice_lies_where_script_and_program_look(debian: ModuleType) -> None:
    script = (IMAGE / "qemu/boot.cmd").read_text("utf-8")
    assert f"setenv at {QEMU_OFFSET // SECTOR:#x}\n" in script
    assert QEMU_OFFSET + SECTOR <= debian.FIRST_MIB << 20, "before the first partition"
    assert QEMU_OFFSET >= 34 * SECTOR, "behind the partition table"


def test_slots_are_the_partitions_that_script_rauc_and_table_say(debian: ModuleType) -> None:
    names = {name: number for number, (name, _, _) in enumerate(debian.PARTITIONS, 1)}
    script = (IMAGE / "qemu/boot.cmd").read_text("utf-8")
    rauc = ini(IMAGE / "qemu/system.conf")
    for slot, index, letter in (("0", "a", "A"), ("1", "b", "B")):
        assert rauc[f"slot.boot.{slot}"]["device"] == f"/dev/vda{names[f'boot_{index}']}"
        assert rauc[f"slot.rootfs.{slot}"]["device"] == f"/dev/vda{names[f'root_{index}']}"
        assert rauc[f"slot.rootfs.{slot}"]["bootname"] == letter
        assert f"setenv boot {names[f'boot_{index}']}; setenv root {names[f'root_{index}']}" in script
    assert rauc["system"]["compatible"] == debian.COMPATIBLE


def test_everything_that_is_kept_lies_on_the_data_partition(debian: ModuleType) -> None:
    lines = [line.split() for line in (IMAGE / "qemu/fstab").read_text("utf-8").splitlines() if line[:1] == "/"]
    bound = {Path(line[1]): line[0] for line in lines if "bind" in line[3]}
    assert {*PLACES, CONNECTION.parent} <= set(bound)
    folders = {f"/data/{name}" for name, _ in debian.DATA_FOLDERS}
    assert set(bound.values()) <= folders
    assert f"{ini(IMAGE / 'qemu/system.conf')['system']['data-directory']}" in folders
    (data,) = (line for line in lines if line[1] == "/data")
    assert {"nodev", "nosuid", "noexec"} <= set(data[3].split(","))


def test_the_base_system_has_what_the_package_and_the_units_need(debian: ModuleType) -> None:
    packages = set(debian.PACKAGES)
    assert {
        "pcscd",
        "polkitd",
        "python3-pyscard",
        "libasound2t64",
        "network-manager",
        "rauc",
        "rauc-service",
    } <= packages
    assert not packages & {"sudo", "vsmartcard-vpcd", "gcc"}, "no simulator, no compiler, no way to another user"


# -- the overlay of both -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_units_verify_in_silence_and_are_as_closed_as_they_can_be(unit: Path, tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    assert tool is not None, "systemd-analyze is missing: apt install systemd"
    text = re.sub(r"^ExecStart=/usr/.*$", "ExecStart=/bin/true", unit.read_text("utf-8"), flags=re.MULTILINE)
    copy = tmp_path / unit.name
    copy.write_text(text, "utf-8")
    verified = subprocess.run([tool, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    limit = f"--threshold={HIGHEST_EXPOSURE[unit.stem]}"
    exposure = subprocess.run(
        [tool, "security", "--offline=yes", limit, str(copy)], capture_output=True, text=True, check=False
    )
    assert exposure.returncode == 0, exposure.stdout[-300:]


def test_set_up_comes_before_all_that_needs_it() -> None:
    unit = (OVERLAY / "usr/lib/systemd/system/kaopi-provision.service").read_text("utf-8")
    (before,) = re.findall(r"^Before=(.*)$", unit, re.MULTILINE)
    assert set(before.split()) == {
        "kaopi-kiosk.service",
        "kaopi-uplink.service",
        "NetworkManager.service",
        "ssh.service",
    }
    (writes,) = re.findall(r"^ReadWritePaths=(.*)$", unit, re.MULTILINE)
    assert set(writes.split()) == {"/bootfs", "/etc/kaopi", "/etc/NetworkManager/system-connections"}


@pytest.mark.parametrize("unit", ["emergency", "rescue"])
def test_a_start_that_failed_is_tried_again_instead_of_asking_for_a_password(unit: str) -> None:
    """Else a new slot that cannot mount its partitions would never make way for the old one."""
    text = (OVERLAY / f"usr/lib/systemd/system/{unit}.service.d/10-kaopi.conf").read_text("utf-8")
    commands = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    assert commands[0] == "", "the shell is taken away"
    assert "systemctl --force reboot" in commands[1]
    assert "panic=" in (IMAGE / "qemu/boot.cmd").read_text("utf-8"), "nor does the kernel wait for anybody"


def test_ssh_needs_a_key_and_takes_no_password() -> None:
    assert "ConditionPathExists=/etc/kaopi/ssh/authorized_keys" in (
        OVERLAY / "usr/lib/systemd/system/ssh.service.d/10-kaopi.conf"
    ).read_text("utf-8")
    lines = (OVERLAY / "etc/ssh/sshd_config.d/10-kaopi.conf").read_text("utf-8").splitlines()
    assert {"PasswordAuthentication no", "AuthenticationMethods publickey"} <= set(lines)


def test_neither_age_nor_umask_of_a_checkout_shows_in_an_image(debian: ModuleType, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    for name, mode in (("usr/lib/x/tool", 0o775), ("usr/lib/x/unit", 0o664)):
        file = overlay / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name, "ascii")
        file.chmod(mode)
        os.utime(file, (0, 0))
    root = tmp_path / "root"
    (root / "usr/lib").mkdir(parents=True)
    (root / "usr/lib").chmod(0o711)
    debian.lay_over(overlay, root)
    modes = {path.name: path.stat().st_mode & 0o777 for path in root.rglob("*")}
    assert modes == {"usr": modes["usr"], "lib": 0o711, "x": 0o755, "tool": 0o755, "unit": 0o644}
    assert all(path.stat().st_mtime > 10**9 for path in root.rglob("*"))


def test_no_file_of_an_image_holds_a_password_or_a_key() -> None:
    for path in IMAGE.rglob("*"):
        if path.is_file() and path.suffix in ("", ".yaml", ".conf", ".service", ".cmd"):
            text = path.read_text("utf-8").lower()
            assert "private key" not in text, path
            assert not re.search(r"(passwd|password)\s*[=:]\s*\S", text), path


@pytest.mark.parametrize("script", sorted((OVERLAY / "usr/lib/kaopi").iterdir()), ids=lambda path: path.name)
def test_raucs_helpers_can_be_run(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", str(script)], check=False).returncode == 0


# -- the Raspberry Pi ------------------------------------------------------------------------------------------------


def metadata() -> dict[str, str]:
    """Return the layer's metadata: deb822 in comments."""
    text = (IMAGE / "rpi/layer/kaopi.yaml").read_text("utf-8")
    block = text.split("# METABEGIN\n")[1].split("# METAEND\n")[0]
    found: dict[str, str] = {}
    key = ""
    for line in block.splitlines():
        words = line.removeprefix("#").removeprefix(" ")
        if words.startswith(" "):
            found[key] += words
        elif words:
            key, _, value = words.partition(":")
            found[key] = value.strip()
    return found


@pytest.mark.parametrize("name", ["pi4", "pi5"])
def test_a_configuration_sets_only_what_image_rota_knows(name: str, debian: ModuleType) -> None:
    config = loaded(IMAGE / f"rpi/kaopi-{name}.yaml")
    assert config["device"] == {"layer": f"r{name}", "class": name, "storage_type": "sd", "hostname": "kaopi"}
    assert set(config["image"]) <= ROTA
    assert (config["image"]["layer"], config["image"]["rootfs_type"]) == ("image-rota", "erofs")
    assert config["layer"] == {"base": f"{debian.SUITE}-minbase", "app": metadata()["X-Env-Layer-Name"]}


def test_the_layer_declares_every_variable_it_uses_and_uses_every_one() -> None:
    meta = metadata()
    declared = {key.removeprefix("X-Env-Var-") for key in meta if re.fullmatch(r"X-Env-Var-[a-z]+", key)}
    for name in declared:
        for part in ("Desc", "Required", "Valid", "Set"):
            assert f"X-Env-Var-{name}-{part}" in meta
    hooks = "\n".join(loaded(IMAGE / "rpi/layer/kaopi.yaml")["mmdebstrap"]["customize-hooks"])
    used = set(re.findall(r"IGconf_([a-z]+)_([a-z]+)", hooks))
    assert used == {(meta["X-Env-VarPrefix"], name) for name in declared}
    for file in re.findall(r'"\$SRCROOT"/(\S+)', hooks):
        assert (IMAGE / "rpi" / file).is_file(), file
    for unit in UNITS:
        assert unit.name in hooks
    assert "passwd --lock root" in hooks


def test_both_images_come_from_the_same_package_list_where_they_share_one(debian: ModuleType) -> None:
    packages = set(loaded(IMAGE / "rpi/layer/kaopi.yaml")["mmdebstrap"]["packages"])
    hardware = {"libcamera-ipa", "python3-libcamera", "python3-lgpio", "python3-picamera2"}
    assert hardware <= packages
    assert packages - hardware <= set(debian.PACKAGES)


def test_the_pis_slots_are_image_rotas_partitions() -> None:
    """config, boot_a, boot_b, system_a, system_b, persistent: the firmware counts from 1."""
    rauc = ini(IMAGE / "rpi/files/system.conf")
    for number, slot, letter in ((0, "a", "A"), (1, "b", "B")):
        assert rauc[f"slot.boot.{number}"]["device"] == f"/dev/disk/by-partlabel/boot_{slot}"
        assert rauc[f"slot.rootfs.{number}"]["device"] == f"/dev/disk/by-partlabel/system_{slot}"
        assert rauc[f"slot.rootfs.{number}"]["bootname"] == letter
    assert PiBoard.PARTITIONS == {"A": 2, "B": 3}
    shared = (IMAGE / "rpi/files/slot-shared.conf").read_text("utf-8")
    assert shared.splitlines()[1] == "Version=1"
    assert {Path(path) for path in re.findall(r"^Path=(.*)$", shared, re.MULTILINE)} == {*PLACES}


def test_both_boards_ask_the_same_questions_before_they_install() -> None:
    qemu, rpi = ini(IMAGE / "qemu/system.conf"), ini(IMAGE / "rpi/files/system.conf")
    for section in ("keyring", "handlers"):
        assert dict(qemu[section]) == dict(rpi[section])
    for key in ("bootloader", "bundle-formats"):
        assert qemu["system"][key] == rpi["system"][key]
