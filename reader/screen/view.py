"""From the session to what a screen shows: ``present`` is pure and decides everything but the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reader.screen.model import DIGITS_IN_ORDER, PROGRESS_STEPS, ScreenModel, Words
from reader.screen.screens import SCREENS
from reader.session.state import Session
from reader.session.vocabulary import Step
from reader.text import SOURCE

#: Screens that staff read: always in the source language, whatever the patient chose.
FOR_STAFF: Final = frozenset({Step.STAFF_CODE, Step.STAFF_CORNER, Step.FACTORY_RESET, Step.VISUAL_CHECK})


@dataclass(frozen=True, slots=True)
class LiveView:
    """What the session does not know: pixels and the shell's own state.

    preview: uint8 RGB (H, W, 3), as the camera gave it, not mirrored; None while there is no picture.
    box: the face's (x, y, w, h) in 0..1 of the frame. photo: the IC photo, uint8 (H, W) or (H, W, 3), only for the
    visual check. digits: how many are in the pad. pad_order: the ten digits in the order of the keys 1..9, 0.
    clock: "9:41". countdown: seconds left of the "still there?" question. choosing_language: the list is open.
    focus: index of the target that a keypad points at, None while nobody uses keys.
    progress: what the ring shows on its way to the session's own progress, None for that itself. phase: see ``motion``.
    """

    preview: NDArray[np.uint8] | None = None
    box: tuple[float, float, float, float] | None = None
    photo: NDArray[np.uint8] | None = None
    digits: int = 0
    pad_order: tuple[int, ...] = DIGITS_IN_ORDER
    clinic: str = ""
    clock: str = ""
    countdown: float | None = None
    choosing_language: bool = False
    focus: int | None = None
    progress: float | None = None
    phase: int = 0


def present(session: Session, live: LiveView) -> ScreenModel:
    """Choose the screen of ``session.step`` and fill it. Pure: same arguments, equal model."""
    aids, meant = session.aids, session.progress
    for_staff = session.step in FOR_STAFF
    staff_line = None
    if session.visual is not None and not session.card_in:
        staff_line = Words("visual_check.armed", (("operator", session.visual.operator),))
    return ScreenModel(
        step=session.step,
        content=SCREENS[session.step].content(session),
        clinic=live.clinic,
        clock=live.clock,
        language=SOURCE if for_staff else aids.language,
        easy=aids.easy_japanese and not for_staff,
        large_text=aids.large_text,
        high_contrast=aids.high_contrast,
        more_time=aids.more_time,
        lower=aids.lower,
        languages=session.rules.languages,
        choosing_language=live.choosing_language,
        progress=round(min(1.0, max(0.0, meant if live.progress is None else live.progress)) * PROGRESS_STEPS),
        phase=live.phase,
        digits=live.digits,
        pad_order=live.pad_order,
        countdown=None if live.countdown is None else max(0, round(live.countdown)),
        staff_line=staff_line,
        focus=live.focus,
        preview=live.preview,
        photo=live.photo if session.step is Step.VISUAL_CHECK else None,
    )
