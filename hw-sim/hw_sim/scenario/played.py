"""What came of a scenario, and whether that is what its file expects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pygame

from hw_sim.scenario.schema import Expect, Scenario
from reader.kiosk.trace import Span
from reader.session.failures import Failure
from reader.session.vocabulary import Step
from reader.uplink.messages import ResultMessage


@dataclass(slots=True)
class Snapshot:
    """What the screen showed at the end of a step."""

    step: Step
    at: float
    surface: pygame.Surface


@dataclass(slots=True)
class Played:
    """One played scenario. Times are seconds since its start; steps in the order entered."""

    name: str
    scenario: Scenario
    steps: list[tuple[float, Step]] = field(default_factory=list)
    notes: list[tuple[float, str]] = field(default_factory=list)
    results: list[ResultMessage] = field(default_factory=list)
    signatures: list[str] = field(default_factory=list)  # what the desk found of each result's signature
    stored: int = 0
    alerts: list[Failure] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    log: list[str] = field(default_factory=list)  # every event of the session, in virtual time only
    messages: int = 0  # that went over the broker, each checked by the contract, in virtual time only
    ended_at: Step = Step.STARTING
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    started: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything was as expected."""
        return not self.problems


def judge(played: Played) -> None:
    """Compare with the file's ``[expect]``; what differs is added to ``problems``."""
    expect = played.scenario.expect
    say = played.problems.append
    if played.stored != expect.results:
        say(f"the desk stored {played.stored} results, expected {expect.results}")
    if played.ended_at is not expect.ends_at:
        say(f"ended at {played.ended_at.value}, expected {expect.ends_at.value}")
    if played.results:
        _result(max(played.results, key=lambda message: message.finished_at), expect, say)
    elif expect.outcome is not None:
        say("no result reached the desk")
    _steps([step for _, step in played.steps], expect, say)
    for alert in expect.alerts:
        if alert not in played.alerts:
            say(f"no alert {alert.value} reached the desk")


def _result(message: ResultMessage, expect: Expect, say: Callable[[str], None]) -> None:
    pairs: list[tuple[str, object, object]] = [
        ("outcome", message.outcome, expect.outcome),
        ("method", message.verification.method, expect.method),
        ("failure", message.failure, expect.failure),
        ("prescription", message.prescription_issue_select, expect.prescription),
        ("taps", message.taps, expect.taps),
    ]
    for what, got, wanted in pairs:
        if wanted is not None and got != wanted:
            say(f"{what} is {got}, expected {wanted}")
    if expect.failure is None and expect.outcome is not None and expect.outcome.value == "accepted" and message.failure:
        say(f"accepted with failure {message.failure}")
    if expect.consents is not None:
        sent = message.model_dump(by_alias=True)["consents"] or {}
        for consent, wanted_flag in expect.consents.items():
            if (sent.get(consent.value) or "") != wanted_flag:
                say(f"{consent.value} is {sent.get(consent.value)!r}, expected {wanted_flag!r}")
    took = (message.finished_at - message.started_at).total_seconds()
    if expect.seconds_at_most is not None and took > expect.seconds_at_most:
        say(f"took {took:.1f} s, expected at most {expect.seconds_at_most} s")


def _steps(entered: list[Step], expect: Expect, say: Callable[[str], None]) -> None:
    for step in expect.never:
        if step in entered:
            say(f"step {step.value} was entered")
    if expect.steps is None:
        return
    rest = iter(entered)
    for step in expect.steps:
        if step not in rest:
            say(f"step {step.value} is missing, or not in this order: {' '.join(s.value for s in entered)}")
            return
