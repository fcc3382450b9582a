"""Era dates: the day of a change belongs to the new era, and no era has a day outside it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.cardfront.era import ERAS, era_of, era_year, from_era

solar = st.dates(min_value=date(1873, 1, 1), max_value=date(2099, 12, 31))


@given(solar)
def test_a_day_survives_the_way_to_its_era_date_and_back(day: date) -> None:
    assert from_era(era_of(day).name, era_year(day), day.month, day.day) == day


@pytest.mark.parametrize("era", ERAS[:-1], ids=lambda era: era.name)
def test_the_first_day_of_an_era_is_in_it_and_the_day_before_is_not(era: object) -> None:
    first = next(e for e in ERAS if e is era)
    assert era_of(first.first) is first
    assert era_year(first.first) == 1
    before = first.first - timedelta(days=1)
    assert era_of(before) is not first
    with pytest.raises(ValueError, match=first.name):
        from_era(first.name, max(1, before.year - first.base), before.month, before.day)


@pytest.mark.parametrize(
    ("name", "year", "month", "day"),
    [
        ("昭和", 64, 1, 8),
        ("平成", 31, 5, 1),
        ("大正", 15, 12, 25),
        ("明治", 45, 7, 30),
        ("明治", 5, 12, 2),
        ("令和", 0, 5, 1),
        ("令和", 3, 2, 29),
        ("昭和", 70, 1, 1),
        ("慶応", 3, 1, 1),
    ],
)
def test_what_is_no_day_of_an_era_is_refused(name: str, year: int, month: int, day: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - datetime's own message for 29 February
        from_era(name, year, month, day)
