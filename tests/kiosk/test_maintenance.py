"""The daily restart happens in its window, once, and never with a patient in front."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from reader.config.schema import KaopiConfig
from reader.kiosk.run import MIN_UPTIME_S, maintenance_due, presence
from reader.sdnotify import OUT_OF_SERVICE, SERVING, WAITING
from reader.session.core import start
from reader.session.state import Rules, VisualOrder
from reader.session.vocabulary import Step


def at(hour: int, minute: int = 0) -> datetime.datetime:
    return datetime.datetime(2026, 11, 24, hour, minute, tzinfo=datetime.UTC)


def config(begin: str = "03:00:00", end: str = "04:00:00", daily: bool = True) -> KaopiConfig:
    window = {"window_from": begin, "window_to": end, "restart_daily": daily}
    return KaopiConfig.model_validate({"maintenance": window})


@pytest.mark.parametrize(("hour", "due"), [(2, False), (3, True), (4, False), (12, False)])
def test_it_is_due_in_the_window(hour: int, due: bool) -> None:
    assert maintenance_due(config(), at(hour, 0), MIN_UPTIME_S, Step.IDLE) is due


@pytest.mark.parametrize(("hour", "due"), [(22, False), (23, True), (0, True), (1, False)])
def test_the_window_may_lie_across_midnight(hour: int, due: bool) -> None:
    assert maintenance_due(config("23:00:00", "01:00:00"), at(hour), MIN_UPTIME_S, Step.IDLE) is due


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.IDLE])
def test_never_with_a_patient_in_front(step: Step) -> None:
    assert not maintenance_due(config(), at(3, 30), MIN_UPTIME_S, step)


def test_once_a_night_and_only_where_it_is_wanted() -> None:
    assert not maintenance_due(config(), at(3, 30), MIN_UPTIME_S - 1, Step.IDLE)
    assert not maintenance_due(config(daily=False), at(3, 30), MIN_UPTIME_S, Step.IDLE)


@pytest.mark.parametrize("step", Step)
def test_an_update_hears_of_everybody_who_stands_there(step: Step) -> None:
    session = replace(start(Rules(), 0.0), step=step)
    nobody = {Step.IDLE: WAITING, Step.STARTING: WAITING, Step.OUT_OF_SERVICE: OUT_OF_SERVICE}
    assert presence(session) == nobody.get(step, SERVING)


def test_an_armed_visual_check_is_somebody() -> None:
    order = VisualOrder("reception", "unwell", 60.0)
    assert presence(replace(start(Rules(), 0.0), step=Step.IDLE, visual=order)) == SERVING
