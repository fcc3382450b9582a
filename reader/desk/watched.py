"""A thread of the desk that cannot die unnoticed: the process ends with its error, and whoever supervises starts it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class ThreadDied(RuntimeError):
    """A thread ended by an exception, which is the cause."""


class Watched:
    """``run`` in a thread of its own. on_death: called from it when it raises, to wake whoever calls ``check``."""

    def __init__(self, name: str, run: Callable[[], None], on_death: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self._run = run
        self._on_death = on_death
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for its end, at most so long."""
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def check(self) -> None:
        """Raise ThreadDied when it has died."""
        if self._error is not None:
            raise ThreadDied(f"the thread {self.name} died: {self._error!r}") from self._error

    def _guarded(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self._error = error
            log.exception("%s died", self.name)
            self._on_death()
