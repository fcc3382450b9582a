"""RAUC's custom bootloader backend (RAUC reference, "Custom Bootloader Backend"): one word in, one word out.

``python3 -m reader.update.backend`` with get-primary, get-current, set-primary SLOT, get-state SLOT, or
set-state SLOT good|bad.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from reader.update.boot import Board, BootError, PiBoard, QemuBoard, arm, mark, next_up, slot_named

#: Written by the image's builder: ``qemu DISK`` or ``rpi AUTOBOOT_TXT``.
BOARD_FILE = Path("/usr/share/kaopi/board")


def this_board(file: Path = BOARD_FILE) -> Board:
    """Return the board this image is for. Raises BootError where there are no slots."""
    try:
        kind, _, place = file.read_text("ascii").strip().partition(" ")
    except FileNotFoundError:
        raise BootError("this installation has no slots: update it by apt") from None
    match kind:
        case "qemu":
            return QemuBoard(Path(place))
        case "rpi":
            return PiBoard(Path(place))
        case _:
            raise BootError(f"{file} names an unknown board {kind!r}")


def answer(board: Board, arguments: Sequence[str]) -> str:
    """Do what RAUC asks; return what it is told. Raises BootError."""
    match arguments:
        case ["get-primary"]:
            return next_up(board.read())
        case ["get-current"]:
            return board.booted()
        case ["set-primary", slot]:
            board.write(arm(board.read(), slot_named(slot), board.booted()))
            return ""
        case ["get-state", slot]:
            return "bad" if slot_named(slot) in board.read().bad else "good"
        case ["set-state", slot, ("good" | "bad") as state]:
            board.write(mark(board.read(), slot_named(slot), state == "good"))
            return ""
        case _:
            raise BootError(f"unknown request {' '.join(arguments)!r}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit code."""
    try:
        said = answer(this_board(), sys.argv[1:] if arguments is None else arguments)
    except BootError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if said:
        sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
