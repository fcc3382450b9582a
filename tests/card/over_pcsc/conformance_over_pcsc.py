"""Every numbered case over real PC/SC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hw_sim import by_path
from hw_sim.card import personas

from reader.card.photo_child import ChildProcessDecoder

conformance = by_path.load(Path(__file__).parent.parent / "conformance.py")


@pytest.mark.parametrize("case", conformance.CASES, ids=[case["id"] for case in conformance.CASES])
def test_case(case: dict[str, Any], desk: Any, decoder: ChildProcessDecoder, today: Any) -> None:
    card = personas.persona(case["card"], today)
    slot = desk.insert(card, case.get("pulled_at"))
    try:
        result = conformance.run(case, card, desk.reader.connect, decoder, today)
        assert result == conformance.expected(case, result), case["what"]
    finally:
        slot.remove()
