"""The demo ends with a few sentences: what happened, or what went wrong and what to do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hw_sim.clinic.results import accepted_by_face
from hw_sim.demo import SCENARIO, frame_ms, in_short
from hw_sim.scenario.played import Played
from hw_sim.scenario.schema import load

from reader.kiosk.trace import Span
from reader.session.vocabulary import Step


def visit(frame_s: float) -> Played:
    message = accepted_by_face(datetime(2026, 11, 24, tzinfo=UTC))
    return Played(
        "face",
        load(SCENARIO),
        steps=[(0.1, Step.IDLE), (1.0, Step.READING_CARD), (1.4, Step.FACE), (2.2, Step.CONSENT), (3.4, Step.DONE)],
        notes=[(0.9, "card in"), (3.3, "press agree_all")],
        results=[message],
        spans=[Span("card link", "card face", 1.0, 2.0), Span("inference", "frame", 1.5, 1.5 + frame_s)],
    )


def test_a_visit_is_summed_up() -> None:
    first, second, third = in_short(visit(0.01))
    assert first == "Verified 1.3 s after the card went in; the card took 1.0 s of it."
    assert second.endswith("2.5 s from card in to a result that is safe.")
    assert "acknowledged" in third


def test_what_went_wrong_is_said_as_it_is() -> None:
    played = visit(0.01)
    played.problems.append("no result reached the desk")
    assert in_short(played) == ["not as it should be: no result reached the desk"]


def test_a_busy_machine_is_told_apart_from_a_fault() -> None:
    played = visit(0.78)
    played.problems.append("step face_again was entered")
    assert frame_ms(played) == pytest.approx(780.0)
    assert "busy" in in_short(played)[-1]


def test_a_visit_without_a_look_has_no_frame_time() -> None:
    assert frame_ms(Played("face", load(SCENARIO))) == 0.0
