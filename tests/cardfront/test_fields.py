"""What a printed line may say, and which dates can stand on one card."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reader.cardfront.era import era_of, era_year
from reader.cardfront.fields import Birth, is_code, looks_like_number, parse_birth, parse_expiry, plausible

TODAY = date(2026, 11, 22)
births = st.dates(min_value=date(1900, 1, 1), max_value=TODAY)


def line(text: str) -> bytearray:
    return bytearray(text.encode())


@given(births)
def test_a_birth_line_in_the_japanese_form(day: date) -> None:
    year = era_year(day)
    printed = f"{era_of(day).name}{'元' if year == 1 else year}年{day.month}月{day.day}日生"
    assert parse_birth(line(printed)) == Birth(day, foreign=False)


@given(births)
def test_a_birth_line_in_the_gregorian_form(day: date) -> None:
    assert parse_birth(line(f"{day.year}年{day.month}月{day.day}日生")) == Birth(day, foreign=True)


def test_what_follows_on_the_same_line_does_no_harm() -> None:
    assert parse_birth(line("昭和55年2月17日生性別女")) == Birth(date(1980, 2, 17), foreign=False)


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "昭和55年2月17日",  # 生 is missing: it may be any date
        "和55年2月17日生",
        "昭和5五年2月17日生",
        "昭和64年1月8日生",
        "平成31年5月1日生",
        "昭和55年13月1日生",
        "昭和55年2月30日生",
        "平成0年2月1日生",
        "80年2月17日生",
        "19801年2月17日生",
        "1980年2月17日まで有効",
        "年1980年2月17日生",
        "昭和555年2月17日生",
    ],
)
def test_what_is_not_clearly_a_birth_line_is_none(printed: str) -> None:
    assert parse_birth(line(printed)) is None


def test_an_expiry_line() -> None:
    assert parse_expiry(line("2035年2月17日まで有効")) == date(2035, 2, 17)


@pytest.mark.parametrize(
    "printed",
    ["2035年2月17日", "2035年2月30日まで有効", "035年2月17日まで有効", "令和17年2月17日まで有効", "2035年2月17日生"],
)
def test_what_is_not_clearly_an_expiry_line_is_none(printed: str) -> None:
    assert parse_expiry(line(printed)) is None


@given(st.binary(max_size=60))
def test_nothing_a_recogniser_may_answer_breaks_a_parser(noise: bytes) -> None:
    text = bytearray(noise)
    parse_birth(text)
    parse_expiry(text)
    is_code(text)
    looks_like_number(text)


@pytest.mark.parametrize(
    ("text", "code"), [("0042", True), ("042", False), ("00423", False), ("O042", False), ("", False)]
)
def test_a_code_is_four_ascii_digits(text: str, code: bool) -> None:
    assert is_code(line(text)) is code


def test_twelve_digits_in_a_row_are_known_for_what_they_are() -> None:
    assert looks_like_number(line("個人番号123456789012"))
    assert not looks_like_number(line("12345678901号"))


# -- rules of issue --------------------------------------------------------------------------------------------


def test_a_japanese_front_ends_on_a_birthday() -> None:
    born = Birth(date(1980, 2, 17), foreign=False)
    assert plausible(born, date(2035, 2, 17), TODAY)
    assert not plausible(born, date(2035, 2, 18), TODAY)
    assert not plausible(born, date(2035, 3, 17), TODAY)


def test_a_foreign_residents_front_may_end_on_any_day() -> None:
    assert plausible(Birth(date(1980, 2, 17), foreign=True), date(2028, 9, 3), TODAY)


@pytest.mark.parametrize("ends", [date(2031, 2, 28), date(2032, 2, 29), date(2031, 3, 1)])
def test_the_29th_of_february_has_birthdays_in_common_years_too(ends: date) -> None:
    assert plausible(Birth(date(1980, 2, 29), foreign=False), ends, TODAY)


def test_a_card_is_good_on_its_last_day_and_not_after() -> None:
    born = Birth(date(1980, 11, 22), foreign=False)
    assert plausible(born, date(2026, 11, 22), TODAY)
    assert not plausible(born, date(2026, 11, 22), TODAY + timedelta(days=1))


def test_no_card_lasts_beyond_the_tenth_birthday_from_today() -> None:
    born = Birth(date(1980, 11, 22), foreign=False)
    assert plausible(born, date(2036, 11, 22), TODAY)
    assert not plausible(born, date(2037, 11, 22), TODAY)
    assert not plausible(Birth(date(1980, 11, 23), foreign=False), date(2036, 11, 23), TODAY)


def test_a_childs_card_ends_by_the_fifth_birthday() -> None:
    born = Birth(date(2015, 6, 1), foreign=False)
    assert plausible(born, date(2031, 6, 1), TODAY)
    assert not plausible(born, date(2032, 6, 1), TODAY)


@given(births, st.integers(0, 12))
def test_whoever_was_born_after_today_or_130_years_ago_holds_no_card(day: date, years: int) -> None:
    assume((day.month, day.day) != (2, 29))
    late = Birth(TODAY + timedelta(days=1 + years), foreign=True)
    early = Birth(day.replace(year=day.year - 131 - (day.year - 1895)), foreign=False)
    assert not plausible(late, TODAY + timedelta(days=300), TODAY)
    assert not plausible(early, day.replace(year=2030), TODAY)
