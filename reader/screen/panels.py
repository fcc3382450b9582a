"""The four panels kaopi is drawn for, and the three shapes of layout they fall into."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from reader.devices.ports import Panel

# Pixel densities are the makers' active areas; ux.md holds the table.
PANEL_10: Final = Panel(1280, 800, 5.90, "10.1-1280x800")
PANEL_7_SMALL: Final = Panel(800, 480, 5.19, "7-800x480")
PANEL_7_DENSE: Final = Panel(1280, 800, 8.49, "7-1280x800")
PANEL_PORTRAIT: Final = Panel(720, 1280, 8.28, "7-720x1280")

PANELS: Final = (PANEL_10, PANEL_7_SMALL, PANEL_7_DENSE, PANEL_PORTRAIT)


class Shape(StrEnum):
    """How a panel's millimetres let a screen be laid out."""

    WIDE = "wide"  # room for 20 mm targets under the text
    LOW = "low"  # 7" landscape: height is scarce, the strip stands at the side
    TALL = "tall"  # 7" portrait: width is scarce


def shape_of(panel: Panel) -> Shape:
    """Choose the shape by physical size, not by pixels."""
    width_mm, height_mm = panel.width / panel.px_per_mm, panel.height / panel.px_per_mm
    if height_mm > width_mm:
        return Shape.TALL
    return Shape.WIDE if height_mm >= 115 else Shape.LOW


def panel_named(name: str) -> Panel:
    """Return the panel of this name. Raises ValueError naming those that exist."""
    for panel in PANELS:
        if panel.name == name:
            return panel
    raise ValueError(f"no panel is called {name!r}; there are: {', '.join(panel.name for panel in PANELS)}")
