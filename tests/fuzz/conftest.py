"""``pytest tests/fuzz --fuzz-seconds T`` fuzzes each target T seconds; without it only seeds and old crashes run."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz-seconds", type=int, default=0, help="fuzz each target this long with atheris")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # Fuzzing is asked for, never run by the way: left out, not skipped.
    if int(config.getoption("--fuzz-seconds", 0)):
        return
    fuzzing = [item for item in items if item.name.startswith("test_fuzz[")]
    if fuzzing:
        config.hook.pytest_deselected(items=fuzzing)
        items[:] = [item for item in items if item not in fuzzing]
