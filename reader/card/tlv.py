"""BER-TLV as ISO/IEC 7816-4 §5.2.2.2 uses it, read with suspicion: every length is checked against what is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from reader.card.errors import MalformedData

MAX_OBJECTS: Final = 64  # no file of the card holds more; a bomb of empty objects ends here


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object: where it starts, where its value starts and ends (offsets into the buffer it came from)."""

    tag: int
    start: int
    value_start: int
    end: int

    @property
    def length(self) -> int:
        """Length of the value in bytes."""
        return self.end - self.value_start


def read_header(data: bytes | bytearray, at: int, end: int | None = None) -> tuple[int, int, int]:
    """Return (tag, offset of the value, length of the value) of the object at ``at``; the value itself may be missing.

    Raises MalformedData when tag or length are cut off or not allowed (tags over 2 bytes, indefinite length).
    """
    end = len(data) if end is None else end
    position = at
    if position >= end:
        raise MalformedData(f"no data object at offset {at}")
    tag = data[position]
    position += 1
    if tag & 0x1F == 0x1F:
        if position >= end:
            raise MalformedData(f"tag cut off at offset {at}")
        second = data[position]
        if second & 0x80:
            raise MalformedData(f"tag of more than two bytes at offset {at}")
        tag = tag << 8 | second
        position += 1
    if position >= end:
        raise MalformedData(f"length cut off at offset {at}")
    length = data[position]
    position += 1
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 3:
            raise MalformedData(f"length of {count} bytes at offset {at}")
        if position + count > end:
            raise MalformedData(f"length cut off at offset {at}")
        length = int.from_bytes(data[position : position + count], "big")
        position += count
    return tag, position, length


def read_object(data: bytes | bytearray, at: int, end: int | None = None) -> Tlv:
    """Return the whole object at ``at``. Raises MalformedData when its value reaches beyond ``end``."""
    end = len(data) if end is None else end
    tag, value_start, length = read_header(data, at, end)
    if value_start + length > end:
        raise MalformedData(f"object {tag:X} at offset {at} is cut off")
    return Tlv(tag, at, value_start, value_start + length)


def objects(data: bytes | bytearray, start: int, end: int) -> Iterator[Tlv]:
    """Yield the objects between ``start`` and ``end``; 00 and FF between objects are filler. Raises MalformedData."""
    count = 0
    at = start
    while at < end:
        if data[at] in (0x00, 0xFF) and not _is_two_byte_private(data, at, end):
            at += 1
            continue
        count += 1
        if count > MAX_OBJECTS:
            raise MalformedData(f"more than {MAX_OBJECTS} data objects")
        found = read_object(data, at, end)
        yield found
        at = found.end


def _is_two_byte_private(data: bytes | bytearray, at: int, end: int) -> bool:
    # FF20 opens the card-face file, FFFF is filler: the second byte tells them apart.
    return data[at] == 0xFF and at + 1 < end and not data[at + 1] & 0x80 and data[at + 1] != 0
