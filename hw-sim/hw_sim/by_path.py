"""Modules of folders that are no packages (image/, packaging/, tools/, tests/), imported by their path."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load(file: Path) -> ModuleType:
    """Import a Python file; a second call runs it anew. Raises ImportError when it is no Python file.

    It is known as ``kaopi_FOLDER_FILE``, so that two folders may each have a module of one name.
    """
    spec = importlib.util.spec_from_file_location(f"kaopi_{file.parent.name}_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
