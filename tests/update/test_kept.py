"""What any released version kept on a disk is still there, and still understood, after an update to this one."""

from __future__ import annotations

import json
import sqlite3
import tomllib
import uuid
from pathlib import Path

import pytest

from reader.config.load import ConfigError, load
from reader.desk.passwords import secret_matches
from reader.desk.store import Store
from reader.kiosk.patient_keys import PatientKeys
from reader.kiosk.staff import StaffCodes
from reader.provision.schema import load_setup
from reader.uplink.messages import ResultMessage
from reader.uplink.outbox import Outbox

FIXTURES = Path(__file__).with_name("fixtures")
VERSIONS = sorted(path for path in FIXTURES.iterdir() if path.is_dir())


@pytest.fixture(params=VERSIONS, ids=lambda path: path.name)
def kept(request: pytest.FixtureRequest) -> Path:
    """What one version kept."""
    path: Path = request.param
    return path


def restored(sql: Path, to: Path) -> Path:
    """Return the database that a dump describes."""
    with sqlite3.connect(to) as db:
        db.executescript(sql.read_text("utf-8"))
    return to


def test_this_version_has_its_fixtures() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    assert (FIXTURES / project["version"]).is_dir(), "a version bump needs: python tests/update/make_fixtures.py"


def test_every_waiting_result_is_still_waiting_and_can_be_sent(kept: Path, tmp_path: Path) -> None:
    path = restored(kept / "outbox.sql", tmp_path / "outbox.sqlite3")
    with sqlite3.connect(path) as db:
        waiting = [name for (name,) in db.execute("SELECT result_id FROM results WHERE payload IS NOT NULL")]
    assert waiting
    with Outbox(path) as outbox:
        rows = outbox.due(0.0)
        assert [str(row.result_id) for row in rows] == waiting
        for row in rows:
            assert ResultMessage.model_validate_json(row.payload).result_id == row.result_id
        new = uuid.UUID(int=1)
        outbox.put(new, b"{}")
        assert outbox.acknowledge(new, *(row.result_id for row in rows)) == len(rows) + 1
        assert outbox.depth() == 0


def test_an_acknowledged_result_stays_acknowledged(kept: Path, tmp_path: Path) -> None:
    path = restored(kept / "outbox.sql", tmp_path / "outbox.sqlite3")
    with sqlite3.connect(path) as db:
        (done, *_), *_ = db.execute("SELECT result_id FROM results WHERE payload IS NULL")
    with Outbox(path) as outbox:
        before = outbox.depth()
        outbox.put(uuid.UUID(done), b"again")
        assert outbox.depth() == before


def test_the_desk_keeps_results_operators_and_its_record(kept: Path, tmp_path: Path) -> None:
    store = Store(restored(kept / "desk.sql", tmp_path / "desk.sqlite3"))
    try:
        results = store.results_after(0)
        assert len(results) == store.count_results() == 3
        assert all(result.message.kiosk == "kiosk-1" for result in results)
        assert store.operators() == ["reception"]
        password = store.operator_password("reception")
        assert password is not None
        assert secret_matches("a password of the fixture", password)
        assert store.audit_rows()[0].action == "login"
    finally:
        store.close()


def test_staff_codes_still_open(kept: Path, tmp_path: Path) -> None:
    file = tmp_path / "staff.json"
    file.write_text((kept / "staff.json").read_text("utf-8"), "utf-8")
    assert StaffCodes(file).check(bytearray(b"135790"), 0.0) == "reception"
    assert StaffCodes(file).check(bytearray(b"135791"), 0.0) is None


def test_the_site_file_is_still_accepted(kept: Path) -> None:
    assert (
        load(kept / "site.toml").site.kiosk_id
        == tomllib.loads((kept / "site.toml").read_text("utf-8"))["site"]["kiosk_id"]
    )


def test_the_set_up_file_is_still_understood(kept: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_setup(kept / "kaopi-setup.toml", None)
    assert [problem.key for problem in caught.value.problems] == ["certificates"], "and nothing else is missing"


def test_a_returning_patient_keeps_the_same_name(kept: Path, tmp_path: Path) -> None:
    """Consents remembered by the desk hang on it."""
    file = tmp_path / "patient.key"
    file.write_bytes(bytes.fromhex((kept / "patient.key").read_text("ascii")))
    assert PatientKeys(file).of(b"certificate") == "3e266922c386d54ad63b8306deda485d84722b0309ced68b982be6c0ef7f35ab"


def test_no_fixture_holds_a_pin_or_a_picture(kept: Path) -> None:
    """Fixtures are committed: they hold invented results and hashes only."""
    for file in kept.iterdir():
        assert file.stat().st_size < 20_000
    assert json.loads((kept / "staff.json").read_text("utf-8"))[0].keys() == {"operator", "salt", "hash", "n", "r", "p"}
