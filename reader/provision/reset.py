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

from reader.durable import erase, sync_folder

#: Where an image keeps what survives a restart; all of it lies on one partition.
PLACES = (Path("/etc/kaopi"), Path("/var/lib/kaopi"), Path("/etc/NetworkManager/system-connections"))
CHUNK = 1 << 20
_FILLER = ".kaopi-reset-filler"


def erase_everything(places: tuple[Path, ...] = PLACES) -> int:
    """Overwrite and remove every file under ``places``; the folders themselves stay. Returns how many files."""
    count = 0
    for place in places:
        for path in list(_leaves_first(place)):
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


def fill_free_space(folder: Path) -> int:
    """Write zeros until the file system of ``folder`` is full, then free them again; return the bytes written.

    What lay in files that were removed long ago lies in free space until somebody writes there.
    """
    filler = folder / _FILLER
    filler.unlink(missing_ok=True)
    os.sync()  # only then are the blocks of removed files free to be written
    count = 0
    try:
        with _nothing_held_back(folder), filler.open("wb", buffering=0) as stream:
            while written := _until_full(stream):
                count += written
                os.sync()  # what the journal held back is free now: once more, until nothing fits
    finally:
        filler.unlink(missing_ok=True)
        sync_folder(folder)
    return count


def _until_full(stream: io.FileIO) -> int:
    zeros, size, count = bytes(CHUNK), CHUNK, 0
    while size:
        try:
            count += stream.write(zeros[:size])
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


def reset(places: tuple[Path, ...] = PLACES, say: Callable[[str], object] = print) -> float:
    """Do both; return the seconds it took. Services that use the files must be stopped before."""
    began = time.monotonic()
    say(f"{erase_everything(places)} files erased")
    done = set()
    for place in places:
        if place.is_dir() and (device := place.stat().st_dev) not in done:
            done.add(device)
            say(f"{fill_free_space(place) / 1e6:.0f} MB of free space overwritten")
    return time.monotonic() - began
