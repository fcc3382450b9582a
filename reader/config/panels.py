"""The touchscreens kaopi is laid out for: pixels, and pixels per millimetre (diagonal over pixel diagonal)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PanelName = Literal["pi7-800x480", "wide7-1280x800", "wide10-1280x800", "touch2-720x1280"]


@dataclass(frozen=True, slots=True)
class PanelSize:
    """A panel as it is built, before rotation."""

    title: str
    width: int
    height: int
    px_per_mm: float


PANELS: dict[PanelName, PanelSize] = {
    "pi7-800x480": PanelSize("Raspberry Pi Touch Display, 7 inch", 800, 480, 5.19),
    "wide7-1280x800": PanelSize("7 inch, 1280 × 800", 1280, 800, 8.49),
    "wide10-1280x800": PanelSize("10.1 inch, 1280 × 800 (recommended)", 1280, 800, 5.90),
    "touch2-720x1280": PanelSize("Raspberry Pi Touch Display 2, 7 inch, upright", 720, 1280, 8.28),
}
