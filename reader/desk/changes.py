"""Tells open pages and consumers that the store changed, from any thread into asyncio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Changes:
    """A hub of "something changed" marks. A slow listener gets one mark for many changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def notify(self, _what: str = "") -> None:
        """Mark a change; callable from any thread."""
        with self._lock:
            listeners = list(self._listeners.items())
        for event, loop in listeners:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set at every change; the listener clears it."""
        event = asyncio.Event()
        with self._lock:
            self._listeners[event] = asyncio.get_running_loop()
        try:
            yield event
        finally:
            with self._lock:
                del self._listeners[event]

    def __len__(self) -> int:
        with self._lock:
            return len(self._listeners)
