"""Judges pictures of the patient's camera: light, glare, focus, haze and flicker. Keeps no picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.devices.ports import Frame
from reader.doctor.finding import Finding, Words, fail, good, warn

_BLACK, _WHITE = 12.0, 245.0
_GLARE_SHARE = 0.06  # of all pixels at full white: a lamp or the sun shines into the lens
_SHARP = 12.0  # variance of the Laplacian at 640 px width; an evenly blurred room stays below
_CONTRAST = 45.0  # between the 5th and 95th percentile of grey; a greasy lens veils everything
_FLICKER = 0.015  # row brightness swing from frame to frame, relative


def _grey(frame: Frame) -> NDArray[np.uint8]:
    height, width, _ = frame.pixels.shape
    small = cv2.resize(frame.pixels, (640, max(1, 640 * height // width)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def light(frame: Frame) -> Finding:
    """Neither black nor white."""
    height, width, _ = frame.pixels.shape
    mean = float(frame.pixels.mean())
    detail = f"{width}x{height}, mean level {mean:.0f} of 255"
    if mean < _BLACK:
        return fail(
            detail, Words("レンズの覆いを外し、照明を点けてください。", "Uncover the lens and switch on a light.")
        )
    if mean > _WHITE:
        return fail(
            detail,
            Words(
                "カメラに直射日光や照明が当たらない向きに変えてください。", "Turn the camera away from sun and lamps."
            ),
        )
    return good(detail)


def glare(frame: Frame) -> Finding:
    """No lamp and no sun shines into the lens."""
    share = float((_grey(frame) >= 250).mean())
    detail = f"{share:.1%} of the picture is pure white"
    if share > _GLARE_SHARE:
        return warn(
            detail,
            Words(
                "直射日光や照明がカメラに入っています。向きを変えるか、ブラインドを閉めてください。",
                "Sun or a lamp shines into the camera: turn it, or close the blind.",
            ),
        )
    return good(detail)


def focus(frame: Frame) -> Finding:
    """Edges are sharp somewhere in the picture."""
    sharpness = float(cv2.Laplacian(_grey(frame), cv2.CV_64F).var())
    detail = f"sharpness {sharpness:.0f}"
    if sharpness < _SHARP:
        return warn(
            detail,
            Words(
                "レンズを柔らかい布で拭き、保護フィルムが残っていないか確認してください。",
                "Wipe the lens with a soft cloth and look for a protective film left on it.",
            ),
        )
    return good(detail)


def haze(frame: Frame) -> Finding:
    """Dark is dark and bright is bright: no grease on the lens."""
    dark, bright = np.percentile(_grey(frame), [5, 95])
    detail = f"contrast {bright - dark:.0f} of 255"
    if bright - dark < _CONTRAST:
        return warn(
            detail,
            Words(
                "レンズが汚れています。柔らかい布で拭いてください。", "The lens is dirty: wipe it with a soft cloth."
            ),
        )
    return good(detail)


def flicker(frames: Sequence[Frame]) -> Finding:
    """Lamps do not beat in the picture. The frames show one unmoving scene; ValueError when fewer than four."""
    if len(frames) < 4:
        raise ValueError(f"flicker needs at least four frames, not {len(frames)}")
    rows = np.stack([_grey(frame).mean(axis=1) for frame in frames])
    swing = float(np.median(rows.std(axis=0) / np.maximum(rows.mean(axis=0), 1.0)))
    detail = f"brightness swings by {swing:.1%}"
    if swing > _FLICKER:
        return warn(
            detail,
            Words(
                "照明がちらついています。設定のmains_hzを東日本は50、西日本は60にしてください。",
                "The lamps flicker: set mains_hz to 50 in eastern Japan, 60 in western.",
            ),
        )
    return good(detail)
