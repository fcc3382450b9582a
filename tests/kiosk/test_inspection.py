"""Staff look at the machine while it serves: in a thread of its own, once at a time, and whatever a check does."""

from __future__ import annotations

import threading

from reader.kiosk.inspection import BROKEN, Inspection, none
from reader.session.vocabulary import CheckedPart, Condition

CLOCK = CheckedPart("clock", "時計", Condition.OK)


def test_the_answer_comes_from_another_thread() -> None:
    threads: list[str] = []
    told: list[tuple[CheckedPart, ...]] = []

    def inspect() -> tuple[CheckedPart, ...]:
        threads.append(threading.current_thread().name)
        return (CLOCK,)

    inspection = Inspection(inspect, told.append)
    inspection.begin()
    inspection.join(5.0)
    assert told == [(CLOCK,)]
    assert threads == ["inspection"]


def test_asking_twice_looks_once_until_the_answer_is_there() -> None:
    told: list[tuple[CheckedPart, ...]] = []
    go_on = threading.Event()

    def inspect() -> tuple[CheckedPart, ...]:
        go_on.wait(5.0)
        return (CLOCK,)

    inspection = Inspection(inspect, told.append)
    inspection.begin()
    inspection.begin()
    assert told == [], "begin() does not wait"
    go_on.set()
    inspection.join(5.0)
    assert told == [(CLOCK,)]
    inspection.begin()
    inspection.join(5.0)
    assert told == [(CLOCK,), (CLOCK,)]


def test_a_check_that_breaks_is_told_as_a_fault_and_ends_nothing() -> None:
    told: list[tuple[CheckedPart, ...]] = []

    def inspect() -> tuple[CheckedPart, ...]:
        raise RuntimeError("a broken check")

    inspection = Inspection(inspect, told.append)
    inspection.begin()
    inspection.join(5.0)
    assert told == [(BROKEN,)]


def test_a_kiosk_without_a_doctor_says_so_by_an_empty_list() -> None:
    assert none() == ()
