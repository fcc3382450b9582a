"""A child for strace to break: puts results into an outbox (or a desk's store) and says which it was told are safe.

``python -m hw_sim.reliability.disk_child outbox|desk FILE COUNT`` prints one id a line, only after the call returned.
"""

from __future__ import annotations

import sqlite3
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from reader.uplink.outbox import Outbox, OutboxError

_START = datetime(2026, 2, 21, tzinfo=UTC)


def _outbox(path: Path) -> Callable[[int], uuid.UUID]:
    box: list[Outbox] = []

    def put(number: int) -> uuid.UUID:
        if not box:
            box.append(Outbox(path))
        result_id = uuid.UUID(int=number + 1)
        box[0].put(result_id, b"result %d" % number)
        return result_id

    return put


def _desk(path: Path) -> Callable[[int], uuid.UUID]:
    from hw_sim.clinic.results import face_record, message_of
    from reader.desk.store import Store

    store: list[Store] = []

    def put(number: int) -> uuid.UUID:
        if not store:
            store.append(Store(path))
        message = message_of(face_record(), _START, result_id=uuid.UUID(int=number + 1))
        store[0].add_result(message, "notApplicable", _START)
        return message.result_id

    return put


def main(kind: str, path: str, count: str) -> None:
    """Try each result up to three times; a refusal is said on stderr and is no answer."""
    put = {"outbox": _outbox, "desk": _desk}[kind](Path(path))
    for number in range(int(count)):
        for _ in range(3):
            try:
                stored = put(number)
            except (OutboxError, sqlite3.Error, OSError) as error:
                sys.stderr.write(f"{type(error).__name__}\n")
            else:
                sys.stdout.write(f"{stored}\n")
                sys.stdout.flush()
                break


if __name__ == "__main__":
    main(*sys.argv[1:4])
