"""Golden stories: what each named visit of test_flow did, in words, compared with a committed file.

A change of behaviour shows as a changed story; ``KAOPI_SESSION=record`` writes them anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.session.never import Watcher

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(autouse=True)
def story(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compare what the visits of this test did with its golden story."""
    Watcher.told = []
    yield
    told, Watcher.told = Watcher.told, []
    if request.node.path.name != "test_flow.py" or not told:
        return
    name = re.sub(r"[^\w]+", "-", request.node.name).strip("-")
    text = "\n\n".join("\n".join(lines) for lines in told) + "\n"
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("KAOPI_SESSION") == "record":
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert path.exists(), f"{path.name} is missing: record it with KAOPI_SESSION=record"
    assert text == path.read_text("utf-8"), f"the story of {request.node.name} has changed"
