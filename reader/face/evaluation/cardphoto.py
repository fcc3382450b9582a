"""Make from a photograph what a card's chip would hold: grey, small, JPEG 2000 of a few kilobytes."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from reader.face.geometry import Points, box
from reader.face.image import Pixels

WIDTH, HEIGHT = 160, 200
BYTES = 4096
_FACE_PART = 0.57  # mesh height in the picture: a head of 34 mm in a portrait of 45 mm
_ABOVE = 0.24


def as_card_photo(rgb: Pixels, points: Points, width: int = WIDTH, height: int = HEIGHT, size: int = BYTES) -> Pixels:
    """Return the (height, width) grey portrait after a round trip through JPEG 2000 of about ``size`` bytes."""
    x, y, w, h = box(points)
    tall = h / _FACE_PART
    scale = height / tall
    left, top = x + w / 2 - tall * width / height / 2, y - _ABOVE * tall
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float32)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    portrait = cv2.warpAffine(grey, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return jpeg2000(np.asarray(portrait, np.uint8), size)


def jpeg2000(grey: Pixels, size: int = BYTES) -> Pixels:
    """Return ``grey`` (H, W) as it looks after lossy JPEG 2000 of about ``size`` bytes."""
    buffer = io.BytesIO()
    Image.fromarray(grey).save(
        buffer, "JPEG2000", quality_mode="rates", quality_layers=[max(1.0, grey.size / size)], irreversible=True
    )
    buffer.seek(0)
    with Image.open(buffer) as picture:
        return np.asarray(picture, np.uint8).copy()
