"""Modules of the image folder, which is no package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hw_sim import by_path

IMAGE = Path(__file__).resolve().parents[2] / "image"


@pytest.fixture(scope="session")
def module() -> Callable[[str], ModuleType]:
    """Import a module of image/ by name."""
    return lambda name: by_path.load(IMAGE / f"{name}.py")
