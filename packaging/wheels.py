"""Unpacks wheels into a site-packages folder of any Python and machine (PyPA binary distribution format)."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath


def unpack(wheel: Path, site_packages: Path) -> None:
    """Unpack one wheel. Scripts and headers are left out: kaopi starts nothing but itself.

    Raises ValueError for a member that would leave the folder.
    """
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            relative = _place(PurePosixPath(member.filename))
            if relative is None or member.is_dir():
                continue
            if relative.is_absolute() or ".." in relative.parts:
                raise ValueError(f"{wheel.name}: {member.filename} is outside")
            target = site_packages / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(member))


def _place(path: PurePosixPath) -> PurePosixPath | None:
    """Return where a member belongs, or None: ``NAME.data/purelib|platlib/…`` moves up."""
    if path.parts and path.parts[0].endswith(".data"):
        return PurePosixPath(*path.parts[2:]) if path.parts[1] in ("purelib", "platlib") else None
    return path
