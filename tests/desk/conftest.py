"""Fixtures of the desk's tests."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reader.desk.service import DeskService
from reader.desk.store import Store

NOW = datetime(2026, 2, 21, 3, 0, tzinfo=UTC)  # noon in Japan


@pytest.fixture
def store() -> Iterator[Store]:
    memory = Path("/dev/shm")  # what is tested here is no disk; the kill tests have one
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        store = Store(Path(folder) / "desk.db")
        yield store
        store.close()


@pytest.fixture
def service(store: Store) -> DeskService:
    return DeskService(store, site="clinic")
