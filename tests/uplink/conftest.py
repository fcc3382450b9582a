"""Fixtures of the uplink's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hw_sim.clinic.results import accepted_by_face

from reader.uplink.messages import ResultMessage
from reader.uplink.outbox import Outbox

START = datetime(2026, 2, 21, 8, 48, 35, tzinfo=UTC)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "outbox.db", wall=lambda: START) as box:
        yield box


@pytest.fixture
def result() -> Callable[[int], ResultMessage]:
    return lambda n: accepted_by_face(START + timedelta(seconds=n))
