"""Typefaces the specimens are printed in, from Debian packages."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

PACKAGES = "fonts-morisawa-bizud-gothic fonts-ipaexfont fonts-noto-cjk fonts-ocr-b fonts-liberation"

_FILES: dict[str, tuple[str, int]] = {
    "biz": ("truetype/bizud-gothic/BIZUDGothic-Regular.ttf", 0),
    "ipaex": ("opentype/ipaexfont-gothic/ipaexg.ttf", 0),
    "noto": ("opentype/noto/NotoSansCJK-Regular.ttc", 0),
    "ocrb": ("opentype/ocr-b/OCRB.otf", 0),
    "mono": ("truetype/liberation/LiberationMono-Regular.ttf", 0),
}
TEXT_FACES = ("biz", "ipaex", "noto")
DIGIT_FACES = ("ocrb", "ocrb", "mono", "biz")


@lru_cache(maxsize=128)
def face(name: str, size_px: int) -> ImageFont.FreeTypeFont:
    """Return a face. Raises FileNotFoundError naming the Debian packages to install."""
    file, index = _FILES[name]
    path = Path("/usr/share/fonts") / file
    if not path.exists():
        raise FileNotFoundError(f"typeface {name} is missing: apt-get install {PACKAGES}")
    return ImageFont.truetype(str(path), size_px, index=index)
