"""A new slot must prove itself; an old one, a strange one, or any while a patient stands there, is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.sdnotify import OUT_OF_SERVICE, REFUSED, SERVING, WAITING
from reader.update import journal
from reader.update.boot import Board, Choice, Slot
from reader.update.command import wait_until_idle
from reader.update.gate import Verdict, judge
from reader.update.guard import Kiosk, Refused, bundle_version, check, running_version
from reader.update.journal import Entry, State
from reader.update.version import BadVersion, Version

OLD, NEW = Version.parse("0.1.0"), Version.parse("0.2.0")
NOBODY = Kiosk(True, WAITING)
NUMBERS = st.integers(0, 999_999)


class Memory:
    """A board in memory."""

    def __init__(self, choice: Choice, booted: Slot) -> None:
        self.choice, self._booted = choice, booted

    def read(self) -> Choice:
        return self.choice

    def write(self, choice: Choice) -> None:
        self.choice = choice

    def booted(self) -> Slot:
        return self._booted


class Time:
    """Passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def judged(board: Board, entry: Entry, complaints: Iterator[str], running: Version = NEW) -> tuple[Verdict, Entry]:
    time = Time()
    return judge(board, entry, running, lambda: next(complaints), within_s=60.0, now=time, sleep=time.sleep)


def forever(complaint: str) -> Iterator[str]:
    while True:
        yield complaint


INSTALLED = Entry(State.INSTALLED, str(NEW), "B", str(OLD))


def test_a_new_slot_that_the_doctor_finds_fit_becomes_primary_and_the_floor_rises() -> None:
    board = Memory(Choice("A", None), "B")
    verdict, entry = judged(board, INSTALLED, forever(""))
    assert verdict is Verdict.GOOD
    assert board.choice == Choice("B", None)
    assert (entry.state, entry.slot, entry.floor) == (State.GOOD, "B", "0.2.0")


def test_a_slot_that_needs_a_moment_gets_it() -> None:
    board = Memory(Choice("A", None), "B")
    verdict, _ = judged(board, INSTALLED, iter(["camera: starting", "camera: starting", ""]))
    assert verdict is Verdict.GOOD


def test_a_slot_that_stays_unfit_is_left_for_the_old_one() -> None:
    board = Memory(Choice("A", None), "B")
    verdict, entry = judged(board, INSTALLED, forever("card_reader: no reader"))
    assert verdict is Verdict.RESTART
    assert board.choice == Choice("A", None, frozenset({"B"}))
    old = Memory(board.choice, "A")
    verdict, entry = judged(old, entry, forever(""), OLD)
    assert verdict is Verdict.FELL_BACK
    assert (entry.state, entry.reason, entry.floor) == (State.FELL_BACK, "card_reader: no reader", str(OLD))


def test_a_slot_that_never_came_up_is_remembered_as_bad() -> None:
    board = Memory(Choice("A", None), "A")
    verdict, entry = judged(board, INSTALLED, forever(""), OLD)
    assert verdict is Verdict.FELL_BACK
    assert board.choice.bad == {"B"}
    assert entry.reason == "it did not come up"


def test_an_update_that_waits_for_its_restart_is_no_failure() -> None:
    board = Memory(Choice("A", "B"), "A")
    verdict, entry = judged(board, INSTALLED, forever(""), OLD)
    assert verdict is Verdict.NOTHING_TO_DO
    assert entry == INSTALLED
    assert board.choice == Choice("A", "B")


def test_an_ordinary_start_asks_nobody_and_changes_nothing_on_the_board() -> None:
    board = Memory(Choice("B", None), "B")
    verdict, entry = judged(board, Entry(), iter([]), NEW)
    assert verdict is Verdict.NOTHING_TO_DO
    assert board.choice == Choice("B", None)
    assert entry.floor == str(NEW)


# -- what may be installed --------------------------------------------------------------------------------------------


def test_newer_and_same_are_allowed_when_nobody_is_there() -> None:
    check(NEW, OLD, None, NOBODY)
    check(OLD, OLD, OLD, NOBODY)


def test_older_than_what_runs_is_refused() -> None:
    with pytest.raises(Refused, match=r"0\.1\.0, older than 0\.2\.0"):
        check(OLD, NEW, None, NOBODY)


def test_after_a_fall_back_older_than_what_once_was_good_is_refused() -> None:
    with pytest.raises(Refused, match="older"):
        check(Version.parse("0.1.5"), OLD, NEW, NOBODY)


def test_no_update_while_a_patient_is_in_front() -> None:
    for kiosk in (Kiosk(True, SERVING), Kiosk(True, "")):
        with pytest.raises(Refused, match="patient"):
            check(NEW, OLD, None, kiosk)
    for kiosk in (NOBODY, Kiosk(True, OUT_OF_SERVICE), Kiosk(True, REFUSED), Kiosk(False, SERVING)):
        check(NEW, OLD, None, kiosk)


def test_the_restart_waits_for_an_unbroken_quiet() -> None:
    time = Time()
    patients = {5.0, 6.0, 14.0}
    wait_until_idle(
        lambda: Kiosk(True, SERVING) if time.now in patients else NOBODY, quiet_s=10.0, now=time, sleep=time.sleep
    )
    assert time.now >= 24.0


def test_the_bundle_says_its_version_in_the_manifest_that_rauc_verified(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.raucm"
    manifest.write_text("[update]\ncompatible=kaopi-qemu\nversion=0.2.0+20261122\n", "utf-8")
    assert bundle_version({"RAUC_BUNDLE_MOUNT_POINT": str(tmp_path)}) == Version(0, 2, 0, 20261122)
    for text in ("", "[update]\n", "[update]\nversion=latest\n"):
        manifest.write_text(text, "utf-8")
        with pytest.raises(Refused, match="says no version"):
            bundle_version({"RAUC_UPDATE_SOURCE": str(tmp_path)})
    with pytest.raises(Refused, match="called by RAUC"):
        bundle_version({})


def test_an_installation_without_slots_is_told_how_it_is_updated(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="by apt"):
        running_version(tmp_path / "none")


# -- versions -----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.builds(Version, NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_a_version_is_read_as_it_is_written(version: Version) -> None:
    assert Version.parse(str(version)) == version


def test_versions_order_as_numbers_and_a_build_comes_after_none() -> None:
    names = ["0.1.0", "0.1.0+20261121", "0.1.0+20261122", "0.9.0", "0.10.0", "1.0.0"]
    assert sorted(map(Version.parse, reversed(names))) == list(map(Version.parse, names))


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3.4", "1.2.3-rc1", "v1.2.3", "1.2.3+", "-1.0.0"])
def test_what_is_no_version_is_no_version(text: str) -> None:
    with pytest.raises(BadVersion):
        Version.parse(text)


# -- the journal ----------------------------------------------------------------------------------------------------


def test_the_journal_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "update/journal.json"
    entry = replace(INSTALLED, reason="カメラ")
    journal.keep(entry, file)
    assert journal.read(file) == entry


@pytest.mark.parametrize("text", ["", "{", "[]", '{"state": "odd"}', '{"state": "good", "floor": "x"}'])
def test_a_damaged_journal_forgets_but_never_stops_a_start(tmp_path: Path, text: str) -> None:
    file = tmp_path / "journal.json"
    file.write_text(text, "utf-8")
    assert journal.read(file) == Entry()


def test_the_floor_only_rises() -> None:
    assert Entry(floor="0.2.0").raised(OLD).floor == "0.2.0"
    assert Entry(floor="0.1.0").raised(NEW).floor == "0.2.0"
