"""The outbox keeps every result until the desk's word, and nothing of it after."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from reader.uplink.outbox import MAX_PAYLOAD, Outbox, OutboxError, OutboxFull

START = datetime(2026, 2, 21, 8, 48, 35, tzinfo=UTC)


def new_id(n: int) -> uuid.UUID:
    return uuid.UUID(int=n)


def test_results_come_out_oldest_first(outbox: Outbox) -> None:
    for n in (3, 1, 2):
        outbox.put(new_id(n), b"%d" % n)
    assert [row.payload for row in outbox.due(0.0)] == [b"3", b"1", b"2"]


def test_the_same_id_twice_is_one_result(outbox: Outbox) -> None:
    outbox.put(new_id(1), b"first")
    outbox.put(new_id(1), b"second")
    assert [row.payload for row in outbox.due(0.0)] == [b"first"]


def test_an_acknowledged_result_does_not_come_back_by_putting_it_again(outbox: Outbox) -> None:
    outbox.put(new_id(1), b"x")
    outbox.acknowledge(new_id(1))
    outbox.put(new_id(1), b"x")
    assert outbox.depth() == 0


def test_acknowledging_twice_or_something_unknown_is_fine(outbox: Outbox) -> None:
    outbox.put(new_id(1), b"x")
    assert outbox.acknowledge(new_id(1), new_id(2)) == 1
    assert outbox.acknowledge(new_id(1)) == 0


def test_an_acknowledged_payload_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    secret = b"CANARY-" + b"0123456789abcdef" * 40
    with Outbox(tmp_path / "o.db") as box:
        for n in range(50):
            box.put(new_id(n), secret + b"%d" % n)
        assert any(secret in file.read_bytes() for file in tmp_path.iterdir())
        box.acknowledge(*[new_id(n) for n in range(50)])
        assert [file.name for file in tmp_path.iterdir() if b"CANARY-" in file.read_bytes()] == []
        assert box.depth() == 0


def test_an_erasure_held_up_by_the_other_process_is_finished_by_tidy(tmp_path: Path) -> None:
    with Outbox(tmp_path / "o.db") as box:
        box.put(new_id(1), b"CANARY")
        reader = sqlite3.connect(tmp_path / "o.db", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM results").fetchone()
        box._connection().execute("PRAGMA busy_timeout = 10")
        box.acknowledge(new_id(1))
        assert not box.tidy()
        reader.close()
        assert box.tidy()
        assert [file.name for file in tmp_path.iterdir() if b"CANARY" in file.read_bytes()] == []


def test_put_off_rows_wait_and_a_restart_forgets_it(tmp_path: Path) -> None:
    with Outbox(tmp_path / "o.db") as box:
        box.put(new_id(1), b"a")
        box.put(new_id(2), b"b")
        box.put_off(box.due(0.0)[0].seq, until=10.0)
        assert [row.payload for row in box.due(5.0, limit=1)] == [b"b"]
        assert [row.payload for row in box.due(10.0)] == [b"a", b"b"]
        box.put_off(1, until=100.0)
        box.all_due()
        assert len(box.due(5.0)) == 2
        box.put_off(1, until=100.0)
    with Outbox(tmp_path / "o.db") as again:
        assert len(again.due(5.0)) == 2


def test_at_its_bound_it_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    with Outbox(tmp_path / "o.db", max_rows=3) as box:
        for n in range(3):
            box.put(new_id(n), b"x")
        assert box.full()
        with pytest.raises(OutboxFull, match="desk"):
            box.put(new_id(9), b"x")
        box.put(new_id(2), b"x")  # known already: no new row
        box.acknowledge(new_id(0))
        box.put(new_id(9), b"x")
        assert box.depth() == 3


def test_the_bound_is_at_least_ten_thousand_rows(outbox: Outbox) -> None:
    assert outbox._max_rows >= 10_000


def test_staff_may_discard_and_it_is_on_record(outbox: Outbox) -> None:
    outbox.put(new_id(1), b"x")
    outbox.put(new_id(2), b"y")
    outbox.acknowledge(new_id(1))
    with pytest.raises(ValueError, match="operator"):
        outbox.discard(operator=" ", reason="moved")
    assert outbox.discard(operator="uketsuke-1", reason="desk replaced") == 1
    assert outbox.depth() == 0
    assert outbox.discards() == [(START.isoformat(), "uketsuke-1", "desk replaced", str(new_id(2)))]


@pytest.mark.parametrize("payload", [b"", b"x" * (MAX_PAYLOAD + 1)])
def test_payloads_out_of_bounds_are_refused(outbox: Outbox, payload: bytes) -> None:
    with pytest.raises(ValueError, match="bytes"):
        outbox.put(new_id(1), payload)


def test_tombstones_go_after_a_week(tmp_path: Path) -> None:
    now = [START]
    with Outbox(tmp_path / "o.db", wall=lambda: now[0]) as box:
        box.put(new_id(1), b"x")
        box.put(new_id(2), b"x")
        box.acknowledge(new_id(1))
        now[0] += timedelta(days=8)
        box.acknowledge(new_id(2))
        (rows,) = box._connection().execute("SELECT count(*) FROM results").fetchone()
        assert rows == 1


def test_a_damaged_file_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "o.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(OutboxError, match="check the disk"):
        Outbox(tmp_path / "o.db")


def test_files_are_for_owner_and_group_only(tmp_path: Path) -> None:
    with Outbox(tmp_path / "o.db") as box:
        box.put(new_id(1), b"x")
        assert {file.stat().st_mode & 0o007 for file in tmp_path.iterdir()} == {0}


_WRITER = """
import sys, uuid
from pathlib import Path
from reader.uplink.outbox import Outbox
with Outbox(Path(sys.argv[1])) as box:
    for n in range(int(sys.argv[2]), int(sys.argv[2]) + 100):
        box.put(uuid.UUID(int=n), b"x")
"""


def test_two_processes_have_it_open_at_once(tmp_path: Path) -> None:
    with Outbox(tmp_path / "o.db") as box:
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path / "o.db"), "1000"])
        gone = 0
        while writer.poll() is None or box.depth():
            gone += box.acknowledge(*[row.result_id for row in box.due(0.0)])
        assert writer.returncode == 0
        assert gone == 100
        box.check()


class OutboxModel(RuleBasedStateMachine):
    """Against a dictionary: nothing unacknowledged is ever missing, nothing acknowledged ever returns."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.box = Outbox(Path(self.folder.name) / "o.db", max_rows=8)
        self.waiting: dict[uuid.UUID, bytes] = {}
        self.gone: set[uuid.UUID] = set()

    @rule(target=ids, number=st.integers(0, 30), payload=st.binary(min_size=1, max_size=20))
    def put(self, number: int, payload: bytes) -> uuid.UUID:
        result_id = new_id(number)
        if len(self.waiting) >= 8 and result_id not in self.waiting and result_id not in self.gone:
            with pytest.raises(OutboxFull):
                self.box.put(result_id, payload)
            return result_id
        self.box.put(result_id, payload)
        if result_id not in self.gone:
            self.waiting.setdefault(result_id, payload)
        return result_id

    @rule(some=st.lists(ids, max_size=4))
    def acknowledge(self, some: list[uuid.UUID]) -> None:
        known = {one for one in some if one in self.waiting}
        assert self.box.acknowledge(*some) == len(known)
        for one in known:
            del self.waiting[one]
        self.gone |= known

    @rule(one=consumes(ids))
    def discard(self, one: uuid.UUID) -> None:
        assert self.box.discard(operator="uketsuke-1", reason="test") == len(self.waiting)
        self.gone |= set(self.waiting)
        self.waiting.clear()

    @rule(row=st.integers(1, 40), until=st.floats(0, 10))
    def put_off(self, row: int, until: float) -> None:
        self.box.put_off(row, until)

    @rule()
    def power_cycle(self) -> None:
        self.box.close()

    @invariant()
    def everything_waiting_is_due_in_the_end(self) -> None:
        assert {row.result_id: row.payload for row in self.box.due(10.0)} == self.waiting
        assert self.box.depth() == len(self.waiting)

    def teardown(self) -> None:
        self.box.close()
        self.folder.cleanup()


TestOutboxModel = OutboxModel.TestCase
TestOutboxModel.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
