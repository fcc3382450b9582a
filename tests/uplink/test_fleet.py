"""Many kiosks on one mosquitto: nothing lost, nothing twice. ``make bench`` does 200, here a few."""

from __future__ import annotations

from pathlib import Path

from hw_sim.bench.fleet import run


def test_a_small_fleet_loses_nothing_and_stores_nothing_twice(tmp_path: Path) -> None:
    fleet = run(tmp_path, kiosks=20, results=3, over_s=3.0, seed=5)
    assert (fleet.results, fleet.lost, fleet.twice) == (60, 0, 0)
    assert 0 < fleet.p50_ms <= fleet.p99_ms
