"""Keeps track of every pixel buffer made while one frame is looked at, and overwrites them all at the end."""

from __future__ import annotations

from types import TracebackType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from reader.vault import overwrite

A = TypeVar("A", bound=NDArray[Any])


class Scratch:
    """``with Scratch() as scratch: grey = scratch.keep(...)``: on exit ``grey`` is all zeros."""

    def __init__(self) -> None:
        self._held: list[NDArray[Any] | bytearray] = []

    def keep(self, array: A) -> A:
        """Take note of ``array``, to be overwritten on exit, and return it."""
        self._held.append(array)
        return array

    def keep_bytes(self, buffer: bytearray) -> bytearray:
        """Take note of ``buffer``, to be overwritten on exit, and return it."""
        self._held.append(buffer)
        return buffer

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for held in self._held:
            overwrite(held)
        self._held.clear()


def as_uint8(array: Any) -> NDArray[np.uint8]:
    """Give OpenCV's answer the dtype it has."""
    assert array.dtype == np.uint8
    result: NDArray[np.uint8] = array
    return result
