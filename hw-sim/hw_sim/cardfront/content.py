"""What a specimen card says: drawn by seed, valid by the rules of issue, and never a real person.

Names and places are the word 見本 (specimen) and its like; the 12 digits of a specimen back fail their own check digit.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

_FAMILY = ("見本", "番号", "試験", "標本", "例示", "仮名")
_GIVEN = ("太郎", "花子", "一郎", "二葉", "三奈", "四季", "さくら", "かえで")
_LATIN = ("SPECIMEN TARO", "SAMPLE HANAKO MARIA", "MIHON JAMES", "EXAMPLE ANNA LEE")
_PLACE = ("見本県見本市", "例示都標本区", "試験府試験市", "見本県仮名郡例示町")
_ROOM = ("", "　見本荘１０１号", "　標本ハイツ２０３", "　例示団地５棟４０２号室")

# First day of each era on the solar calendar (明治5年12月3日 became 明治6年1月1日).
ERAS: tuple[tuple[str, date, int], ...] = (
    ("令和", date(2019, 5, 1), 2018),
    ("平成", date(1989, 1, 8), 1988),
    ("昭和", date(1926, 12, 25), 1925),
    ("大正", date(1912, 7, 30), 1911),
    ("明治", date(1873, 1, 1), 1867),
)


@dataclass(frozen=True, slots=True)
class FrontContent:
    """Everything printed on a specimen front. ``gregorian``: the foreign-resident form of the birth date."""

    name: str
    address: tuple[str, ...]
    sex: str
    birth: date
    gregorian: bool
    expiry: date
    serial: str
    code: str
    padded: bool

    @property
    def birth_text(self) -> str:
        """The birth line as printed, single digits padded with a space on some cards."""
        year = f"{self.birth.year}"
        if not self.gregorian:
            era, start = next((name, base) for name, first, base in ERAS if self.birth >= first)
            in_era = self.birth.year - start
            year = era + ("元" if in_era == 1 else f"{in_era:2d}" if self.padded else f"{in_era}")
        return f"{year}年{self._number(self.birth.month)}月{self._number(self.birth.day)}日生"

    @property
    def expiry_text(self) -> str:
        """The expiry line as printed."""
        day, month = self._number(self.expiry.day), self._number(self.expiry.month)
        return f"{self.expiry.year}年{month}月{day}日まで有効"

    def _number(self, value: int) -> str:
        return f"{value:2d}" if self.padded else f"{value}"


def birthday(birth: date, year: int) -> date:
    """The birthday in ``year``; 29 February falls on the 28th in common years (年齢計算ニ関スル法律)."""
    try:
        return birth.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def sample_content(seed: int, today: date) -> FrontContent:
    """Draw a specimen valid on ``today``: ages 1 to 105, all eras, one in eight in the foreign-resident form."""
    rng = random.Random(f"front content {seed}")
    birth = today - timedelta(days=rng.randint(400, 105 * 365))
    if rng.random() < 0.08:  # the days around a change of era are where mistakes live
        first = rng.choice([first for _, first, _ in ERAS[:4]])
        birth = first + timedelta(days=rng.choice((-1, 0, 1)))
    gregorian = rng.random() < 0.125
    birthday_now = birthday(birth, today.year)
    age = today.year - birth.year - (today < birthday_now)
    expiry = birthday(birth, today.year + rng.randint(0, 10 if age >= 18 else 5))
    if expiry < today:
        expiry = birthday(birth, today.year + 1)
    elif expiry.year - today.year == (10 if age >= 18 else 5) and birthday_now > today:
        expiry = birthday(birth, expiry.year - 1)
    if gregorian and rng.random() < 0.5:  # a period of stay ends on any day
        expiry = today + timedelta(days=rng.randint(1, 5 * 365 if age >= 18 else 3 * 365))
    name = rng.choice(_LATIN) if gregorian else f"{rng.choice(_FAMILY)}　{rng.choice(_GIVEN)}"
    town = f"{rng.choice(_PLACE)}標本町{rng.randint(1, 9)}丁目"
    block = f"{rng.randint(1, 30)}番地{rng.randint(1, 20)}号{rng.choice(_ROOM)}"
    return FrontContent(
        name=name,
        address=(town, block),
        sex=rng.choice(("男", "女")),
        birth=birth,
        gregorian=gregorian,
        expiry=expiry,
        serial="".join(rng.choice("0123456789ABCDEF") for _ in range(16)),
        code=f"{rng.randint(0, 9999):04d}",
        padded=rng.random() < 0.5,
    )


def impossible_number(seed: int) -> str:
    """Twelve digits that cannot be anybody's 個人番号: the check digit (総務省令85号 第5条) is one off."""
    rng = random.Random(f"impossible number {seed}")
    digits = [rng.randint(0, 9) for _ in range(11)]
    weighted = sum(d * (n + 1 if n <= 6 else n - 5) for n, d in enumerate(reversed(digits), start=1))
    remainder = weighted % 11
    check = 0 if remainder <= 1 else 11 - remainder
    return "".join(map(str, digits)) + str((check + 1) % 10)
