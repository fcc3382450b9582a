"""照合番号B, with every era boundary and the foreign-resident form."""

from __future__ import annotations

import datetime

import pytest
from hw_sim.card.number_b import ERAS, compose, era_year
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.cardfront import verification_number


@pytest.mark.parametrize(
    ("birth", "year", "code", "number"),
    [
        ("1980-02-17", 2035, "2285", "55021720352285"),  # published with a J-LIS test card
        ("1989-01-07", 2030, "0001", "64010720300001"),
        ("1989-01-08", 2030, "0001", "01010820300001"),
        ("2019-04-30", 2029, "0042", "31043020290042"),
        ("2019-05-01", 2029, "0042", "01050120290042"),
        ("1926-12-25", 2030, "9999", "01122520309999"),
        ("1926-12-24", 2030, "9999", "15122420309999"),
        ("1912-07-30", 2030, "0000", "01073020300000"),
        ("1912-07-29", 2030, "0000", "45072920300000"),
        ("2000-02-29", 2028, "1234", "12022920281234"),
    ],
)
def test_japanese_era(birth: str, year: int, code: str, number: str) -> None:
    assert compose(datetime.date.fromisoformat(birth), year, code) == number.encode()


@pytest.mark.parametrize(("birth", "number"), [("1980-02-17", "80021720352285"), ("2005-12-01", "05120120352285")])
def test_foreign_residents_have_a_gregorian_date(birth: str, number: str) -> None:
    assert compose(datetime.date.fromisoformat(birth), 2035, "2285", gregorian=True) == number.encode()


@settings(max_examples=2000)
@given(
    st.dates(datetime.date(1900, 1, 1), datetime.date(2060, 12, 31)),
    st.integers(2016, 2060),
    st.integers(0, 9999),
    st.booleans(),
)
def test_always_fourteen_digits_that_hold_what_is_printed(
    birth: datetime.date, year: int, code: int, gregorian: bool
) -> None:
    number = compose(birth, year, f"{code:04d}", gregorian=gregorian)
    assert len(number) == 14
    assert number.isdigit()
    assert number[2:6] == f"{birth:%m%d}".encode()
    assert number[6:] == f"{year}{code:04d}".encode()


@given(st.dates(datetime.date(1868, 1, 25), datetime.date(2060, 12, 31)))
def test_eras_follow_each_other_without_gap(day: datetime.date) -> None:
    name, year = era_year(day)
    first = next(start for start, era in ERAS if era == name)
    assert day >= first
    assert year == day.year - first.year + 1
    assert 1 <= year <= 64


@pytest.mark.parametrize("code", ["123", "12345", "12a4", "１２３４", ""])
def test_a_security_code_that_is_none(code: str) -> None:
    with pytest.raises(ValueError, match="four digits"):
        compose(datetime.date(1980, 1, 1), 2030, code)


def test_a_year_that_is_none() -> None:
    with pytest.raises(ValueError, match="four digits"):
        compose(datetime.date(1980, 1, 1), 30, "1234")


def test_before_the_eras() -> None:
    with pytest.raises(ValueError, match="no era"):
        era_year(datetime.date(1868, 1, 24))


@settings(max_examples=2000)
@given(
    st.dates(datetime.date(1873, 1, 1), datetime.date(2060, 12, 31)),
    st.integers(2016, 9999),
    st.integers(0, 9999),
    st.booleans(),
)
def test_the_issuer_and_the_reader_of_the_front_agree(
    birth: datetime.date, year: int, code: int, gregorian: bool
) -> None:
    printed = f"{code:04d}"
    assert compose(birth, year, printed, gregorian=gregorian) == verification_number.compose(
        birth, year, printed, foreign=gregorian
    )
