"""Contact sheets: many screens of one look side by side, at a size at which their words can still be read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pygame
from PIL import Image, ImageDraw, ImageFont

from reader.devices.ports import Panel
from reader.screen.fonts import font_file
from reader.text import SOURCE

SHEET_WIDTH: Final = 1560
SHEET_HEIGHT: Final = 1200
GAP: Final = 8
CAPTION: Final = 16
PAPER: Final = "#d0d0d0"
LANDSCAPE_COLUMNS: Final = 5
PORTRAIT_COLUMNS: Final = 8


class ContactSheet:
    """Collects the screens of one panel and writes them as ``sheet-1.png``, ``sheet-2.png``, …"""

    def __init__(self, panel: Panel) -> None:
        self.columns = LANDSCAPE_COLUMNS if panel.width > panel.height else PORTRAIT_COLUMNS
        width = (SHEET_WIDTH - GAP) // self.columns - GAP
        self.size = (width, round(width * panel.height / panel.width))
        self.rows = max(1, (SHEET_HEIGHT - GAP) // (self.size[1] + CAPTION + GAP))
        self._screens: list[tuple[str, Image.Image]] = []

    def add(self, name: str, surface: pygame.Surface) -> None:
        """Add one screen."""
        picture = Image.frombytes("RGB", surface.get_size(), pygame.image.tobytes(surface, "RGB"))
        self._screens.append((name, picture.resize(self.size, Image.Resampling.LANCZOS, reducing_gap=2.0)))

    def save(self, folder: Path) -> list[Path]:
        """Write the sheets into ``folder``; return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        per_sheet = self.columns * self.rows
        written = []
        for number, start in enumerate(range(0, len(self._screens), per_sheet), 1):
            path = folder / f"sheet-{number}.png"
            self._sheet(self._screens[start : start + per_sheet]).save(path, compress_level=3)
            written.append(path)
        return written

    def _sheet(self, screens: list[tuple[str, Image.Image]]) -> Image.Image:
        width, height = self.size
        step_x, step_y = width + GAP, height + CAPTION + GAP
        rows = -(-len(screens) // self.columns)
        sheet = Image.new("RGB", (GAP + step_x * self.columns, GAP + step_y * rows), PAPER)
        draw = ImageDraw.Draw(sheet)
        caption = ImageFont.truetype(str(font_file(SOURCE, bold=False)), CAPTION - 4)
        for index, (name, picture) in enumerate(screens):
            row, column = divmod(index, self.columns)
            x, y = GAP + column * step_x, GAP + row * step_y
            sheet.paste(picture, (x, y))
            draw.text((x, y + height), name, fill="black", font=caption)
        return sheet
