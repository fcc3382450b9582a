"""照合番号B from birth date, expiry year and security code (digital.go.jp FAQ; test-card vector of myna-card)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.cardfront.verification_number import compose

solar = st.dates(min_value=date(1873, 1, 1), max_value=date(2099, 12, 31))
years = st.integers(2016, 2099)
codes = st.from_regex(r"[0-9]{4}", fullmatch=True)


@pytest.mark.parametrize(
    ("birth", "expiry_year", "code", "number"),
    [
        (date(1980, 2, 17), 2035, "2285", b"55021720352285"),  # a public test card
        (date(1989, 1, 7), 2030, "0001", b"64010720300001"),  # last day of 昭和
        (date(1989, 1, 8), 2030, "0001", b"01010820300001"),  # first day of 平成
        (date(2019, 4, 30), 2029, "0042", b"31043020290042"),  # last day of 平成
        (date(2019, 5, 1), 2029, "0042", b"01050120290042"),  # first day of 令和
        (date(1926, 12, 25), 2030, "9999", b"01122520309999"),  # first day of 昭和
        (date(1926, 12, 24), 2030, "9999", b"15122420309999"),  # last day of 大正
        (date(1912, 7, 30), 2030, "1234", b"01073020301234"),  # first day of 大正
        (date(1912, 7, 29), 2030, "1234", b"45072920301234"),  # last day of 明治
    ],
)
def test_every_change_of_era(birth: date, expiry_year: int, code: str, number: bytes) -> None:
    assert compose(birth, expiry_year, code, foreign=False) == number


@pytest.mark.parametrize(
    ("birth", "number"),
    [
        (date(1980, 2, 17), b"80021720352285"),
        (date(2005, 11, 3), b"05110320352285"),
        (date(2000, 1, 1), b"00010120352285"),
    ],
)
def test_a_front_in_the_gregorian_form_uses_the_last_two_digits_of_the_year(birth: date, number: bytes) -> None:
    assert compose(birth, 2035, "2285", foreign=True) == number


@given(solar, years, codes, st.booleans())
def test_it_is_always_fourteen_digits_that_say_what_went_in(birth: date, year: int, code: str, foreign: bool) -> None:
    number = compose(birth, year, code, foreign=foreign)
    assert len(number) == 14
    assert number.isdigit()
    assert number[2:6] == f"{birth:%m%d}".encode()
    assert number[6:] == f"{year}{code}".encode()


@given(codes)
def test_the_code_may_come_in_a_buffer_which_stays_the_callers(code: str) -> None:
    buffer = bytearray(code.encode())
    assert compose(date(1980, 2, 17), 2035, buffer, foreign=False)[10:] == code.encode()
    assert buffer == code.encode()


@pytest.mark.parametrize("code", ["", "123", "12345", "12a4", "１２３４", "12 4", "-123"])
def test_a_code_that_is_not_four_digits_is_refused_without_repeating_it(code: str) -> None:
    with pytest.raises(ValueError, match="four digits") as refusal:
        compose(date(1980, 2, 17), 2035, code, foreign=False)
    assert not code or code not in str(refusal.value)


@pytest.mark.parametrize("year", [0, 1999, 2015, 10000, -1])
def test_a_year_no_card_can_carry_is_refused(year: int) -> None:
    with pytest.raises(ValueError, match="expiry year"):
        compose(date(1980, 2, 17), year, "2285", foreign=False)


def test_a_birth_before_the_solar_calendar_has_no_era_date() -> None:
    with pytest.raises(ValueError, match="solar calendar"):
        compose(date(1872, 12, 31), 2035, "2285", foreign=False)
