"""The kiosk process: threads for the workers, the main loop, the watchdog, and an orderly end."""

from __future__ import annotations

import datetime
import logging
import signal
import time
from collections.abc import Callable
from types import FrameType

from reader.config.schema import KaopiConfig
from reader.kiosk.assemble import Assembled, Choices, assemble
from reader.kiosk.clock import SystemClock
from reader.kiosk.inspection import Inspect, none
from reader.kiosk.threads import MAIN_HANG_S, Crew, HangGuard
from reader.sdnotify import OUT_OF_SERVICE, SERVING, WAITING, notify
from reader.session.state import Session
from reader.session.vocabulary import Step

log = logging.getLogger(__name__)

WATCHDOG_S = 2.0
MIN_UPTIME_S = 2 * 3600.0  # one restart a window, which is shorter than this


def run_kiosk(config: KaopiConfig, *, ready: Callable[[Assembled], None] | None = None, inspect: Inspect = none) -> int:
    """Serve patients until SIGTERM or the window is closed. Returns the exit code.

    A dead or stuck worker raises out of here, and a main loop that stands still is ended from outside of it: the
    process ends and its supervisor starts it again. The screen goes dark first: no face may stand still on it.
    """
    stop = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal stop
        stop = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    clock = SystemClock()
    assembled = assemble(config, Choices(clock, inspect=inspect, motion=True))
    crew = Crew(assembled.workers, clock)
    assembled.kiosk.heartbeats = crew.ages
    crew.start()
    notify("READY=1", f"STATUS={presence(assembled.kiosk.session)}")
    if ready is not None:
        ready(assembled)
    guard = HangGuard(MAIN_HANG_S * config.session.slow_machine)
    try:
        started = clock.now()

        def over() -> bool:
            step = assembled.kiosk.session.step
            return stop or maintenance_due(config, clock.wall(), clock.now() - started, step)

        drive(assembled, crew, clock, over, guard, slow=config.session.slow_machine)
    except SystemExit:
        log.info("the window was closed")
    finally:
        guard.feed()  # nor may the end hang
        notify("STOPPING=1")
        assembled.kiosk.dark()
        late = crew.stop()
        if late:
            log.error("workers that did not end in time: %s", ", ".join(late))
        assembled.close()
        guard.release()
    return 0


def maintenance_due(config: KaopiConfig, wall: datetime.datetime, uptime_s: float, step: Step) -> bool:
    """Return whether to end now, so that the supervisor starts afresh: at night, once, with nobody in front.

    wall: aware local time. The window may lie across midnight.
    """
    window = config.maintenance
    if not window.restart_daily or step is not Step.IDLE or uptime_s < MIN_UPTIME_S:
        return False
    now, begin, end = wall.time(), window.window_from, window.window_to
    return begin <= now < end if begin < end else now >= begin or now < end


def presence(session: Session) -> str:
    """Return what systemd, and through it an update, is told about who stands there."""
    if session.step is Step.OUT_OF_SERVICE:
        return OUT_OF_SERVICE
    nobody = session.step in (Step.IDLE, Step.STARTING) and session.visual is None
    return WAITING if nobody else SERVING


def drive(
    assembled: Assembled,
    crew: Crew,
    clock: SystemClock,
    stop: Callable[[], bool],
    guard: HangGuard | None = None,
    *,
    slow: float = 1.0,
) -> None:
    """Run the main loop until ``stop``; feed the watchdogs only while every worker is well."""
    beat, told = float("-inf"), ""
    while not stop():
        now = clock.now()
        if now - beat >= WATCHDOG_S:
            crew.check(slow)
            notify("WATCHDOG=1")
            if guard is not None:
                guard.feed()
            beat = now
        delay = assembled.kiosk.step(now)
        if (status := presence(assembled.kiosk.session)) != told:
            notify(f"STATUS={status}")
            told = status
        left = now + delay - clock.now()
        if left > 0:
            time.sleep(left)
