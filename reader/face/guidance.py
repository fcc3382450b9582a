"""One reason at most: what the patient should change next, held steady so that the sentence does not flicker.

Words are ``reader.session.vocabulary.Guidance``. Left and right are the patient's own: MOVE_LEFT asks them to move
to their own left, which is to the right in the camera picture and to the left in the mirrored preview they see.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from reader.face.geometry import Pose
from reader.face.light import LightReading
from reader.session.vocabulary import Guidance


@dataclass(frozen=True, slots=True)
class View:
    """What one frame shows of the face, apart from its light.

    x, y: centre of the face in 0..1 of the picture. width: face width in parts of the picture's width. eyes_px:
    distance of the outer eye corners in pixels. openness: eye aspect ratio. motion: shift since the last frame in
    face widths per second. others: further faces.
    """

    x: float
    y: float
    width: float
    eyes_px: float
    pose: Pose
    openness: float
    motion: float
    others: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a frame stops being usable: position by what the camera frames, light by what it costs.

    Limits of dark and backlit faces are where liveness loses half of the people on altered pictures, long before the
    comparison does; side light never costs that many; clipping is judged by both kinds of error (docs/evaluation.md).
    """

    least_eyes_px: float = 48.0  # outer corners; an aligned face is then hardly enlarged
    most_width: float = 0.62
    off_centre_x: float = 0.26
    off_centre_y: float = 0.30
    yaw: float = math.radians(18)
    pitch: float = math.radians(18)
    roll: float = math.radians(20)
    least_openness: float = 0.12
    most_motion: float = 1.6
    dark_face: float = 0.24  # of any skin: exposure is metered on the face
    backlit_face: float = 0.26
    bright_background: float = 8.0
    most_left_right: float = 0.95
    most_clipped: float = 0.65
    least_sharpness: float = 0.30


LIMITS = Limits()
LIGHT_REASONS = frozenset({Guidance.TOO_DARK, Guidance.BACKLIGHT, Guidance.DIRECT_LIGHT, Guidance.SIDE_LIGHT})
RAISE_S = 0.25  # a reason must have been true for so long before it is said
CLEAR_S = 0.35  # and stays until it has been false for so long
EASE = 0.10  # a limit that was broken is considered kept again only when kept by a tenth


def reason(
    view: View | None, light: LightReading | None, standing: Guidance | None = None, limits: Limits = LIMITS
) -> Guidance | None:
    """Return the most useful reason why this frame cannot be used, or None when it can.

    The order is that of usefulness: without a face nothing else matters; then where to stand, because light is judged
    where the patient will stand; then light; what mends itself within a blink comes last. standing: the reason said
    now, whose limit is drawn tighter so that a value on the edge does not toggle it.
    """
    if view is None or light is None:
        return Guidance.FIND_FACE

    def over(value: float, limit: float, what: Guidance) -> bool:
        return value > limit * (1.0 - EASE if standing is what else 1.0)

    def under(value: float, limit: float, what: Guidance) -> bool:
        return value < limit * (1.0 + EASE if standing is what else 1.0)

    right, low = view.x - 0.5, view.y - 0.5
    early: tuple[tuple[Guidance, bool], ...] = (
        (Guidance.ONE_PERSON, view.others > 0),
        (Guidance.COME_CLOSER, under(view.eyes_px, limits.least_eyes_px, Guidance.COME_CLOSER)),
        (Guidance.STEP_BACK, over(view.width, limits.most_width, Guidance.STEP_BACK)),
        (Guidance.MOVE_LEFT, over(-right, limits.off_centre_x, Guidance.MOVE_LEFT)),
        (Guidance.MOVE_RIGHT, over(right, limits.off_centre_x, Guidance.MOVE_RIGHT)),
        (Guidance.MOVE_DOWN, over(-low, limits.off_centre_y, Guidance.MOVE_DOWN)),
        (Guidance.MOVE_UP, over(low, limits.off_centre_y, Guidance.MOVE_UP)),
    )
    late: tuple[tuple[Guidance, bool], ...] = (
        (
            Guidance.LOOK_STRAIGHT,
            over(abs(view.pose.yaw), limits.yaw, Guidance.LOOK_STRAIGHT)
            or over(abs(view.pose.pitch), limits.pitch, Guidance.LOOK_STRAIGHT)
            or over(abs(view.pose.roll), limits.roll, Guidance.LOOK_STRAIGHT),
        ),
        (Guidance.HOLD_STILL, over(view.motion, limits.most_motion, Guidance.HOLD_STILL)),
        (Guidance.BLURRED, under(light.sharpness, limits.least_sharpness, Guidance.BLURRED)),
        (Guidance.OPEN_EYES, under(view.openness, limits.least_openness, Guidance.OPEN_EYES)),
    )
    found = next((what for what, broken in early if broken), None)
    found = found or light_reason(light, standing, limits)
    return found or next((what for what, broken in late if broken), None)


def light_reason(light: LightReading, standing: Guidance | None = None, limits: Limits = LIMITS) -> Guidance | None:
    """Return what is wrong with the light on this face, or None.

    Backlight comes first: it also darkens the face, but the remedy is another one.
    """
    for what, size in _light_faults(light, limits).items():
        if size > (1.0 - EASE if standing is what else 1.0):
            return what
    return None


def severity(light: LightReading, limits: Limits = LIMITS) -> float:
    """Return how far the worst measurement lies beyond its limit: above 1 the frame cannot be used."""
    return max(_light_faults(light, limits).values())


def _light_faults(light: LightReading, limits: Limits) -> dict[Guidance, float]:
    """Return for each reason, the most telling first, the measured share of its limit."""
    face = max(light.face, 1e-3)
    return {
        # A bright background alone does no harm: the face must be dark as well.
        Guidance.BACKLIGHT: min(light.background / limits.bright_background, limits.backlit_face / face),
        Guidance.DIRECT_LIGHT: light.clipped / limits.most_clipped,
        Guidance.TOO_DARK: limits.dark_face / face,
        Guidance.SIDE_LIGHT: light.left_right / limits.most_left_right,
    }


class Steady:
    """Holds a reason steady over time. Time comes from the frames."""

    def __init__(self) -> None:
        self._shown: Guidance | None = None
        self._wanted: Guidance | None = None
        self._since = 0.0

    @property
    def shown(self) -> Guidance | None:
        """The reason on the screen now."""
        return self._shown

    def hold(self, what: Guidance | None, at: float) -> Guidance | None:
        """Take the reason found at second ``at`` and return the one to show."""
        if what is not self._wanted:
            self._wanted, self._since = what, at
        wait = RAISE_S if what is not None else CLEAR_S
        if what is not self._shown and at - self._since >= wait:
            self._shown = what
        return self._shown
