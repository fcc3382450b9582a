"""Verification number B (照合番号B): 14 digits composed from what is printed on the card front.

Birth date as YYMMDD + expiry year as YYYY + security code (4). YY is the year within the era; on fronts printed in
the Gregorian form (foreign residents) it is the last two digits of the Gregorian year.
"""

from __future__ import annotations

from datetime import date

from reader.cardfront.era import era_year


def compose(birth: date, expiry_year: int, code: str | bytes | bytearray, *, foreign: bool) -> bytearray:
    """Return the 14 ASCII digits in a buffer the caller must wipe.

    foreign: the front prints the birth date in the Gregorian form. Raises ValueError for a code that is not four
    digits, an expiry year outside 2016..9999 (no card was issued before 2016), or a birth before 1873; the message
    never repeats a digit.
    """
    digits = bytearray(code, "ascii", "replace") if isinstance(code, str) else bytearray(code)
    try:
        if len(digits) != 4 or not digits.isdigit():
            raise ValueError("the security code must be four digits")
        if not 2016 <= expiry_year <= 9999:
            raise ValueError("the expiry year must lie in 2016..9999")
        year = birth.year % 100 if foreign else era_year(birth)
        number = bytearray(14)
        for at, value, width in ((0, year, 2), (2, birth.month, 2), (4, birth.day, 2), (6, expiry_year, 4)):
            for place in range(at + width - 1, at - 1, -1):
                number[place] = ord("0") + value % 10
                value //= 10
        number[10:] = digits
        return number
    finally:
        digits[:] = bytes(len(digits))
