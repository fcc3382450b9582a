"""JPEG 2000 guarded by its header, then decoded by Pillow (OpenJPEG). Standard library and Pillow only: the child of
``photo_child`` imports this and nothing slower.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import Final

from PIL import Image
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile

from reader.card.errors import PhotoRejected

JP2_SIGNATURE: Final = bytes.fromhex("0000000C6A5020200D0A870A")
CODESTREAM_SOC: Final = bytes.fromhex("FF4FFF51")


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """What a portrait may be. bytes: of the file. side, pixels: of the picture. seconds: wall time of decoding.

    memory: address space of the child in bytes.
    """

    file_bytes: int = 32_768
    side: int = 2_048
    pixels: int = 2_097_152
    components: int = 4
    seconds: float = 4.0
    memory: int = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Geometry:
    """What the code stream says of itself: SIZ marker (ISO/IEC 15444-1 A.5.1)."""

    width: int
    height: int
    components: int
    bits: int
    tiles: int


def geometry(data: bytes) -> Geometry:
    """Read the SIZ marker of a JP2 file or a bare code stream without decoding. Raises PhotoRejected."""
    start = 0 if data.startswith(CODESTREAM_SOC) else _codestream(data)
    if data[start : start + 4] != CODESTREAM_SOC:
        raise PhotoRejected("no JPEG 2000 code stream")
    try:
        _, _, right, bottom, left, top, tile_w, tile_h, tile_x, tile_y, count = struct.unpack_from(
            ">HHIIIIIIIIH", data, start + 4
        )
        bits = max((data[start + 42 + 3 * index] & 0x7F) + 1 for index in range(count))
    except (struct.error, IndexError, ValueError):
        raise PhotoRejected("the size marker is cut off") from None
    if right <= left or bottom <= top or not tile_w or not tile_h:
        raise PhotoRejected("a picture without area")
    tiles = -(-(right - tile_x) // tile_w) * -(-(bottom - tile_y) // tile_h)
    return Geometry(right - left, bottom - top, count, bits, tiles)


def _codestream(data: bytes) -> int:
    """Offset of the code stream in a JP2 file (ISO/IEC 15444-1 annex I: boxes of u32 length, 4-byte type)."""
    if not data.startswith(JP2_SIGNATURE):
        raise PhotoRejected("not a JPEG 2000 file")
    at = 0
    for _ in range(32):
        if at + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if length == 1 and at + 16 <= len(data):
            (length,) = struct.unpack_from(">Q", data, at + 8)
            header = 16
        if kind == b"jp2c":
            return at + header
        if length < header:
            break
        at += length
    raise PhotoRejected("a JPEG 2000 file without code stream")


def check(data: bytes, limits: PhotoLimits) -> Geometry:
    """Refuse by the header alone what is too large to decode. Raises PhotoRejected."""
    if len(data) > limits.file_bytes:
        raise PhotoRejected(f"a photo of {len(data)} bytes, more than {limits.file_bytes}")
    found = geometry(data)
    if max(found.width, found.height) > limits.side or found.width * found.height > limits.pixels:
        raise PhotoRejected(f"a photo of {found.width}x{found.height} pixels")
    if not 1 <= found.components <= limits.components:
        raise PhotoRejected(f"a photo of {found.components} components")
    if found.bits > 16:
        raise PhotoRejected(f"a photo of {found.bits} bits per sample")
    if found.tiles > 256:
        raise PhotoRejected(f"a photo of {found.tiles} tiles")
    return found


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture: 8-bit samples, row by row; channels 1 (grey) or 3 (RGB)."""

    height: int
    width: int
    channels: int
    pixels: bytes | bytearray


def decode(data: bytes, limits: PhotoLimits) -> Picture:
    """Decode to 8 bits, grey or RGB; deeper samples are scaled. Raises PhotoRejected."""
    found = check(data, limits)
    try:
        # Pillow's own guard against bombs is behind Image.open; ``check`` is stricter and has passed.
        with Jpeg2KImageFile(io.BytesIO(data)) as image:
            if image.size != (found.width, found.height):
                raise PhotoRejected("container and code stream disagree about the size")
            image.load()
            return _to_8_bits(image)
    except PhotoRejected:
        raise
    except (OSError, ValueError, SyntaxError, MemoryError, OverflowError, IndexError, struct.error) as error:
        raise PhotoRejected(f"the photo cannot be decoded ({type(error).__name__})") from None


def _to_8_bits(image: Image.Image) -> Picture:
    width, height = image.size
    if image.mode.startswith("I"):
        # Pillow widens samples of 9..16 bits to the full 16-bit range; the second byte of each is the upper one.
        step = len(image.tobytes()) // (width * height)
        return Picture(height, width, 1, image.tobytes()[1::step])
    if image.mode in ("L", "1", "LA", "P"):
        return Picture(height, width, 1, image.convert("L").tobytes())
    if image.mode in ("RGB", "RGBA", "YCbCr"):
        return Picture(height, width, 3, image.convert("RGB").tobytes())
    raise PhotoRejected(f"a photo of kind {image.mode}")
