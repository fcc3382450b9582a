"""Modules of the image folder, which is no package."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

IMAGE = Path(__file__).resolve().parents[2] / "image"


@pytest.fixture(scope="session")
def module() -> Callable[[str], ModuleType]:
    """Import a module of image/ by name."""

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(f"kaopi_image_{name}", IMAGE / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        found = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = found
        spec.loader.exec_module(found)
        return found

    return load
