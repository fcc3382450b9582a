"""How fast the outbox commits here: puts with WAL and synchronous=FULL, and acknowledgements with erasure.

``python -m hw_sim.bench.outbox`` prints outbox.commits_per_s, outbox.put_p99_ms and outbox.acks_per_s (batches of 32).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hw_sim.clinic.results import accepted_by_face
from reader.uplink.outbox import Outbox

_BATCH = 32


@dataclass(frozen=True, slots=True)
class OutboxSpeed:
    """commits and acknowledgements a second, and the 99th percentile of one put in milliseconds."""

    commits_per_s: float
    put_p99_ms: float
    acks_per_s: float


def measure(folder: Path, count: int = 2000) -> OutboxSpeed:
    """Put ``count`` results of real size, then acknowledge them in batches as the uplink does."""
    messages = [accepted_by_face(datetime.now(UTC)) for _ in range(count)]
    took = []
    with Outbox(folder / "outbox.db") as box:
        began = time.perf_counter()
        for message in messages:
            start = time.perf_counter()
            box.put(message.result_id, message.encode())
            took.append(time.perf_counter() - start)
        put_s = time.perf_counter() - began
        began = time.perf_counter()
        for start in range(0, count, _BATCH):
            box.acknowledge(*[message.result_id for message in messages[start : start + _BATCH]])
        ack_s = time.perf_counter() - began
    return OutboxSpeed(count / put_s, 1000 * sorted(took)[int(count * 0.99)], count / ack_s)


def main(_arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    with tempfile.TemporaryDirectory(prefix="kaopi-outbox-") as folder:
        speed = measure(Path(folder))
    sys.stdout.write(
        f"outbox.commits_per_s = {speed.commits_per_s:.0f}\noutbox.put_p99_ms = {speed.put_p99_ms:.2f}\n"
        f"outbox.acks_per_s = {speed.acks_per_s:.0f}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
