"""Which slot the board starts, kept in one disk sector so that a power cut leaves the old word or the new one.

Two boards, one meaning. ``primary`` is started unless ``trial`` names the other slot, which is then tried once: on the
QEMU board by U-Boot's script (image/qemu/boot.cmd), on a Raspberry Pi by its firmware's ``tryboot``
(autoboot.txt, Raspberry Pi documentation "The boot folder"). Standard library only: this runs inside RAUC's handlers.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from reader import durable

Slot = Literal["A", "B"]
SECTOR = 512
#: Between the partition table and the first partition; image/debian.py leaves it free and boot.cmd reads it.
QEMU_OFFSET = 2048 * SECTOR


class BootError(RuntimeError):
    """The board's choice cannot be read or written."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the board starts next. bad: slots that must not be started."""

    primary: Slot = "A"
    trial: Slot | None = None
    bad: frozenset[Slot] = frozenset()


class Board(Protocol):
    """Where a board keeps its choice."""

    def read(self) -> Choice:
        """Return the choice. Raises BootError."""

    def write(self, choice: Choice) -> None:
        """Store the choice durably. Raises BootError."""

    def booted(self) -> Slot:
        """Return the slot that runs. Raises BootError."""


def other(slot: Slot) -> Slot:
    """Return the other slot."""
    return "B" if slot == "A" else "A"


def slot_named(name: str) -> Slot:
    """Return the slot of this name. Raises BootError."""
    match name:
        case "A":
            return "A"
        case "B":
            return "B"
        case _:
            raise BootError(f"no slot is called {name!r}")


class QemuBoard:
    """The choice as a U-Boot text environment in one raw sector."""

    def __init__(self, disk: Path, root: Path = Path("/")) -> None:
        self._disk = disk
        self._root = root

    def read(self) -> Choice:
        """See Board.read. An empty sector means: A, nothing tried yet."""
        with _raise_boot_error(self._disk), self._disk.open("rb") as stream:
            stream.seek(QEMU_OFFSET)
            sector = stream.read(SECTOR)
        lines = sector.split(b"\0")[0].decode("ascii", "replace").splitlines()
        words = dict(line.split("=", 1) for line in lines if "=" in line)
        trial, bad = words.get("try", ""), words.get("bad", "")
        return Choice(
            slot_named(words.get("primary", "A")),
            slot_named(trial) if trial else None,
            frozenset(slot_named(name) for name in bad),
        )

    def write(self, choice: Choice) -> None:
        """See Board.write."""
        text = f"primary={choice.primary}\ntry={choice.trial or ''}\nbad={''.join(sorted(choice.bad))}\n"
        _write_sector(self._disk, QEMU_OFFSET, text.encode("ascii").ljust(SECTOR, b"\0"))

    def booted(self) -> Slot:
        """See Board.booted: U-Boot's script says it on the kernel's command line."""
        words = (self._root / "proc/cmdline").read_text("ascii").split()
        for word in words:
            if word.startswith("rauc.slot="):
                return slot_named(word.removeprefix("rauc.slot="))
        raise BootError("the kernel's command line names no slot")


class PiBoard:
    """The choice as autoboot.txt, always one sector long, overwritten where it lies.

    A file renamed into place would need two sectors of a FAT to change together. ``trial`` takes effect only with
    ``reboot "0 tryboot"``, a flag that the firmware drops after one start and at every power cut.
    """

    PARTITIONS: ClassVar[dict[Slot, int]] = {"A": 2, "B": 3}

    def __init__(self, autoboot: Path, root: Path = Path("/")) -> None:
        self._file = autoboot
        self._root = root

    def read(self) -> Choice:
        """See Board.read."""
        with _raise_boot_error(self._file):
            text = self._file.read_text("ascii", "replace")
        found = re.search(r"^\[all\]$.*?^boot_partition=(\d+)$", text, re.MULTILINE | re.DOTALL)
        slots = {number: slot for slot, number in self.PARTITIONS.items()}
        if found is None or int(found[1]) not in slots:
            raise BootError(f"{self._file} names no partition of ours")
        kept = dict(re.findall(r"^# (trial|bad)=(\w*)$", text, re.MULTILINE))
        trial = kept.get("trial", "")
        return Choice(
            slots[int(found[1])],
            slot_named(trial) if trial else None,
            frozenset(slot_named(name) for name in kept.get("bad", "")),
        )

    def settle(self) -> None:
        """Bring the builder's file to one sector, once, before the first update is there to be cut off."""
        with _raise_boot_error(self._file):
            if self._file.stat().st_size != SECTOR:
                durable.write(self._file, self.text(self.read()), 0o644)

    def write(self, choice: Choice) -> None:
        """See Board.write. Raises BootError, and changes nothing, when the file is not one sector long."""
        try:
            length = self._file.stat().st_size
        except OSError as error:
            raise BootError(f"{self._file}: {error.strerror}") from None
        if length != SECTOR:
            raise BootError(f"{self._file} is {length} bytes long instead of {SECTOR}")
        _write_sector(self._file, 0, self.text(choice))

    @classmethod
    def text(cls, choice: Choice) -> bytes:
        """Return autoboot.txt for a choice, padded to a sector."""
        lines = (
            "[all]",
            "tryboot_a_b=1",
            f"boot_partition={cls.PARTITIONS[choice.primary]}",
            "[tryboot]",
            f"boot_partition={cls.PARTITIONS[other(choice.primary)]}",
            f"# trial={choice.trial or ''}",
            f"# bad={''.join(sorted(choice.bad))}",
        )
        return "".join(f"{line}\n" for line in lines).encode("ascii").ljust(SECTOR, b"\n")

    def booted(self) -> Slot:
        """See Board.booted: the firmware says which partition it started from."""
        with _raise_boot_error(self._root / "proc/device-tree/chosen/bootloader/partition") as file:
            number = int.from_bytes(file.read_bytes(), "big")
        for slot, partition in self.PARTITIONS.items():
            if partition == number:
                return slot
        raise BootError(f"started from partition {number}, which is no slot")


def arm(choice: Choice, wanted: Slot, booted: Slot) -> Choice:
    """Return the choice after RAUC's ``set-primary``: what runs becomes primary, anything else is tried once."""
    if wanted in choice.bad:
        choice = replace(choice, bad=choice.bad - {wanted})
    if wanted == booted:
        return replace(choice, primary=wanted, trial=None)
    return replace(choice, trial=None if wanted == choice.primary else wanted)


def next_up(choice: Choice) -> Slot:
    """Return the slot that is meant to start next."""
    return choice.trial or choice.primary


def mark(choice: Choice, slot: Slot, good: bool) -> Choice:
    """Return the choice after RAUC's ``set-state``. A bad slot is not tried, nor primary if there is a way."""
    if good:
        return replace(choice, bad=choice.bad - {slot})
    bad = choice.bad | {slot}
    trial = None if choice.trial == slot else choice.trial
    primary = choice.primary
    if primary == slot and other(slot) not in bad:
        primary, trial = other(slot), None
    return Choice(primary, trial, bad)


class _raise_boot_error:  # noqa: N801 - reads as a statement
    """Turns OSError into BootError with the file's name."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Path:
        return self._file

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise BootError(f"{self._file}: {error.strerror or error}") from None


def _write_sector(file: Path, offset: int, sector: bytes) -> None:
    """Write one aligned sector and wait until the disk has it."""
    assert len(sector) == SECTOR
    with _raise_boot_error(file):
        descriptor = os.open(file, os.O_WRONLY | os.O_SYNC)
        try:
            os.pwrite(descriptor, sector, offset)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
