"""How fast the outbox commits here: puts with WAL and synchronous=FULL, and acknowledgements with erasure.

``python -m hw_sim.bench.outbox`` prints outbox.commits_per_s, outbox.put_p99_ms and outbox.acks_per_s (batches of 32).
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from hw_sim.bench.rows import Row, print_rows, quantile_row
from hw_sim.clinic.results import accepted_by_face
from reader.uplink.outbox import Outbox

_BATCH = 32


def measure(count: int = 2000) -> dict[str, Row]:
    """Put ``count`` results of real size, then acknowledge them in batches as the uplink does.

    outbox.commits_per_s and outbox.acks_per_s: the median over runs of a hundred. outbox.put_p99_ms: one put.
    """
    messages = [accepted_by_face(datetime.now(UTC)) for _ in range(count)]
    puts, acks = [], []
    with tempfile.TemporaryDirectory(prefix="kaopi-outbox-") as folder, Outbox(Path(folder) / "outbox.db") as box:
        for message in messages:
            start = time.perf_counter()
            box.put(message.result_id, message.encode())
            puts.append(time.perf_counter() - start)
        for first in range(0, count, _BATCH):
            some = [message.result_id for message in messages[first : first + _BATCH]]
            start = time.perf_counter()
            box.acknowledge(*some)
            acks.append((time.perf_counter() - start) / len(some))
    runs = [100 / sum(puts[first : first + 100]) for first in range(0, count - 99, 100)]
    return {
        "outbox.commits_per_s": quantile_row(runs, "1/s"),
        "outbox.put_p99_ms": quantile_row([1000 * took for took in puts], "ms", 0.99),
        "outbox.acks_per_s": quantile_row([1 / took for took in acks], "1/s"),
    }


def main() -> int:
    """Run the command."""
    print_rows(measure())
    return 0


if __name__ == "__main__":
    sys.exit(main())
