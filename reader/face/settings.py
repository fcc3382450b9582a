"""What a site may set about faces: it may only be stricter than the manifest's thresholds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """Settings of one kiosk.

    stricter_by: added to the shipped match threshold, in comparison-score units, never negative.
    always_challenge: ask also those for a movement who look alive and have shown depth by themselves.
    """

    stricter_by: float = 0.0
    always_challenge: bool = False

    def __post_init__(self) -> None:
        """Refuse a laxer threshold. Raises ValueError."""
        if not 0.0 <= self.stricter_by <= 0.5:
            raise ValueError(f"stricter_by is {self.stricter_by}; it must lie in 0..0.5: a site may not be laxer")
