"""What made something that is kept: nets and code, as one hash. What others made is not taken up again."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from reader.face.manifest import Manifest


def version_of(manifest: Manifest, nets: Iterable[str], code: Iterable[ModuleType | Callable[..., Any]]) -> str:
    """Return the SHA-256, in hexadecimal, of these nets and of the source of these modules and functions."""
    parts = [*(manifest.models[name].sha256 for name in nets), *(inspect.getsource(one) for one in code)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
