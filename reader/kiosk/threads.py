"""Drives workers by threads and watches over them: a dead or stuck thread ends the process, systemd starts it again."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from reader.kiosk.clock import Clock
from reader.kiosk.worker import Worker

log = logging.getLogger(__name__)

JOIN_S = 3.0  # for all together: whoever hangs now will not end by itself
GRACE_S = 1.0
MAIN_HANG_S = 6.0  # several times the slowest redraw; systemd's own watchdog comes later


class WorkerDied(RuntimeError):
    """A worker ended by an exception."""


class WorkerStuck(RuntimeError):
    """A worker gives no sign of life."""


@dataclass(slots=True)
class Pulse:
    """A worker's signs of life, noted by whoever drives it: a thread in the product, a virtual clock in hw-sim."""

    worker: Worker[object]
    beat: float
    failed: BaseException | None = None
    ended: bool = False


def check(pulses: Iterable[Pulse], now: float, slow: float = 1.0) -> None:
    """Raise WorkerDied or WorkerStuck for the first that is not well; ``slow`` stretches patience under emulation."""
    for pulse in pulses:
        name = pulse.worker.name
        if pulse.failed is not None or pulse.ended:
            raise WorkerDied(f"worker {name} died: {pulse.failed!r}") from pulse.failed
        if now - pulse.beat > pulse.worker.patience_s * slow + GRACE_S:
            raise WorkerStuck(f"worker {name} has been silent for {now - pulse.beat:.1f} s")


class HangGuard:
    """Ends the process when the main loop stands still: by a C thread, which needs neither the loop nor the GIL.

    The stack it writes to stderr names files and lines, never a value.
    """

    def __init__(self, limit_s: float = MAIN_HANG_S) -> None:
        self._limit_s = limit_s

    def feed(self) -> None:
        """The loop is alive: count anew."""
        faulthandler.dump_traceback_later(self._limit_s, exit=True, file=sys.__stderr__ or sys.stderr)

    def release(self) -> None:
        """Stop watching."""
        faulthandler.cancel_dump_traceback_later()


class Driver:
    """One thread for one worker."""

    def __init__(self, worker: Worker[object], clock: Clock) -> None:
        self.worker = worker
        self.pulse = Pulse(worker, clock.now())
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"kaopi-{worker.name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def _run(self) -> None:
        pulse = self.pulse
        try:
            while not self._stop.is_set():
                pulse.beat = self._clock.now()
                delay = self.worker.step(pulse.beat)
                pulse.beat = self._clock.now()
                if delay > 0:
                    self.worker.wake.wait(delay)
        except BaseException as error:
            pulse.failed = error
            log.exception("worker %s died", self.worker.name)
        finally:
            pulse.ended = True
            self.worker.close()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stop.set()
        self.worker.wake.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; return whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()


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
        return {driver.worker.name: max(0.0, now - driver.pulse.beat) for driver in self._drivers}

    def check(self, slow: float = 1.0) -> None:
        """Raise WorkerDied or WorkerStuck; ``slow`` stretches patience under emulation."""
        check((driver.pulse for driver in self._drivers), self._clock.now(), slow)

    def stop(self) -> list[str]:
        """Stop every thread; return the names of those that would not end."""
        for driver in self._drivers:
            driver.stop()
        until = time.monotonic() + JOIN_S
        return [driver.worker.name for driver in self._drivers if not driver.join(max(0.0, until - time.monotonic()))]
