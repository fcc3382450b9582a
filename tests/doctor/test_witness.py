"""What a person at the kiosk is asked, and the touch at nine points."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from reader.config.schema import KaopiConfig
from reader.devices.display_pygame import open_headless
from reader.devices.ports import Display, Pointer
from reader.doctor.checks import CHECKS, run
from reader.doctor.finding import How, Outcome, Patient, Words
from reader.doctor.witness import Nobody, Technician, checks, nine_points

os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ.setdefault("SDL_AUDIODRIVER", "dummy")


@dataclass
class Person:
    """Answers every question alike, and remembers what was asked."""

    answer: bool
    asked: list[Words] = field(default_factory=list)

    def confirms(self, question: Words) -> bool | None:
        self.asked.append(question)
        return self.answer


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Patient]:
    """A kiosk on a mock board, without a screen anyone sees."""
    saved = Device.pin_factory
    Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    try:
        yield Patient(KaopiConfig.model_validate({"devices": {"display": {"name": "headless"}}}), root=tmp_path)
    finally:
        Device.pin_factory.reset()
        Device.pin_factory = saved


SEEN = ["lamps_seen", "speaker_heard", "screen_seen", "lens_clean", "sunlight"]


def test_a_contented_witness_makes_everything_good(kiosk: Patient) -> None:
    person = Person(True)
    found = {check.id: finding.outcome for check, finding in run(kiosk, checks(person), only=SEEN)}
    assert set(found.values()) == {Outcome.OK}
    assert len(person.asked) >= 10


def test_what_a_witness_denies_is_a_failure_with_a_remedy(kiosk: Patient) -> None:
    for check, finding in run(kiosk, checks(Person(False)), only=SEEN):
        assert finding.outcome is Outcome.FAIL, check.id
        assert finding.remedy is not None


def test_without_a_witness_nothing_is_claimed(kiosk: Patient) -> None:
    for _, finding in run(kiosk, checks(Nobody()), only=SEEN):
        assert finding.outcome is Outcome.SKIPPED


def test_witnessed_checks_are_marked_so_and_have_ids_of_their_own() -> None:
    witnessed = checks(Nobody())
    assert {check.how for check in witnessed} == {How.WITNESSED}
    assert not {check.id for check in witnessed} & {check.id for check in CHECKS}


class Finger:
    """A display that is touched, ``off`` pixels to the right of each mark shown."""

    def __init__(self, off: int) -> None:
        self._inner: Display = open_headless({"panel": "wide10-1280x800"})
        self.panel = self._inner.panel
        self._off = off
        self.shown = 0

    @property
    def surface(self) -> object:
        return self._inner.surface

    def flip(self) -> None:
        self.shown += 1

    def poll(self) -> list[Pointer]:
        width, height = self.panel.width, self.panel.height
        edges = (0.1, 0.5, 0.9)
        row, column = divmod(self.shown - 1, 3)
        return [Pointer(0.0, round(edges[column] * width) + self._off, round(edges[row] * height))]


def test_nine_touches_on_their_marks_are_good() -> None:
    finger = Finger(10)
    found = nine_points(finger, clock=lambda: 0.0)  # type: ignore[arg-type]
    assert found.outcome is Outcome.OK
    assert finger.shown == 9
    assert "1.7 mm" in found.detail


def test_a_touch_beside_the_mark_does_not_count() -> None:
    ticks = iter(range(1000))
    found = nine_points(Finger(200), within_s=5, clock=lambda: float(next(ticks)), rest_s=0.0)  # type: ignore[arg-type]
    assert found.outcome is Outcome.FAIL
    assert found.remedy is not None


def test_a_technician_is_asked_again_until_the_answer_is_clear() -> None:
    typed = iter(["perhaps", "Y"])
    assert Technician("ja", lambda prompt: next(typed)).confirms(Words("点いていますか。", "Is it lit?")) is True


def test_an_empty_answer_or_no_terminal_is_nobody() -> None:
    def nobody(prompt: str) -> str:
        raise EOFError

    question = Words("点いていますか。", "Is it lit?")
    assert Technician("en", nobody).confirms(question) is None
    assert Technician("en", lambda prompt: "").confirms(question) is None
