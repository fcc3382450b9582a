"""The IC photo on its way from the card to the vault: the port ``PhotoDecoder`` and its in-process form. RAM only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reader.card.photo_codec import PhotoLimits, Picture, decode


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


def to_array(picture: Picture) -> NDArray[np.uint8]:
    """The picture as uint8 (H, W), or (H, W, 3) for colour; writable, so that the vault can wipe it."""
    shape = (picture.height, picture.width) if picture.channels == 1 else (picture.height, picture.width, 3)
    pixels = picture.pixels if isinstance(picture.pixels, bytearray) else bytearray(picture.pixels)
    return np.frombuffer(pixels, dtype=np.uint8).reshape(shape)


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
        return to_array(decode(self.data, self.limits))

    def abandon(self) -> None:
        """Nothing runs yet."""
