"""照合番号B: how the 14 digits that open the card face are made from what is printed on the card.

和暦 year of birth (2), month (2), day (2), 西暦 year of card expiry (4), security code (4). Source: digital.go.jp FAQ,
myna-card test vector. The issuer's own view, kept apart from ``reader.cardfront`` on purpose: a test compares the two.
Foreign residents' cards print a Gregorian date of birth: its last two digits are used.
"""

from __future__ import annotations

import datetime
from typing import Final

ERAS: Final[tuple[tuple[datetime.date, str], ...]] = (
    (datetime.date(2019, 5, 1), "令和"),
    (datetime.date(1989, 1, 8), "平成"),
    (datetime.date(1926, 12, 25), "昭和"),
    (datetime.date(1912, 7, 30), "大正"),
    (datetime.date(1868, 1, 25), "明治"),
)
LENGTH: Final = 14


def era_year(day: datetime.date) -> tuple[str, int]:
    """Return era name and year of era. Raises ValueError before 1868-01-25."""
    for first_day, name in ERAS:
        if day >= first_day:
            return name, day.year - first_day.year + 1
    raise ValueError(f"no era before {ERAS[-1][0].isoformat()}")


def compose(birth: datetime.date, expiry_year: int, security_code: str, *, gregorian: bool = False) -> bytearray:
    """Return 照合番号B as 14 ASCII digits in a buffer the caller wipes.

    gregorian: the card prints a Gregorian date of birth (foreign residents). Raises ValueError.
    """
    if not 2000 <= expiry_year <= 9999:
        raise ValueError("the year of expiry has four digits")
    if len(security_code) != 4 or not (security_code.isascii() and security_code.isdecimal()):
        raise ValueError("the security code has four digits")
    year = birth.year % 100 if gregorian else era_year(birth)[1]
    return bytearray(f"{year:02d}{birth:%m%d}{expiry_year:04d}{security_code}".encode("ascii"))
