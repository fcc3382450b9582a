"""The short form of ``make kill``: whatever dies, nothing acknowledged is lost and nothing comes twice.

Needs the Debian packages mosquitto and strace; without them these tests fail, they do not skip.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hw_sim.reliability.disk import Store
from hw_sim.reliability.kill import POINTS, Row, acks_lost, broker_at, desk_down, disk_faults, random_kills, table

pytestmark = pytest.mark.timeout(180)


def assert_good(row: Row, faults: int) -> None:
    assert row.faults == faults, f"the fault did not happen as often as meant:\n{table([row])}"
    assert row.good, f"\n{table([row])}"


def test_sigkills_of_uplink_desk_and_broker_in_turn(tmp_path: Path) -> None:
    row = random_kills(tmp_path, kills=30, seed=20260221)
    assert_good(row, 30)
    assert row.put > 30


@pytest.mark.parametrize("point", POINTS)
def test_the_broker_dies_at_each_point_of_the_publish_sequence(point: str, tmp_path: Path) -> None:
    assert_good(broker_at(tmp_path, point, times=2), 2)


def test_results_queued_while_the_desk_is_down(tmp_path: Path) -> None:
    assert_good(desk_down(tmp_path, results=1000), 1)


def test_acknowledgements_are_lost(tmp_path: Path) -> None:
    assert_good(acks_lost(tmp_path, times=100), 100)


@pytest.mark.parametrize(
    ("kind", "error", "call", "points"),
    [
        ("outbox", "ENOSPC", "pwrite64", range(1, 41, 4)),
        ("outbox", "EIO", "fdatasync", range(1, 7)),
        ("desk", "ENOSPC", "pwrite64", range(1, 41, 8)),
        ("desk", "EIO", "fdatasync", range(1, 4)),
    ],
)
def test_the_disk_refuses_a_write(kind: Store, error: str, call: str, points: range, tmp_path: Path) -> None:
    assert_good(disk_faults(tmp_path, kind, error, call, points), len(points))
