"""What the printed lines say, and whether it can be true. Works on bytes so that no digit becomes a lasting ``str``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from reader.cardfront.era import ERAS, from_era

_ERA_BIRTH = re.compile(
    rb"^("
    + b"|".join(era.name.encode() for era in ERAS)
    + rb")("
    + "元".encode()
    + rb"|[0-9]{1,2})"
    + "年".encode()
    + rb"([0-9]{1,2})"
    + "月".encode()
    + rb"([0-9]{1,2})"
    + "日生".encode()
)
_GREGORIAN_BIRTH = re.compile("^([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日生".encode())
_EXPIRY = re.compile("^([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日まで有効".encode())
_ADULT_YEARS, _CHILD_YEARS, _ADULT_AGE = 10, 5, 18  # validity counted in birthdays; 番号利用法施行規則


@dataclass(frozen=True, slots=True)
class Birth:
    """``foreign``: printed in the Gregorian form."""

    day: date
    foreign: bool

    def __repr__(self) -> str:
        return "Birth(...)"


def parse_birth(text: bytearray) -> Birth | None:
    """The birth date of a line like 昭和55年2月17日生 or 1980年2月17日生, or None if it is not one."""
    try:
        if match := _ERA_BIRTH.match(text):
            year = int(match[2]) if match[2].isdigit() else 1
            return Birth(from_era(match[1].decode(), year, int(match[3]), int(match[4])), foreign=False)
        if match := _GREGORIAN_BIRTH.match(text):
            return Birth(date(int(match[1]), int(match[2]), int(match[3])), foreign=True)
    except ValueError:
        pass
    return None


def parse_expiry(text: bytearray) -> date | None:
    """The day of a line like 2035年2月17日まで有効, or None if it is not one."""
    if match := _EXPIRY.match(text):
        try:
            return date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            pass
    return None


def end_of_birth(text: bytearray) -> int:
    """Where the birth date of a birth line ends; the sex may follow on the same line."""
    mark = "日生".encode()
    return text.find(mark) + len(mark)


def is_code(text: bytearray) -> bool:
    """True for exactly four ASCII digits."""
    return len(text) == 4 and text.isdigit()


def looks_like_number(text: bytearray) -> bool:
    """True where twelve digits stand in a row: a line of the back, not to be kept for a moment."""
    return re.search(rb"[0-9]{12}", text) is not None


def plausible(birth: Birth, expiry: date, today: date) -> bool:
    """Can a card with these dates lie here today?

    The birth lies in the last 130 years; the card has not expired; it ends no later than its tenth birthday from now
    (fifth for those under 18); and, on fronts in the Japanese form, it ends on a birthday (29 February: 28 or 1 March
    too). The last rule is the nearest thing to a check digit the front has. A period of stay may end on any day.
    """
    if not date(today.year - 130, 1, 1) <= birth.day <= today or expiry < today:
        return False
    born = birth.day
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    years = _ADULT_YEARS if age >= _ADULT_AGE else _CHILD_YEARS
    if (expiry.year - years, expiry.month, expiry.day) > (today.year, today.month, today.day):
        return False
    if birth.foreign:
        return True
    ends = (expiry.month, expiry.day)
    if (born.month, born.day) == (2, 29):
        return ends in ((2, 28), (2, 29), (3, 1))
    return ends == (born.month, born.day)
