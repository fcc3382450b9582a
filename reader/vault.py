"""The one place where photos, frames, embeddings, verification numbers and PIN digits may live.

Everything is kept in bytearrays or numpy arrays that are overwritten on ``wipe``; only ``Ref`` handles leave.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reader.session.vocabulary import Ref

Wipeable = bytearray | NDArray[Any]


class VaultError(LookupError):
    """The ref names nothing: it was wiped or never existed."""


def overwrite(value: Wipeable) -> None:
    """Fill ``value`` with zeros in place."""
    if isinstance(value, bytearray):
        value[:] = bytes(len(value))
    else:
        if not value.flags.writeable:
            value.setflags(write=True)
        value.fill(np.zeros((), dtype=value.dtype)[()])


def _trim() -> Callable[[int], object] | None:
    """Return glibc's malloc_trim(3), None where there is another C library."""
    try:
        trim: Callable[[int], object] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):
        return None
    return trim


_TRIM = _trim()


def give_back() -> None:
    """Give freed memory back to the kernel, which blanks it, once a patient has left.

    The heap keeps what was freed between pieces that live on: after months it would hold many times what is in use.
    """
    if _TRIM is not None:
        _TRIM(0)


class Vault:
    """Holds sensitive buffers by opaque ref. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._things: dict[Ref, Wipeable] = {}
        self._next = 1

    def put(self, kind: str, value: Wipeable) -> Ref:
        """Take ownership of ``value``; the caller must not keep another copy."""
        with self._lock:
            ref = Ref(kind, self._next)
            self._next += 1
            self._things[ref] = value
            return ref

    def get(self, ref: Ref) -> Wipeable:
        """Return the buffer itself (not a copy). Raises VaultError when it was wiped."""
        with self._lock:
            try:
                return self._things[ref]
            except KeyError:
                raise VaultError(f"{ref.kind} #{ref.number} is no longer in the vault") from None

    def drop(self, ref: Ref) -> None:
        """Overwrite and forget one thing; unknown refs are fine."""
        with self._lock:
            value = self._things.pop(ref, None)
            if value is not None:
                overwrite(value)

    def wipe(self) -> int:
        """Overwrite and forget everything. Returns how many things were held."""
        with self._lock:
            count = len(self._things)
            for value in self._things.values():
                overwrite(value)
            self._things.clear()
            return count

    def __len__(self) -> int:
        return len(self._things)

    def __repr__(self) -> str:
        return f"Vault({len(self)} things)"
