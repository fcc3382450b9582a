"""Runs the inspection beside the main loop, in a thread that lives as long as it: staff look, patients are served."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from reader.session.vocabulary import CheckedPart, Condition

log = logging.getLogger(__name__)

#: Looks at every part that can be asked while patients are served; takes a second or two.
Inspect = Callable[[], tuple[CheckedPart, ...]]
BROKEN = CheckedPart("doctor", "点検", Condition.FAULT, "点検そのものが止まりました。保守の担当者に連絡してください。")


def none() -> tuple[CheckedPart, ...]:
    """A kiosk without a doctor has nothing to say."""
    return ()


class Inspection:
    """One inspection at a time. ``report`` may be called from any thread."""

    def __init__(self, inspect: Inspect, report: Callable[[tuple[CheckedPart, ...]], None]) -> None:
        self._inspect = inspect
        self._report = report
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Start looking, unless that is under way; whoever waits for the answer gets the same one."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._thread = threading.Thread(target=self._look, name="inspection", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait until the answer has been reported."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _look(self) -> None:
        try:
            found = self._inspect()
        except Exception:  # whatever a check does, the kiosk goes on
            log.exception("the inspection broke off")
            found = (BROKEN,)
        self._report(found)
