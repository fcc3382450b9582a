"""Drives workers by threads and watches over them: a dead or stuck thread ends the process, systemd starts it again."""

from __future__ import annotations

import logging
import threading

from reader.kiosk.clock import Clock
from reader.kiosk.worker import Worker

log = logging.getLogger(__name__)

JOIN_S = 5.0


class Driver:
    """One thread for one worker."""

    def __init__(self, worker: Worker[object], clock: Clock) -> None:
        self.worker = worker
        self.failed: BaseException | None = None
        self.beat = clock.now()
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"kaopi-{worker.name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.beat = self._clock.now()
                delay = self.worker.step(self.beat)
                self.beat = self._clock.now()
                if delay > 0:
                    self.worker.wake.wait(delay)
        except BaseException as error:
            self.failed = error
            log.exception("worker %s died", self.worker.name)
        finally:
            self.worker.close()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stop.set()
        self.worker.wake.set()

    def join(self) -> bool:
        """Wait for the end; return whether it came."""
        self._thread.join(JOIN_S)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Whether the thread runs and no exception ended it."""
        return self._thread.is_alive() and self.failed is None


class Crew:
    """All drivers. ``check`` raises as soon as one is dead or has been silent for longer than its patience."""

    def __init__(self, workers: list[Worker[object]], clock: Clock) -> None:
        self._clock = clock
        self._drivers = [Driver(worker, clock) for worker in workers]

    def start(self) -> None:
        """Start every thread."""
        for driver in self._drivers:
            driver.start()

    def ages(self) -> dict[str, float]:
        """Return seconds since each worker's last sign of life."""
        now = self._clock.now()
        return {driver.worker.name: max(0.0, now - driver.beat) for driver in self._drivers}

    def check(self, slow: float = 1.0) -> None:
        """Raise WorkerDied or WorkerStuck; ``slow`` stretches patience under emulation."""
        now = self._clock.now()
        for driver in self._drivers:
            if not driver.alive:
                raise WorkerDied(f"worker {driver.worker.name} died: {driver.failed!r}") from driver.failed
            if now - driver.beat > driver.worker.patience_s * slow + 1.0:
                raise WorkerStuck(f"worker {driver.worker.name} has been silent for {now - driver.beat:.1f} s")

    def stop(self) -> list[str]:
        """Stop every thread; return the names of those that would not end."""
        for driver in self._drivers:
            driver.stop()
        return [driver.worker.name for driver in self._drivers if not driver.join()]


class WorkerDied(RuntimeError):
    """A worker ended by an exception."""


class WorkerStuck(RuntimeError):
    """A worker gives no sign of life."""
