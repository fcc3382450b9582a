"""What `kaopi update` does around RAUC: the handler's answer, the doctor's word, and restarts that disturb nobody."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from reader.cli import app
from reader.sdnotify import SERVING, WAITING
from reader.update import backend, command, guard, journal
from reader.update.boot import Choice, PiBoard
from reader.update.gate import Verdict
from reader.update.guard import Kiosk, Refused
from reader.update.journal import Entry, State
from reader.update.version import Version

Answer = tuple[int, str]


class Machine:
    """A Pi in a folder, whose programs answer as told and are remembered."""

    def __init__(self, folder: Path) -> None:
        self.autoboot = folder / "autoboot.txt"
        self.autoboot.write_bytes(PiBoard.text(Choice()))
        self.folder = folder
        self.answers: dict[str, Answer] = {}
        self.calls: list[str] = []
        self.kiosk = Kiosk(True, WAITING)
        self.entry = Entry()
        self.during_rauc: Callable[[], object] | None = None
        self.started_from("A")

    def started_from(self, slot: str) -> None:
        place = self.folder / "proc/device-tree/chosen/bootloader"
        place.mkdir(parents=True, exist_ok=True)
        (place / "partition").write_bytes({"A": 2, "B": 3}[slot].to_bytes(4, "big"))

    @property
    def board(self) -> PiBoard:
        return PiBoard(self.autoboot, self.folder)

    def run(self, arguments: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        line = " ".join(arguments)
        self.calls.append(line)
        code, said = next((answer for start, answer in self.answers.items() if line.startswith(start)), (0, ""))
        if line.startswith("rauc") and self.during_rauc is not None:
            self.during_rauc()
        return subprocess.CompletedProcess(arguments, code, said, "")

    def keep(self, entry: Entry) -> None:
        self.entry = entry


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine(tmp_path)
    monkeypatch.setattr(subprocess, "run", found.run)
    for place in (command, backend):
        monkeypatch.setattr(place, "this_board", lambda: found.board)
    monkeypatch.setattr(command, "kiosk_now", lambda: found.kiosk)
    monkeypatch.setattr(command, "REFUSAL_FILE", tmp_path / "refusal")
    monkeypatch.setattr(command, "running_version", lambda: Version.parse("0.2.0"))
    monkeypatch.setattr(journal, "read", lambda: found.entry)
    monkeypatch.setattr(journal, "keep", found.keep)
    monkeypatch.setattr(command, "wait_until_idle", lambda: found.calls.append("waited until nobody was there"))
    return found


def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    (tmp_path / "manifest.raucm").write_text(f"[update]\nversion={version}\n", "utf-8")
    monkeypatch.setenv("RAUC_BUNDLE_MOUNT_POINT", str(tmp_path))


def test_the_handler_lets_a_newer_bundle_in_and_remembers_it(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle(tmp_path, monkeypatch, "0.3.0")
    assert CliRunner().invoke(app, ["update", "allow"]).exit_code == 0
    assert machine.entry.version == "0.3.0"


@pytest.mark.parametrize(
    ("version", "floor", "status", "says"),
    [
        ("0.1.0", "", WAITING, "older than 0.2.0"),
        ("0.2.5", "0.3.0", WAITING, "older than 0.3.0"),
        ("0.3.0", "", SERVING, "a patient is being served"),
    ],
)
def test_the_handler_turns_others_away_with_the_code_that_stops_rauc(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, floor: str, status: str, says: str
) -> None:
    bundle(tmp_path, monkeypatch, version)
    machine.entry, machine.kiosk = replace(machine.entry, floor=floor), Kiosk(True, status)
    result = CliRunner().invoke(app, ["update", "allow"])
    assert (result.exit_code, says in result.output) == (1, True)


def test_an_installed_bundle_is_remembered_with_its_slot_and_tried_when_nobody_is_there(machine: Machine) -> None:
    machine.board.write(Choice("A", "B"))  # what RAUC's last step leaves
    machine.entry = Entry(version="0.3.0")
    result = CliRunner().invoke(app, ["update", "install", "new.raucb"])
    assert result.exit_code == 0, result.output
    assert machine.entry == Entry(State.INSTALLED, "0.3.0", "B")
    assert machine.calls == [
        "rauc install new.raucb",
        "waited until nobody was there",
        "systemctl reboot --reboot-argument=0 tryboot",
    ]


def test_what_rauc_refuses_is_said_and_nothing_restarts(machine: Machine) -> None:
    machine.answers["rauc"] = (
        1,
        "installing\n 20% Checking bundle failed.\nLastError: signature verification failed\n",
    )
    result = CliRunner().invoke(app, ["update", "install", "bad.raucb"])
    assert result.exit_code == 2
    assert "signature verification failed" in result.output
    assert "20%" not in result.output
    assert "the kiosk goes on as it is" in result.output
    assert machine.calls == ["rauc install bad.raucb"]


def test_what_the_handler_refuses_is_said_too_though_rauc_keeps_it_to_itself_and_is_forgotten_after(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle(tmp_path, monkeypatch, "0.1.0")
    machine.answers["rauc"] = (1, "LastError: Pre-install handler error: Child process exited with code 1\n")
    machine.during_rauc = lambda: CliRunner().invoke(app, ["update", "allow"])
    said = CliRunner().invoke(app, ["update", "install", "old.raucb"]).output
    assert "the bundle holds 0.1.0, older than 0.2.0: take the newest bundle" in said
    machine.during_rauc = None
    assert "older than" not in CliRunner().invoke(app, ["update", "install", "broken.raucb"]).output


def test_a_fit_kiosk_makes_its_slot_the_one_to_start_from(machine: Machine) -> None:
    machine.started_from("B")
    machine.entry = Entry(State.INSTALLED, "0.2.0", "B", "0.1.0")
    assert command.gate() is Verdict.GOOD
    assert machine.board.read() == Choice("B")
    assert machine.entry == Entry(State.GOOD, "0.2.0", "B", "0.2.0")


def test_an_unfit_kiosk_restarts_into_the_old_slot_but_into_nobodys_visit(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.started_from("B")
    machine.entry = Entry(State.INSTALLED, "0.2.0", "B")
    found = {"checks": [{"id": "camera", "outcome": "fail", "detail": "no picture"}, {"id": "clock", "outcome": "ok"}]}
    machine.answers["kaopi doctor"] = (1, json.dumps(found))
    monkeypatch.setattr(command, "TRY_FOR_S", 0.0)
    assert command.gate() is Verdict.RESTART
    assert machine.entry.reason == "camera: no picture"
    assert machine.board.read() == Choice("A", None, frozenset({"B"}))
    assert machine.calls[-2:] == ["waited until nobody was there", "systemctl reboot"]


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"systemctl is-active": (3, "")}, "the kiosk does not run"),
        ({"kaopi doctor": (1, "Traceback")}, "the doctor ended with 1"),
    ],
)
def test_a_kiosk_that_does_not_run_or_a_doctor_that_breaks_is_not_fit(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, answers: dict[str, Answer], says: str
) -> None:
    machine.started_from("B")
    machine.answers.update(answers)
    monkeypatch.setattr(command, "TRY_FOR_S", 0.0)
    assert command.gate() is Verdict.RESTART
    assert says in machine.entry.reason


def test_the_status_tells_what_runs_and_what_became_of_the_update(machine: Machine) -> None:
    machine.board.write(Choice("A", None, frozenset({"B"})))
    machine.entry = Entry(State.FELL_BACK, "0.3.0", "B", "0.2.0", "camera: no picture")
    result = CliRunner().invoke(app, ["update", "status"])
    assert result.output.splitlines() == [
        "version 0.2.0 runs in slot A; primary is A",
        "not usable: B",
        "last update: 0.3.0 in slot B: fellBack camera: no picture",
    ]


@pytest.mark.parametrize("words", [["status"], ["gate"], ["install", "x.raucb"]])
def test_a_kiosk_without_slots_says_how_it_is_updated(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    def no_image() -> Version:
        raise Refused("this installation is no image: update it by apt")

    monkeypatch.setattr(command, "running_version", no_image)
    machine.answers["rauc"] = (1, "no such command")
    assert CliRunner().invoke(app, ["update", *words]).exit_code == 2


def test_systemd_is_asked_who_stands_there(machine: Machine) -> None:
    ask: Callable[[], Kiosk] = guard.kiosk_now
    machine.answers["systemctl show"] = (0, f"ActiveState=active\nStatusText={SERVING}\n")
    assert ask() == Kiosk(True, SERVING)
    assert ask().busy
    machine.answers["systemctl show"] = (0, "ActiveState=failed\nStatusText=\n")
    assert not ask().busy
