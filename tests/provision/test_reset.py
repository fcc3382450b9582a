"""After a factory reset a search of the whole partition finds nothing of the clinic or of anybody it served."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reader.cli import app
from reader.durable import write
from reader.provision.fleet import example, write_setups
from reader.provision.importer import CONNECTION, provision
from reader.provision.reset import erase_everything, reset
from reader.uplink.outbox import Outbox

PASSPHRASE = b"SECRET-passphrase-of-the-clinic"
PATIENT = b"SECRET-result-of-a-patient"
GONE = b"SECRET-of-a-file-removed-long-ago"
CLINIC = "SECRET内科".encode()
SECRETS = (PASSPHRASE, PATIENT, GONE, CLINIC)
MIB = 96
SECONDS = 60.0


@pytest.fixture
def partition(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A partition's image, and where it is mounted as ext4."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    image, place = tmp_path / "data.ext4", tmp_path / "data"
    place.mkdir()
    subprocess.run(["/usr/sbin/mke2fs", "-q", "-t", "ext4", str(image), f"{MIB}M"], check=True)
    made = subprocess.run(["mount", "-o", "loop", str(image), str(place)], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no loop mount: {made.stderr.strip()}")
    yield image, place
    subprocess.run(["umount", str(place)], check=False, capture_output=True)


def places(root: Path) -> tuple[Path, ...]:
    return root / "etc/kaopi", root / "var/lib/kaopi", (root / CONNECTION.relative_to("/")).parent


def live_in(root: Path, home: Path) -> bytes:
    """Set a kiosk up under ``root`` and have it serve somebody; return its secret key."""
    template, boot = home / "clinic.toml", home / "boot"
    text = example().replace("[network]\n", f'[network]\nssid = "c"\npassphrase = "{PASSPHRASE.decode()}"\n')
    template.write_text(text.replace('"受付"', f'"{CLINIC.decode()}"'), "utf-8")
    (setup,) = write_setups(template, [{}], home / "ca", home / "out", dt.datetime.now(dt.UTC))
    boot.mkdir()
    setup.rename(boot / setup.name)
    assert provision(boot, root, dt.datetime.now(dt.UTC))
    for name in ("var/lib/kaopi/outbox", "var/lib/kaopi/update"):
        (root / name).mkdir(parents=True)
    with Outbox(root / "var/lib/kaopi/outbox/outbox.sqlite3") as outbox:
        for number in range(20):
            outbox.put(uuid.UUID(int=number + 1), PATIENT + b" %d" % number)
    loose = root / "etc/kaopi/loose"
    loose.write_bytes(GONE * 5000)
    with loose.open("rb") as stream:
        os.fsync(stream.fileno())
    loose.unlink()
    write(root / "var/lib/kaopi/update/journal.json", b"{}", 0o644)
    return (root / "etc/kaopi/tls/kiosk.key").read_bytes().splitlines()[1]


def found(image: Path, key: bytes) -> list[bytes]:
    """Search the whole partition, as somebody with a card reader would."""
    data = image.read_bytes()
    return [secret for secret in (*SECRETS, key) if secret in data]


def test_nothing_is_found_on_the_partition_afterwards_and_it_takes_no_minute(
    partition: tuple[Path, Path], tmp_path: Path
) -> None:
    image, place = partition
    key = live_in(place, tmp_path)
    subprocess.run(["sync", "-f", str(place)], check=True)
    assert found(image, key) == [*SECRETS, key], "the search itself works"
    said: list[str] = []
    seconds = reset(places(place), said.append)
    subprocess.run(["umount", str(place)], check=True)
    assert found(image, key) == []
    assert seconds < SECONDS
    assert "files erased" in said[0]


def test_the_kiosk_is_blank_and_can_be_set_up_again(partition: tuple[Path, Path], tmp_path: Path) -> None:
    _, place = partition
    live_in(place, tmp_path)
    reset(places(place), lambda _: None)
    assert [list(folder.iterdir()) for folder in places(place)] == [[], [], []]
    assert not provision(tmp_path / "boot", place, None), "it says that it was not set up"
    free = os.statvfs(place)
    assert free.f_bavail * free.f_frsize > (MIB - 30) << 20, "the space is free again"


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"stays")
    place = tmp_path / "etc/kaopi"
    place.mkdir(parents=True)
    (place / "link").symlink_to(outside)
    (place / "folder").symlink_to(tmp_path)
    assert erase_everything((place,)) == 2
    assert outside.read_bytes() == b"stays"


def test_a_place_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert erase_everything((tmp_path / "none",)) == 0


@pytest.mark.parametrize(
    ("typed", "erased"), [("135790\nERASE\n", True), ("135790\nyes\n", False), ("111111\nERASE\n", False)]
)
def test_only_a_member_of_staff_who_says_so_erases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, erased: bool
) -> None:
    hashes, site = tmp_path / "staff.json", tmp_path / "site.toml"
    shutil.copyfile(Path(__file__).parents[1] / "update/fixtures/0.1.0/staff.json", hashes)
    site.write_text(f'[staff]\nhashes_file = "{hashes}"\n', "utf-8")
    done: list[str] = []

    def reset_it(**_: object) -> float:
        done.append("reset")
        return 1.0

    monkeypatch.setattr("reader.provision.reset.reset", reset_it)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: done.append(" ".join(command)))
    result = CliRunner().invoke(app, ["reset", "--site", str(site)], input=typed)
    assert done == (["systemctl stop kaopi-kiosk.service kaopi-uplink.service", "reset"] if erased else [])
    assert (result.exit_code == 0) is erased
    assert "135790" not in result.output
