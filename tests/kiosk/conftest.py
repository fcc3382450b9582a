"""A screen that nobody sees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reader.devices.display_pygame import PygameDisplay, open_headless


@pytest.fixture
def display() -> Iterator[PygameDisplay]:
    found = open_headless({"panel": "wide10-1280x800"})
    yield found
    found.close()
