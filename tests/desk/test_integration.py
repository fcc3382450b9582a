"""What other software gets: whole files once, an order to resume by, and the plain word that it is not official."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hw_sim.clinic.morning import fill
from hw_sim.clinic.results import KIOSK, SITE, message_of, pin_record

from reader.desk.integration import NOTICE, FolderExport, read_or_make_token, record_of
from reader.desk.service import DeskService
from reader.desk.store import Store
from reader.uplink.topics import Channel, Topic

NOW = datetime(2026, 2, 21, 3, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_each_result_is_written_once_whole_and_in_order(service: DeskService, store: Store, tmp_path: Path) -> None:
    export = FolderExport(store, tmp_path / "results")
    assert export.write_new() == 0
    fill(service, NOW, patients=3)
    assert export.write_new() == 3
    assert export.write_new() == 0
    rows = store.results_after(0)
    assert names(tmp_path / "results") == [f"kaopi-{row.seq:010d}-{row.message.result_id}.json" for row in rows]
    for name, row in zip(names(tmp_path / "results"), rows, strict=True):
        assert json.loads((tmp_path / "results" / name).read_text(encoding="utf-8")) == record_of(row)


def test_what_the_consumer_removed_does_not_come_back_after_a_restart(
    service: DeskService, store: Store, tmp_path: Path
) -> None:
    fill(service, NOW, patients=2)
    FolderExport(store, tmp_path).write_new()
    for file in tmp_path.iterdir():
        file.unlink()
    assert FolderExport(store, tmp_path).write_new() == 0
    assert names(tmp_path) == []


def test_a_write_that_fails_is_done_again_and_leaves_no_half_file(
    service: DeskService, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(service, NOW, patients=1)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    export = FolderExport(store, tmp_path)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        export.write_new()
    assert [name for name in names(tmp_path) if name.endswith(".json")] == []
    monkeypatch.undo()
    assert export.write_new() == 1
    assert [name for name in names(tmp_path) if not name.endswith(".json")] == []


def test_a_record_says_what_it_is_not_and_carries_no_certificate(service: DeskService, store: Store) -> None:
    message = message_of(pin_record(), NOW, nonce=b"n" * 32, signature=b"s" * 256, certificate=b"c" * 64)
    service.handle(str(Topic(SITE, KIOSK, Channel.RESULT)), message.encode(), NOW)
    record = record_of(store.results_after(0)[0])
    assert record["notice"] == NOTICE
    assert record["officialQualificationResult"] is False
    assert record["signatureCheck"] == "bad"
    assert "proof" not in record["result"]
    assert record["result"]["consents"]["PharmacistsInfoConsFlg"] == "0"


def test_the_token_is_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "integration.token"
    token = read_or_make_token(path)
    assert len(token) >= 43
    assert read_or_make_token(path) == token
    assert path.stat().st_mode & 0o077 == 0
    path.write_text("short")
    assert read_or_make_token(path) != "short"


def test_the_sample_consumer_reads_the_folder(service: DeskService, store: Store, tmp_path: Path) -> None:
    fill(service, NOW, patients=2)
    FolderExport(store, tmp_path).write_new()
    sample = ROOT / "docs" / "api" / "sample_consumer.py"
    done = subprocess.run(
        [sys.executable, str(sample), "folder", str(tmp_path), "--once"],
        capture_output=True,
        check=True,
        text=True,
        timeout=30,
    )
    assert len(done.stdout.splitlines()) == 2
    assert "kiosk-1" in done.stdout
    assert names(tmp_path) == []


POSIX_ONLY = {"fcntl", "grp", "pwd", "resource", "termios", "pty", "syslog", "posix", "tty", "readline"}


@pytest.mark.parametrize("file", sorted((ROOT / "reader" / "desk").glob("*.py")), ids=lambda file: file.name)
def test_the_desk_imports_nothing_that_only_posix_has(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        found = set()
        if isinstance(node, ast.Import):
            found = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found = {node.module.split(".")[0]}
            assert node.module not in {"reader.uplink.bridge", "reader.uplink.run", "reader.sdnotify"}
        assert not found & POSIX_ONLY
