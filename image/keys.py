"""Makes keys that sign updates: a CA that kiosks trust, a release key under it, and for tests a stranger's.

A kiosk believes ca.crt alone. Keep ca.key and release.key off the build machine, or in a token; these files are for
trials and for a first image. ``python image/keys.py FOLDER``
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from cryptography.x509.oid import ExtendedKeyUsageOID

from reader.uplink import issuing

LIFE = dt.timedelta(days=3650)


def make_keys(folder: Path, now: dt.datetime, name: str = "kaopi updates") -> None:
    """Write ca.crt, ca.key, release.crt, release.key (P-256) where they are missing. now: aware."""
    if (folder / "release.key").exists():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    start, end = now - dt.timedelta(days=1), now + LIFE
    ca = issuing.authority(f"{name} CA", start, end)
    release = issuing.issue(ca, f"{name} release", ExtendedKeyUsageOID.EMAIL_PROTECTION, start, end)
    ca.write(folder, "ca", replace=False)
    release.write(folder, "release", replace=False)


def main() -> int:
    """Run the command. Returns the exit code."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: keys.py FOLDER\n")
        return 2
    make_keys(Path(sys.argv[1]), dt.datetime.now(dt.UTC))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
