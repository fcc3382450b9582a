"""A hundred rendered fronts, read as the kiosk reads them: right or refused, never wrong."""

from __future__ import annotations

import math

import pytest
from hw_sim.cardfront.evaluate import lower_bound, run, summarise, table, upper_bound
from hw_sim.cardfront.render import SPOILED, Condition

from reader.face.modelstore import ModelStore
from reader.session.vocabulary import CardFrontProblem

_EXPECTED = {
    Condition.SLEEVE: {CardFrontProblem.SLEEVE},
    Condition.SLEEVE_THIN: {CardFrontProblem.SLEEVE},
    Condition.HEAVY_BLUR: {CardFrontProblem.BLUR},
    Condition.MOTION: {CardFrontProblem.BLUR},
    Condition.BACK_SIDE: {CardFrontProblem.BACK_SIDE},
    Condition.BACK_UPSIDE_DOWN: {CardFrontProblem.BACK_SIDE},
    Condition.BACK_IN_SLEEVE: {CardFrontProblem.BACK_SIDE},
    Condition.BACK_GLARE: {CardFrontProblem.BACK_SIDE},
    Condition.NO_CARD: {CardFrontProblem.NO_CARD_SEEN},
}


@pytest.mark.timeout(600)
def test_a_hundred_cards(models: ModelStore) -> None:
    outcomes = run(75, first_seed=70_001, models=models.folder)
    summary = summarise(outcomes)
    report = table(outcomes)
    assert summary.tried == 100
    assert summary.wrong == 0, report
    assert summary.backs_read == 0, report
    assert summary.right == summary.readable, report
    for outcome in outcomes:
        if outcome.condition in SPOILED:
            assert outcome.result != "right" or outcome.condition is Condition.GLARE_OVER, outcome
        if outcome.condition in _EXPECTED:
            assert outcome.result in _EXPECTED[outcome.condition], outcome


@pytest.mark.parametrize("trials", [1, 10, 500])
def test_the_bound_of_none_in_n_is_the_textbooks(trials: int) -> None:
    assert upper_bound(0, trials) == pytest.approx(1 - 0.05 ** (1 / trials), abs=1e-9)
    assert lower_bound(trials, trials) == pytest.approx(0.05 ** (1 / trials), abs=1e-9)


def test_the_bound_turns_the_binomial_tail() -> None:
    bound = upper_bound(2, 50)
    tail = sum(math.comb(50, k) * bound**k * (1 - bound) ** (50 - k) for k in range(3))
    assert tail == pytest.approx(0.05, abs=1e-6)
