"""The card-face file (券面事項確認AP EF 0002): where its fields lie, what they say, what the issuer signed.

Layout: FF20 { DF21 offsets 9 x u16 BE, DF22 birth, DF23 sex, DF24 card key, DF25 name, DF26 address, DF27 photo,
DF28 signature, DF29 expiry, DF2A security code }. Segments signed: DF22-24, DF25-26, DF27 as raw data objects.
Filler before the file, between objects and after it is skipped; the offset table is a hint, never an authority.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from reader.card import tlv
from reader.card.errors import MalformedData
from reader.card.keys import parse_public_key
from reader.card.signatures import PublicKey
from reader.card.tlv import Tlv

FILE: Final = 0xFF20
OFFSETS, BIRTH, SEX, CARD_KEY, NAME, ADDRESS, PHOTO, SIGNATURE, EXPIRY, SECURITY_CODE = range(0xDF21, 0xDF2B)
SEGMENTS: Final = ((BIRTH, SEX, CARD_KEY), (NAME, ADDRESS), (PHOTO,))
MAX_LEADING_FILLER: Final = 8
MAX_PHOTO: Final = 0x7FFF


@dataclass(frozen=True, slots=True)
class Span:
    """Where the whole file lies within the EF: its header starts at ``start``, its content fills body..end."""

    start: int
    body: int
    end: int


def find_file(head: bytes | bytearray) -> Span:
    """Find the outer object in the first chunk of the EF; some cards put a few bytes before it.

    Raises MalformedData when there is none, or when it is longer than a file can be.
    """
    for start in range(min(MAX_LEADING_FILLER + 1, len(head) - 4)):
        if head[start] == FILE >> 8 and head[start + 1] == FILE & 0xFF:
            _, body, length = tlv.read_header(head, start)
            if body + length > 0x8000:
                raise MalformedData(f"a card face of {length} bytes is longer than a file can be")
            return Span(start, body, body + length)
    raise MalformedData("no card-face file")


def photo_hint(head: bytes | bytearray, span: Span) -> int | None:
    """Offset of the photo object by the file's own table, None when the table is missing or makes no sense."""
    try:
        table = tlv.read_object(head, span.body)
    except MalformedData:
        return None
    if table.tag != OFFSETS or table.length != 18:
        return None
    index = PHOTO - BIRTH
    at = table.value_start + 2 * index
    offset = int.from_bytes(head[at : at + 2], "big")
    return offset if table.end <= offset < span.end else None


@dataclass(frozen=True, slots=True)
class CardFaceFile:
    """A parsed card-face file. ``fields`` index into ``data``, which the owner wipes."""

    data: bytearray
    fields: dict[int, Tlv]
    birth: datetime.date
    card_key: PublicKey
    expiry: datetime.date | None

    def value(self, tag: int) -> bytes:
        """The value of a field. Raises MalformedData when the card has none."""
        field = self.fields.get(tag)
        if field is None:
            raise MalformedData(f"field {tag:X} is missing")
        return bytes(self.data[field.value_start : field.end])

    def digests(self) -> bytes:
        """SHA-256 of each of the three segments, joined: 96 bytes. Raises MalformedData when a field is missing."""
        joined = b""
        for segment in SEGMENTS:
            digest = hashlib.sha256()
            for tag in segment:
                field = self.fields.get(tag)
                if field is None:
                    raise MalformedData(f"field {tag:X} is missing")
                digest.update(self.data[field.start : field.end])
            joined += digest.digest()
        return joined


def parse(data: bytearray) -> CardFaceFile:
    """Parse a whole EF. Raises MalformedData: cut off, a field twice, a field missing, a date that is none."""
    span = find_file(data)
    if span.end > len(data):
        raise MalformedData(f"the card face is cut off: {len(data)} of {span.end} bytes")
    fields: dict[int, Tlv] = {}
    for found in tlv.objects(data, span.body, span.end):
        if found.tag in fields:
            raise MalformedData(f"field {found.tag:X} occurs twice")
        fields[found.tag] = found
    missing = [tag for tag in (BIRTH, CARD_KEY, PHOTO, SIGNATURE) if tag not in fields]
    if missing:
        raise MalformedData("fields missing: " + ", ".join(f"{tag:X}" for tag in missing))
    birth = _date(data, fields[BIRTH])
    if birth is None:
        raise MalformedData("the date of birth is no date")
    key = fields[CARD_KEY]
    expiry = fields.get(EXPIRY)
    return CardFaceFile(
        data=data,
        fields=fields,
        birth=birth,
        card_key=parse_public_key(bytes(data[key.value_start : key.end])),
        expiry=_date(data, expiry) if expiry is not None else None,
    )


_DATE: Final = re.compile(rb"[0-9]{8}")


def _date(data: bytearray, field: Tlv) -> datetime.date | None:
    digits = bytes(data[field.value_start : field.end])
    if not _DATE.fullmatch(digits):
        return None
    try:
        return datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def age_on(birth: datetime.date, today: datetime.date) -> int:
    """Age in whole years on ``today``, 0..150. Raises MalformedData for a birth in the future or too long ago."""
    age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    if not 0 <= age <= 150:
        raise MalformedData("the date of birth makes no age")
    return age
