"""The fonts that ship with kaopi, by language and weight, opened once per size."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Final

import pygame.font

#: Font file stem by language; two weights each. Every script has its own file, subset to the catalogue.
STEMS: Final = {
    "ja": "japanese",
    "en": "latin",
    "vi": "latin",
    "pt-BR": "latin",
    "tl": "latin",
    "ne": "devanagari",
    "ko": "korean",
    "zh-Hans": "chinese-simplified",
    "zh-Hant": "chinese-traditional",
}

#: Scripts that need shaping, as ISO 15924 codes for HarfBuzz.
SCRIPTS: Final = {"ne": "Deva"}


def font_file(language: str, bold: bool) -> Path:
    """Return the shipped file that draws this language."""
    stem = STEMS.get(language, STEMS["ja"])
    weight = "bold" if bold else "regular"
    return Path(str(resources.files(__package__).joinpath("fonts", f"{stem}-{weight}.ttf")))


@lru_cache(maxsize=256)
def font(language: str, bold: bool, px: int) -> pygame.font.Font:
    """Return the font with an em of ``px`` pixels. Raises FileNotFoundError when the package is incomplete."""
    if not pygame.font.get_init():
        pygame.font.init()
    opened = pygame.font.Font(font_file(language, bold), px)
    if language in SCRIPTS:
        opened.set_script(SCRIPTS[language])
    return opened
