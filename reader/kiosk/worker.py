"""Workers: step functions with a mailbox for orders. A thread drives one in the product, a virtual clock in hw-sim."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from reader.session.events import Event

Report = Callable[[Event], None]
Order = TypeVar("Order")
Item = TypeVar("Item")


class Worker(ABC, Generic[Order]):
    """One owner of one part. Orders come in by ``post``, facts go out by ``report``, nothing else is shared."""

    name: str
    patience_s: float = 10.0  # the longest one step may take before the supervisor gives the process up

    def __init__(self, report: Report) -> None:
        self._report = report
        self._orders: deque[Order] = deque()
        self.wake = threading.Event()

    def post(self, order: Order) -> None:
        """Leave an order; the worker takes it at its next step. Safe from any thread."""
        self._orders.append(order)
        self.wake.set()

    def step(self, now: float) -> float:
        """Take all orders, do one bounded piece of work, return seconds until the next step is wanted."""
        self.wake.clear()
        while self._orders:
            self._take(self._orders.popleft(), now)
        return self._work(now)

    @abstractmethod
    def _take(self, order: Order, now: float) -> None:
        """Obey one order."""

    @abstractmethod
    def _work(self, now: float) -> float:
        """Do one bounded piece of work."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the part. Never raises."""


class Mailbox(Generic[Item]):
    """Holds one thing; the newest wins, so that a slow reader never sees the past."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._item: Item | None = None

    def put(self, item: Item | None) -> None:
        """Replace what is there (None empties it)."""
        with self._lock:
            self._item = item

    def take(self) -> Item | None:
        """Return the item and leave the box empty."""
        with self._lock:
            item, self._item = self._item, None
            return item

    def peek(self) -> Item | None:
        """Return the item and leave it there."""
        with self._lock:
            return self._item
