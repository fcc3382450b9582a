"""Japanese eras (元号) of the solar calendar, for printed birth dates.

Boundaries: 明治 counts from 1868, its solar dates from 1 January 1873 (太政官布告337号); 大正 30 July 1912;
昭和 25 December 1926; 平成 8 January 1989; 令和 1 May 2019 (元号法). The day of a change belongs to the new era.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Era:
    """``first``: its first day; ``base``: Gregorian year before its year 1 (元年)."""

    name: str
    first: date
    base: int


ERAS: tuple[Era, ...] = (
    Era("令和", date(2019, 5, 1), 2018),
    Era("平成", date(1989, 1, 8), 1988),
    Era("昭和", date(1926, 12, 25), 1925),
    Era("大正", date(1912, 7, 30), 1911),
    Era("明治", date(1873, 1, 1), 1867),
)


def era_of(day: date) -> Era:
    """Return the era ``day`` belongs to. Raises ValueError before the solar calendar (1873)."""
    for era in ERAS:
        if day >= era.first:
            return era
    raise ValueError(f"no era of the solar calendar holds the year {day.year}")


def era_year(day: date) -> int:
    """Return the year within the era, 1 for 元年. Raises ValueError before 1873."""
    return day.year - era_of(day).base


def from_era(name: str, year: int, month: int, day: int) -> date:
    """Return the date an era date names. Raises ValueError where it is no day of that era (昭和64年1月8日)."""
    era = next((era for era in ERAS if era.name == name), None)
    if era is None or year < 1:
        raise ValueError("not an era date")
    named = date(era.base + year, month, day)
    if era_of(named) is not era:
        raise ValueError(f"not a day of {name}")
    return named
