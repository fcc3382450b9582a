"""The IC photo: JPEG 2000 bytes to a uint8 picture, guarded against hostile files. RAM only.

``decode`` is the pure decoder with its limits; it runs in the child of ``photo_child``, and in process in tests.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

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


class PendingPhoto(Protocol):
    """A decode under way."""

    def result(self) -> NDArray[np.uint8]:
        """Wait for the picture: uint8, (H, W) grey or (H, W, 3) RGB, owned by the caller. Raises PhotoRejected."""

    def abandon(self) -> None:
        """End the decode: nobody wants the picture any more."""


class PhotoDecoder(Protocol):
    """Decodes portraits. ``submit`` starts, so that the card can be read on meanwhile."""

    def submit(self, jp2: bytearray) -> PendingPhoto:
        """Start decoding; ``jp2`` is overwritten once it is handed over."""

    def close(self) -> None:
        """End the decoder and any decode under way."""


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


def decode(data: bytes, limits: PhotoLimits) -> NDArray[np.uint8]:
    """Decode to uint8, (H, W) for grey and (H, W, 3) for colour; deeper samples are scaled. Raises PhotoRejected."""
    found = check(data, limits)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("JPEG2000",)) as image:
                if image.size != (found.width, found.height):
                    raise PhotoRejected("container and code stream disagree about the size")
                image.load()
                return _to_uint8(image, found.bits)
    except PhotoRejected:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, MemoryError, Warning) as error:
        raise PhotoRejected(f"the photo cannot be decoded ({type(error).__name__})") from None
    except Image.DecompressionBombError:
        raise PhotoRejected("a decompression bomb") from None


def _to_uint8(image: Image.Image, bits: int) -> NDArray[np.uint8]:
    if image.mode.startswith("I"):
        # Pillow widens samples of 9..16 bits to the full 16-bit range.
        return np.ascontiguousarray(np.asarray(image).astype(np.uint32) >> 8, dtype=np.uint8)
    if image.mode in ("L", "1", "LA", "P"):
        return np.array(image.convert("L"), dtype=np.uint8)
    if image.mode in ("RGB", "RGBA", "YCbCr"):
        return np.array(image.convert("RGB"), dtype=np.uint8)
    raise PhotoRejected(f"a photo of kind {image.mode} with {bits} bits")


class InProcessDecoder:
    """Decodes in this process: for tests of the guard itself, never for a card a stranger brings."""

    def __init__(self, limits: PhotoLimits | None = None) -> None:
        self._limits = limits or PhotoLimits()

    def submit(self, jp2: bytearray) -> PendingPhoto:
        """See PhotoDecoder.submit."""
        data = bytes(jp2)
        jp2[:] = bytes(len(jp2))
        return _Ready(data, self._limits)

    def close(self) -> None:
        """Nothing to end."""


@dataclass(frozen=True, slots=True)
class _Ready:
    data: bytes
    limits: PhotoLimits

    def result(self) -> NDArray[np.uint8]:
        return decode(self.data, self.limits)

    def abandon(self) -> None:
        """Nothing runs yet."""
