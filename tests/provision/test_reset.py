"""After a factory reset a search of the whole partition finds nothing of the clinic or of anybody it served."""

from __future__ import annotations

import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reader.cli import app
from reader.provision import factory_reset
from reader.provision.importer import provision
from reader.provision.reset import erase_everything, reset
from reader.uplink.outbox import Outbox
from tests.provision.lived_in import MIB, PATIENT, SECRETS, found, live_in, places

SECONDS = 60.0


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
    waiting = tmp_path / "outbox.sqlite3"
    site.write_text(f'[staff]\nhashes_file = "{hashes}"\n[storage]\noutbox = "{waiting}"\n', "utf-8")
    with Outbox(waiting) as outbox:
        outbox.put(uuid.UUID(int=1), PATIENT)
    done: list[str] = []

    def reset_it(**_: object) -> float:
        done.append("reset")
        return 1.0

    monkeypatch.setattr(factory_reset, "reset", reset_it)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: done.append(" ".join(command)))
    result = CliRunner().invoke(app, ["reset", "--site", str(site)], input=typed)
    steps = ["systemctl stop kaopi-kiosk.service kaopi-uplink.service", "reset"]
    steps += ["systemd-tmpfiles --create kaopi.conf"]
    assert done == (steps if erased else [])
    assert ("1 results have not reached the desk" in result.output) is not typed.startswith("1111")
    assert (result.exit_code == 0) is erased
    assert "135790" not in result.output
