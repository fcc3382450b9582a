"""Which slot starts: the same rules on both boards, one sector, and no moment in which a power cut leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.update.backend import answer, this_board
from reader.update.boot import (
    QEMU_OFFSET,
    SECTOR,
    Board,
    BootError,
    Choice,
    PiBoard,
    QemuBoard,
    Slot,
    arm,
    mark,
    next_up,
    other,
)

SLOTS: st.SearchStrategy[Slot] = st.sampled_from(["A", "B"])
CHOICES = st.builds(Choice, SLOTS, st.none() | SLOTS, st.frozensets(SLOTS))
Make = Callable[[Slot], Board]


@pytest.fixture(params=["qemu", "rpi"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Return a maker of boards over one disk, booted into a slot."""
    disk, autoboot = tmp_path / "disk", tmp_path / "autoboot.txt"
    disk.write_bytes(b"\x55" * QEMU_OFFSET + bytes(SECTOR) + b"\xaa" * SECTOR)
    autoboot.write_bytes(PiBoard.text(Choice()))

    def board(booted: Slot) -> Board:
        (tmp_path / "proc/device-tree/chosen/bootloader").mkdir(parents=True, exist_ok=True)
        (tmp_path / "proc/cmdline").write_text(f"quiet rauc.slot={booted} ro\n", "ascii")
        partition = PiBoard.PARTITIONS[booted]
        (tmp_path / "proc/device-tree/chosen/bootloader/partition").write_bytes(partition.to_bytes(4, "big"))
        return QemuBoard(disk, tmp_path) if request.param == "qemu" else PiBoard(autoboot, tmp_path)

    return board


def test_a_new_disk_starts_a(make: Make) -> None:
    assert make("A").read() == Choice("A", None, frozenset())


@pytest.mark.parametrize("slot", ["A", "B"])
def test_the_running_slot_is_known(make: Make, slot: Slot) -> None:
    assert make(slot).booted() == slot


@settings(deadline=None)
@given(choice=CHOICES)
def test_what_is_written_is_read_back_and_nothing_around_it_changes(
    tmp_path_factory: pytest.TempPathFactory, choice: Choice
) -> None:
    folder = tmp_path_factory.mktemp("board")
    disk, autoboot = folder / "disk", folder / "autoboot.txt"
    disk.write_bytes(b"\x55" * QEMU_OFFSET + bytes(SECTOR) + b"\xaa" * SECTOR)
    autoboot.write_bytes(PiBoard.text(Choice()))
    for board in (QemuBoard(disk), PiBoard(autoboot)):
        board.write(choice)
        assert board.read() == choice
    assert disk.read_bytes()[:QEMU_OFFSET] == b"\x55" * QEMU_OFFSET
    assert disk.read_bytes()[QEMU_OFFSET + SECTOR :] == b"\xaa" * SECTOR
    assert autoboot.stat().st_size == SECTOR


def test_the_pi_firmware_tries_the_other_partition_only() -> None:
    lines = PiBoard.text(Choice("B", "A")).decode().split()
    assert lines[:5] == ["[all]", "tryboot_a_b=1", "boot_partition=3", "[tryboot]", "boot_partition=2"]


def test_an_autoboot_file_of_another_length_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "autoboot.txt"
    file.write_bytes(PiBoard.text(Choice()) + b"\n")
    with pytest.raises(BootError, match="513 bytes"):
        PiBoard(file).write(Choice("B"))
    assert PiBoard(file).read().primary == "A"


def test_the_builders_file_is_brought_to_one_sector_once(tmp_path: Path) -> None:
    """As rpi-image-gen's image-rota writes it."""
    file = tmp_path / "autoboot.txt"
    file.write_text("[all]\ntryboot_a_b=1\nboot_partition=2\n\n[tryboot]\nboot_partition=3\n", "ascii")
    board = PiBoard(file)
    board.settle()
    assert file.stat().st_size == SECTOR
    assert board.read() == Choice()
    board.write(Choice("B"))
    before = file.stat().st_ino
    board.settle()
    assert (board.read(), file.stat().st_ino) == (Choice("B"), before)


@pytest.mark.parametrize("text", [b"", b"[all]\nboot_partition=9\n"])
def test_an_autoboot_file_without_a_slot_is_an_error_not_a_guess(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "autoboot.txt"
    file.write_bytes(text)
    with pytest.raises(BootError):
        PiBoard(file).read()


# -- RAUC's questions ---------------------------------------------------------------------------------------------


def test_an_installation_arms_one_trial_of_the_other_slot(make: Make) -> None:
    board = make("A")
    for request in (["set-state", "B", "bad"], ["set-state", "B", "good"], ["set-primary", "B"]):
        assert answer(board, request) == ""
    assert board.read() == Choice("A", "B")
    assert answer(board, ["get-primary"]) == "B"
    assert answer(board, ["get-state", "B"]) == "good"
    assert answer(board, ["get-current"]) == "A"


def test_while_a_slot_is_written_it_is_not_started(make: Make) -> None:
    board = make("A")
    answer(board, ["set-primary", "B"])
    answer(board, ["set-state", "B", "bad"])
    assert board.read() == Choice("A", None, frozenset({"B"}))
    assert answer(board, ["get-state", "B"]) == "bad"


def test_marking_what_runs_makes_it_primary(make: Make) -> None:
    board = make("B")
    board.write(Choice("A", None))
    answer(board, ["set-primary", "B"])
    assert board.read() == Choice("B", None)


@pytest.mark.parametrize(
    "request_", [[], ["get-state"], ["set-state", "B", "fine"], ["set-primary", "C"], ["get-state", "../A"]]
)
def test_an_unknown_request_changes_nothing(make: Make, request_: list[str]) -> None:
    board = make("A")
    with pytest.raises(BootError):
        answer(board, request_)
    assert board.read() == Choice()


@settings(deadline=None)
@given(choice=CHOICES, slot=SLOTS, booted=SLOTS)
def test_a_trial_is_always_the_other_slot_and_never_a_bad_one(choice: Choice, slot: Slot, booted: Slot) -> None:
    for after in (arm(choice, slot, booted), mark(choice, slot, good=True), mark(choice, slot, good=False)):
        start = choice.trial is None or choice.trial not in (*choice.bad, choice.primary)
        if start:
            assert after.trial is None or after.trial == other(after.primary)
            assert after.trial not in after.bad
    assert next_up(arm(choice, slot, booted)) == slot


@settings(deadline=None)
@given(choice=CHOICES, slot=SLOTS)
def test_a_bad_slot_starts_only_when_both_are_bad(choice: Choice, slot: Slot) -> None:
    after = mark(choice, slot, good=False)
    assert after.primary != slot or other(slot) in after.bad


# -- which board ----------------------------------------------------------------------------------------------------


def test_the_board_is_what_the_image_says(tmp_path: Path) -> None:
    file = tmp_path / "board"
    file.write_text("qemu /dev/vda\n", "ascii")
    assert isinstance(this_board(file), QemuBoard)
    file.write_text("rpi /boot/firmware/autoboot.txt\n", "ascii")
    assert isinstance(this_board(file), PiBoard)
    file.write_text("toaster x\n", "ascii")
    with pytest.raises(BootError, match="toaster"):
        this_board(file)


def test_a_kiosk_that_is_no_image_is_told_how_it_is_updated(tmp_path: Path) -> None:
    with pytest.raises(BootError, match="update it by apt"):
        this_board(tmp_path / "none")
