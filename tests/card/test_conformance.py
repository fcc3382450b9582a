"""Every numbered case, in process on a virtual clock; over_pcsc/conformance_over_pcsc.py runs them over real PC/SC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hw_sim import by_path
from hw_sim.card import personas
from hw_sim.card.inprocess import InProcessReader
from hw_sim.card.link import LinkModel

from reader.card.photo_child import ChildProcessDecoder
from reader.session.failures import Failure

conformance = by_path.load(Path(__file__).with_name("conformance.py"))


@pytest.mark.parametrize("case", conformance.CASES, ids=[case["id"] for case in conformance.CASES])
def test_case(case: dict[str, Any], decoder: ChildProcessDecoder, today: Any) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    card = personas.persona(case["card"], today)
    reader = InProcessReader(LinkModel(), sleep)
    reader.insert(card, case.get("pulled_at"))
    result = conformance.run(case, card, reader.connect, decoder, today, clock=lambda: now[0])
    assert result == conformance.expected(case, result), case["what"]


def test_cases_are_numbered_in_order_and_there_are_enough() -> None:
    ids = [case["id"] for case in conformance.CASES]
    assert ids == [f"C{number:03d}" for number in range(1, len(ids) + 1)]
    assert len(ids) >= 60


def test_every_persona_is_met() -> None:
    assert {case["card"] for case in conformance.CASES} == set(personas.names())


def test_every_failure_named_exists() -> None:
    known = {failure.value for failure in Failure}
    for case in conformance.CASES:
        for stage in ("identify", "face", "pin"):
            word = case.get(stage, "")
            if word.startswith("K"):
                assert word in known, case["id"]
