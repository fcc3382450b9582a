"""Back to a blank kiosk: every file that says whose it was or whom it served is overwritten, and free space too.

For a kiosk that is sold, sent for repair or moved to another clinic. What flash wears out and sets aside lies beyond
any program's reach; a kiosk that must leave no doubt gets a new card.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from reader.durable import erase, sync_folder, write

#: Where an image keeps what survives a restart; all of it lies on one partition.
PLACES = (Path("/etc/kaopi"), Path("/var/lib/kaopi"), Path("/etc/NetworkManager/system-connections"))
#: Lies in the first place while a reset is under way, so that one that lost its power goes on at the next start.
MARK = ".erasing"
CHUNK = 1 << 20
_FILLER = ".kaopi-reset-filler"


def erase_everything(places: tuple[Path, ...] = PLACES) -> int:
    """Overwrite and remove every file under ``places``; the folders themselves stay. Returns how many files."""
    count = 0
    for place in places:
        for path in list(_leaves_first(place)):
            if path == places[0] / MARK:
                continue
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                if path.is_file() and not path.is_symlink():
                    erase(path)
                else:
                    path.unlink()
                count += 1
        if place.is_dir():
            sync_folder(place)
    return count


def _leaves_first(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from _leaves_first(entry)
        yield entry


def fill_free_space(folder: Path, wrote: Callable[[int], object] = lambda count: None) -> int:
    """Write zeros until the file system of ``folder`` is full, then free them again; return the bytes written.
    ``wrote`` hears the bytes so far, a chunk at a time.

    What lay in files that were removed long ago lies in free space until somebody writes there.
    """
    filler = folder / _FILLER
    filler.unlink(missing_ok=True)
    os.sync()  # only then are the blocks of removed files free to be written
    count = 0
    try:
        with _nothing_held_back(folder), filler.open("wb", buffering=0) as stream:
            while (total := _until_full(stream, count, wrote)) > count:
                count = total
                os.sync()  # what the journal held back is free now: once more, until nothing fits
    finally:
        filler.unlink(missing_ok=True)
        sync_folder(folder)
    return count


def _until_full(stream: io.FileIO, count: int, wrote: Callable[[int], object]) -> int:
    """Write until nothing fits; return the bytes written, those of before included."""
    zeros, size = bytes(CHUNK), CHUNK
    while size:
        try:
            count += stream.write(zeros[:size])
            wrote(count)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            size //= 2  # the last blocks are smaller than a chunk
    return count


@contextlib.contextmanager
def _nothing_held_back(folder: Path) -> Iterator[None]:
    """Let the last blocks be written too: ext4 keeps some back for itself (ext4(5), reserved_clusters)."""
    device = folder.stat().st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    kept = Path("/sys/fs/ext4") / name / "reserved_clusters"
    before = kept.read_text("ascii") if kept.exists() else None
    if before is not None:
        kept.write_text("0", "ascii")
    try:
        yield
    finally:
        if before is not None:
            kept.write_text(before, "ascii")


def reset(
    places: tuple[Path, ...] = PLACES,
    say: Callable[[str], object] = print,
    progress: Callable[[float], object] = lambda share: None,
) -> float:
    """Do both; return the seconds it took. Services that use the files must be stopped before.

    progress hears 0 to 1. A power cut on the way leaves MARK behind, which says that it is to be done again.
    """
    began = time.monotonic()
    mark = places[0] / MARK
    if places[0].is_dir():
        write(mark, b"", 0o644)
        site = places[0] / "site.toml"
        if site.is_file():
            erase(site)  # first: without it no kiosk starts on what is left
    say(f"{erase_everything(places)} files erased")
    one_each = {place.stat().st_dev: place for place in reversed(places) if place.is_dir()}
    for number, place in enumerate(one_each.values()):
        free = os.statvfs(place)
        room = max(1, free.f_bfree * free.f_frsize)

        def wrote(count: int, number: int = number, room: int = room) -> None:
            progress((number + min(1.0, count / room)) / len(one_each))

        say(f"{fill_free_space(place, wrote) / 1e6:.0f} MB of free space overwritten")
    if mark.exists():
        mark.unlink()
        sync_folder(mark.parent)
    return time.monotonic() - began
