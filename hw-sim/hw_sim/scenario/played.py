"""What came of a scenario, and whether that is what its file expects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pygame

from hw_sim.scenario.faults import FaultKind
from hw_sim.scenario.schema import Expect, Scenario
from reader.kiosk.trace import Span
from reader.session.failures import Failure
from reader.session.vocabulary import Step
from reader.uplink.messages import ResultMessage

RECOVERED_S = 15.0
PATIENCE_S = 35.0  # until a part that hangs is given up; writing a result may take the longest
STILL_S = 2.0  # a picture is taken away after 1.5 s
HUNG_STILL_S = 8.0  # a main loop that hangs takes nothing away: its guard ends the process


@dataclass(slots=True)
class Snapshot:
    """What the screen showed at the end of a step."""

    step: Step
    at: float
    surface: pygame.Surface


@dataclass(slots=True)
class Restart:
    """The kiosk process ended and was started again. Times in seconds from the start of the scenario's world.

    broke_at: when the fault struck. ended_at: when the process ended because of it. back_at: when it served again.
    """

    why: str
    broke_at: float
    ended_at: float
    back_at: float | None = None


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
    restarts: list[Restart] = field(default_factory=list)
    still_s: float = 0.0  # how long, at worst, one picture of a face stood on the screen, in virtual time only
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
        if expect.signature is not None and expect.signature not in played.signatures:
            say(f"the desk found the signature {', '.join(played.signatures)}, expected {expect.signature}")
    elif expect.outcome is not None:
        say("no result reached the desk")
    for failure in expect.failures:
        if failure not in [message.failure for message in played.results]:
            say(f"no result with {failure.value} reached the desk")
    _steps([step for _, step in played.steps], expect, say)
    for alert in expect.alerts:
        if alert not in played.alerts:
            say(f"no alert {alert.value} reached the desk")
    if expect.not_by_face:
        by_face = [m for m in played.results if m.outcome == "accepted" and m.verification.method == "face"]
        if by_face:
            say(f"{len(by_face)} accepted by face")
    _restarts(played, say)


def _restarts(played: Played, say: Callable[[str], None]) -> None:
    if len(played.restarts) != played.scenario.expect.restarts:
        whys = "; ".join(restart.why for restart in played.restarts) or "none"
        say(f"{len(played.restarts)} restarts ({whys}), expected {played.scenario.expect.restarts}")
    faults = {do.fault for do in played.scenario.do}
    hung = bool(faults & {FaultKind.WORKER_HANGS, FaultKind.MAIN_HANGS})  # what hangs is first waited for
    for restart in played.restarts:
        since = restart.ended_at if hung else restart.broke_at
        down = None if restart.back_at is None else restart.back_at - since
        if down is None or down > RECOVERED_S:
            say(f"{restart.why}: {'not' if down is None else f'{down:.1f} s until'} back")
        if restart.ended_at - restart.broke_at > PATIENCE_S:
            say(f"{restart.why}: was given up only after {restart.ended_at - restart.broke_at:.1f} s")
    if played.still_s > (HUNG_STILL_S if FaultKind.MAIN_HANGS in faults else STILL_S):
        say(f"a face stood still on the screen for {played.still_s:.1f} s")


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
