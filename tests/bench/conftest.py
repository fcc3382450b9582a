"""A result as an example: some goals met, some missed, some figures absent."""

from __future__ import annotations

import pytest
from hw_sim.bench.result import Result
from hw_sim.bench.rows import count_row, fraction_row, quantile_row, row


@pytest.fixture
def measured() -> Result:
    result = Result("a board, 4 cores", "2026-11-22T07:00:00+00:00")
    result.take("path", {
        "path.verified_over_link": quantile_row([1.1, 1.12, 1.14], "ratio"),
        "path.verified_s": quantile_row([1.3, 1.31, 1.32], "s"),
        "path.link_s": quantile_row([1.17, 1.17, 1.17], "s"),
    })  # fmt: skip
    result.take("flow", {
        "flow.taps_new": row(1.0, "taps", 1), "flow.taps_returning": row(2.0, "taps", 1),
        "flow.patients_per_hour": row(269.1, "1/h", 10),
    })  # fmt: skip
    result.take("kill", {
        "kill.lost": count_row(0, 4000, "results"), "kill.twice": count_row(0, 4000, "results"),
        "kill.faults": row(150.0, "faults", 150),
    })  # fmt: skip
    result.take("liveness", {
        "pad.sim_apcer.print": fraction_row(0, 20) | {"goal": 0.0},
        "pad.sim_apcer.phone": fraction_row(2, 20) | {"goal": 0.0},
        "pad.sim_apcer_max": fraction_row(2, 20) | {"goal": 0.0},
        "pad.sim_asked": fraction_row(30, 40), "pad.sim_live_s": quantile_row([1.1, 3.2, 3.4], "s"),
    })  # fmt: skip
    result.take("peers", {}, "PyPI cannot be reached")
    return result
