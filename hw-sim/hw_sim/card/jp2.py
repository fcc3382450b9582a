"""Portraits as the chip holds them: grey JPEG 2000 in a JP2 container, of a wanted size in bytes."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CHIP_SIZE = (192, 240)  # width, height; what other open readers assume, the real size is not public


def encode(pixels: NDArray[np.uint8], size_bytes: int = 8_000) -> bytes:
    """Encode a grey (H, W) or RGB (H, W, 3) uint8 picture to at most ``size_bytes`` (quality falls as needed)."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    raw = pixels.size
    best = b""
    rate = max(1.0, raw / size_bytes)
    for _ in range(12):
        buffer = io.BytesIO()
        image.save(
            buffer,
            "JPEG2000",
            irreversible=True,
            quality_mode="rates",
            quality_layers=[rate],
            num_resolutions=min(5, max(1, int(np.log2(max(2, min(image.size)))))),
        )
        best = buffer.getvalue()
        if len(best) <= size_bytes:
            return best
        rate *= max(1.05, len(best) / size_bytes)
    raise ValueError(f"{pixels.shape} does not fit into {size_bytes} bytes (smallest try {len(best)})")


def chip_portrait(grey: NDArray[np.uint8], size_bytes: int = 8_000) -> bytes:
    """Scale a grey portrait to the chip's format and encode it."""
    image = Image.fromarray(np.ascontiguousarray(grey)).convert("L").resize(CHIP_SIZE, Image.Resampling.LANCZOS)
    return encode(np.asarray(image, dtype=np.uint8), size_bytes)


def placeholder() -> NDArray[np.uint8]:
    """A drawn head and shoulders, grey (240, 192): for tests of the card, useless for tests of the face."""
    width, height = CHIP_SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    picture = np.full((height, width), 205.0)
    picture[((x - 96) / 88) ** 2 + ((y - 250) / 75) ** 2 < 1] = 70
    picture[((x - 96) / 52) ** 2 + ((y - 112) / 68) ** 2 < 1] = 168
    picture[(((x - 96) / 54) ** 2 + ((y - 82) / 48) ** 2 < 1) & (y < 84)] = 40
    for eye in (74, 118):
        picture[((x - eye) / 9) ** 2 + ((y - 108) / 5) ** 2 < 1] = 45
    picture[((x - 96) / 18) ** 2 + ((y - 152) / 5) ** 2 < 1] = 110
    picture = picture + 6 * np.sin(x / 7) * np.cos(y / 9)
    grey: NDArray[np.uint8] = np.clip(picture, 0, 255).astype(np.uint8)
    return grey
