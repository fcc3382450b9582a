"""Where things are on an ID-1 card front, in millimetres from its top left corner. Generous: print shifts, eyes vary.

Source of the arrangement: the published specimen (名 and address above, photo at the left, dates beside it, serial
number and security code on one line below the photo). Numbers are our own allowances, not the issuer's.
"""

from __future__ import annotations

from dataclasses import dataclass

CARD_MM = (85.60, 53.98)  # ISO/IEC 7810 ID-1
PX_PER_MM = 12.0
CARD_PX = (round(CARD_MM[0] * PX_PER_MM), round(CARD_MM[1] * PX_PER_MM))


@dataclass(frozen=True, slots=True)
class Zone:
    """A rectangle in mm."""

    left: float
    top: float
    right: float
    bottom: float

    def pixels(self, per_mm: float = PX_PER_MM) -> tuple[slice, slice]:
        """Rows and columns of this zone in a rectified card."""
        rows = slice(round(self.top * per_mm), round(self.bottom * per_mm))
        return rows, slice(round(self.left * per_mm), round(self.right * per_mm))


PHOTO = Zone(2.5, 15.0, 27.5, 46.0)
DATES = Zone(26.3, 15.6, 84.0, 46.0)
CODE = Zone(2.0, 44.8, 46.0, 53.2)
DATE_HEIGHT_MM = (1.5, 4.6)
DATE_WIDTH_MM = (13.0, 44.0)
DATE_GAP_MM = 3.6  # single digits are padded with white
CODE_HEIGHT_MM = (1.2, 2.8)
CODE_WIDTH_MM = (2.6, 8.4)  # 1111 is narrow
CODE_GAP_MM = 1.25  # white between serial number and security code; between two digits it is under 1 mm
# From the start of the serial number to the code, in widths of the code: 16 characters and the gap come to 4.4 and
# more, whatever the typeface, as both are set in the same; the serial number's own last four come to 3.5 at most.
CODE_AFTER_WIDTHS = 4.0
CODE_ENDS_MM = 5.0  # nothing as tall as a digit follows the code for so long
