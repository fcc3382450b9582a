"""Error rates and their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.face.evaluation.stats import curve, rate, subject_bootstrap, threshold_at


@pytest.mark.parametrize(
    ("errors", "trials", "low", "high"),
    [
        (0, 100, 0.0, 0.036217),  # 1 - 0.025 ** (1 / 100)
        (5, 5, 0.478176, 1.0),  # 0.025 ** (1 / 5)
        (10, 100, 0.049005, 0.176223),  # the textbook example
        (3, 3000, 0.000206, 0.002920),
    ],
)
def test_clopper_pearson_agrees_with_published_values(errors: int, trials: int, low: float, high: float) -> None:
    found = rate(errors, trials)
    assert found.low == pytest.approx(low, abs=2e-6)
    assert found.high == pytest.approx(high, abs=2e-6)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_rate_and_mirrors(case: tuple[int, int]) -> None:
    errors, trials = case
    one, other = rate(errors, trials), rate(trials - errors, trials)
    assert 0.0 <= one.low <= one.value <= one.high <= 1.0
    assert one.low == pytest.approx(1.0 - other.high, abs=1e-9)


def test_more_errors_than_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="3 errors cannot come from 2 trials"):
        rate(3, 2)


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=300), st.floats(0.0, 0.5))
def test_a_threshold_keeps_its_false_match_rate_and_is_the_lowest_that_does(scores: list[float], fmr: float) -> None:
    impostors = np.array(scores, np.float32)
    threshold = threshold_at(impostors, fmr)
    assert (impostors >= threshold).mean() <= fmr
    below = np.unique(impostors[impostors < threshold])
    if below.size:
        assert (impostors >= below[-1]).mean() > fmr


def test_perfect_separation_has_no_equal_error() -> None:
    found = curve(np.array([0.8, 0.9]), np.array([0.1, 0.2]))
    assert found.equal_error[0] == 0.0
    assert 0.2 < found.equal_error[1] <= 0.8


def test_no_separation_has_half() -> None:
    scores = np.linspace(0, 1, 1001)
    assert curve(scores, scores).equal_error[0] == pytest.approx(0.5, abs=0.01)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=60), st.lists(st.floats(0, 1), min_size=2, max_size=60))
def test_a_trade_off_is_monotone(genuine: list[float], impostors: list[float]) -> None:
    found = curve(np.array(genuine), np.array(impostors))
    assert (np.diff(found.false_accept) <= 0).all()
    assert (np.diff(found.false_reject) >= 0).all()
    assert found.false_accept[-1] == 0.0


def test_comparisons_of_few_subjects_leave_more_doubt_than_their_number_says() -> None:
    values = np.repeat([0.0, 1.0], 500)
    few = subject_bootstrap(values, ["a"] * 500 + ["b"] * 500, lambda v: float(v.mean()))
    many = subject_bootstrap(values, [str(k) for k in range(1000)], lambda v: float(v.mean()))
    assert few == (0.0, 1.0)
    assert many[1] - many[0] < 0.1
