"""Whatever the session says has a sentence and a Japanese recording."""

from __future__ import annotations

import pytest

from reader.session.failures import Failure
from reader.session.table import STEPS
from reader.session.vocabulary import CardFrontProblem, Guidance
from reader.text.voice import voice_folder

SPOKEN = (
    *sorted({spec.says for spec in STEPS.values()} - {"", "referred"}),
    "still_there",
    "take_card",
    *(f"guidance.{guidance.value}" for guidance in Guidance),
    *(f"front.{problem.value}" for problem in CardFrontProblem),
    *(f"failure.{failure.name.lower()}" for failure in Failure),
)


@pytest.mark.parametrize("text_id", SPOKEN)
def test_it_is_recorded(text_id: str) -> None:
    assert (voice_folder() / "ja" / f"{text_id}.ogg").is_file(), f"{text_id} has no recording"
