"""Writes what a kiosk and a desk of this version keep on their disks, to be opened by every later version.

Run once at every version bump, ``python tests/update/make_fixtures.py``, and commit the new folder; never change an
old one. Invented data only.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
import sys
import tempfile
import tomllib
from pathlib import Path

from hw_sim.clinic.results import RECORDS, message_of

from reader.desk.passwords import hash_secret, staff_code
from reader.desk.store import Store
from reader.kiosk.staff import StaffCodes, StaffHash
from reader.provision.fleet import example
from reader.uplink.outbox import Outbox

HERE = Path(__file__).resolve().parent
FIXTURES = HERE / "fixtures"
NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)


def version() -> str:
    """Return the project's version."""
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text("utf-8"))
    return str(project["project"]["version"])


def dump(database: Path) -> str:
    """Return a database as SQL."""
    with sqlite3.connect(database) as db:
        return "\n".join(db.iterdump()) + "\n"


def main() -> int:
    """Write the folder of this version. Returns the exit code."""
    target = FIXTURES / version()
    if target.exists():
        sys.stderr.write(f"{target.name} is there already; a published version's files never change\n")
        return 1
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        outbox = Outbox(folder / "outbox.sqlite3", wall=lambda: NOW)
        store = Store(folder / "desk.sqlite3")
        for number, make in enumerate(RECORDS.values()):
            message = message_of(make(), NOW + dt.timedelta(minutes=number))
            outbox.put(message.result_id, message.model_dump_json(by_alias=True).encode())
            if number % 2:
                outbox.acknowledge(message.result_id)
                store.add_result(message, "notApplicable", NOW)
        outbox.close()
        store.set_operator("reception", hash_secret("a password of the fixture"), NOW)
        store.set_staff_code("reception", hash_secret("135790"), NOW)
        store.audit("reception", "login", NOW)
        store.close()
        (target / "outbox.sql").write_text(dump(folder / "outbox.sqlite3"), "utf-8")
        (target / "desk.sql").write_text(dump(folder / "desk.sqlite3"), "utf-8")
        code = staff_code("reception", hash_secret("135790"))
        StaffCodes(folder / "staff.json").replace((StaffHash(**code.model_dump()),))
        (target / "staff.json").write_text((folder / "staff.json").read_text("utf-8"), "utf-8")
    site = (HERE.parents[1] / "packaging/debian/site.example.toml").read_text("utf-8")
    (target / "site.toml").write_text(site, "utf-8")
    (target / "kaopi-setup.toml").write_text(example(), "utf-8")
    (target / "patient.key").write_text("00" * 32 + "\n", "ascii")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
