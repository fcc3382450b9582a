"""Moves eyelids and eyeballs within a bust's texture, so that a photograph can blink and look about.

An upper lid comes down as skin: what lies between brow and lid edge stretches over the eye, lashes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.people.raster import Floats

# From the inner to the outer corner of the patient's right and left eye.
_UPPER = ((133, 173, 157, 158, 159, 160, 161, 246, 33), (362, 398, 384, 385, 386, 387, 388, 466, 263))
_LOWER = ((133, 155, 154, 153, 145, 144, 163, 7, 33), (362, 382, 381, 380, 374, 373, 390, 249, 263))
_BROW = ((55, 65, 52, 53, 46), (285, 295, 282, 283, 276))
_EYEBALL_MM = 12.0  # radius


@dataclass(frozen=True, slots=True, eq=False)
class _Eye:
    """One eye in one texture: where to look (left, top, right, bottom) and the lid lines per column, in pixels.

    reach: how freely lids move, 0 at the corners. above, below: skin at the fold and under the eye (columns, 3), sRGB.
    """

    box: tuple[int, int, int, int]
    fold: Floats
    upper: Floats
    lower: Floats
    reach: Floats
    above: Floats
    below: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Eyes:
    """Both eyes in one texture of a bust."""

    eyes: tuple[_Eye, _Eye]
    px_per_mm: float

    @staticmethod
    def of(texture: NDArray[np.uint8], uv: Floats, px_per_mm: float) -> Eyes:
        """Find the lids; uv (468, 2): the face mesh in pixels of the texture."""
        return Eyes((_find(texture, uv, 0, px_per_mm), _find(texture, uv, 1, px_per_mm)), px_per_mm)

    def move(
        self,
        source: NDArray[np.uint8],
        target: NDArray[np.uint8],
        blink: float,
        gaze_yaw: float,
        gaze_pitch: float,
    ) -> None:
        """Write the eyes of ``source`` into ``target`` with lids ``blink`` (0..1) closed and turned by degrees."""
        shift_x = float(np.sin(np.radians(gaze_yaw))) * _EYEBALL_MM * self.px_per_mm
        shift_y = float(-np.sin(np.radians(gaze_pitch))) * _EYEBALL_MM * self.px_per_mm
        for eye in self.eyes:
            left, top, right, bottom = eye.box
            y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
            fold, upper, lower, reach = (line[None, :] for line in (eye.fold, eye.upper, eye.lower, eye.reach))
            rising = lower - 0.2 * blink * (lower - upper)
            edge = upper + (rising + 0.04 * (lower - upper) - upper) * blink
            # Above the lid's edge: the skin between fold and edge, stretched. The lash line keeps its own width.
            span = np.maximum(edge - fold, 0.5)
            share = np.clip((y - fold) / span, 0.0, 1.0)
            from_lid = fold + (upper - fold) * share
            into = np.clip(np.minimum(y - edge, rising - y) / (1.2 * self.px_per_mm), 0.0, 1.0)
            map_x = x - shift_x * into * reach
            map_y = np.where(y < edge, np.where(y < fold, y, from_lid), y - shift_y * into * reach)
            # The lower lid's skin follows its edge up.
            skin = np.clip(1.0 - (y - rising) / (9.0 * self.px_per_mm), 0.0, 1.0)
            map_y = np.where(y >= rising, y + (lower - rising) * skin, map_y)
            # At the corners lids do not move at all.
            map_y = np.where(reach > 0, map_y, y)
            moved = cv2.remap(
                source,
                map_x.astype(np.float32),
                map_y.astype(np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
            if blink > 0.02:
                # Stretched shadow and the old fold would look like an open eye: a closed lid is smooth skin, between
                # what is above the fold and what is below the eye, with the lashes along its edge.
                unit = self.px_per_mm
                begin = np.clip(((y - fold) / np.maximum(upper - fold, 1.0) - 0.3) / 0.6, 0.0, 1.0)
                cover = 0.9 * min(1.0, 2.0 * blink) * begin * np.clip(edge + 0.5 - y, 0.0, 1.0) * reach
                part = np.clip((y - fold) / np.maximum(lower + 2.5 * unit - fold, 1.0), 0.0, 1.0)[..., None]
                skin_tone = eye.above[None] * (1 - part) + eye.below[None] * part
                bulge = (0.9 + 0.1 * np.sin(np.pi * np.clip((y - fold) / span, 0, 1)))[..., None]
                lash = (np.exp(-(((y - edge) / (0.65 * unit)) ** 2)) * reach)[..., None]
                colour = moved[..., :3] * (1 - cover[..., None]) + cover[..., None] * bulge * skin_tone
                colour *= 1.0 - 0.62 * min(1.0, 2.0 * blink) * lash
                moved[..., :3] = np.clip(colour, 0, 255)
            target[top:bottom, left:right] = moved


def _find(texture: NDArray[np.uint8], uv: Floats, side: int, px_per_mm: float) -> _Eye:
    upper, lower, brow = uv[list(_UPPER[side])], uv[list(_LOWER[side])], uv[list(_BROW[side])]
    if upper[0, 0] > upper[-1, 0]:
        upper, lower, brow = upper[::-1], lower[::-1], brow[::-1]
    left, right = int(np.floor(upper[0, 0])), int(np.ceil(upper[-1, 0])) + 1
    columns = np.arange(left, right, dtype=np.float32)
    top_lid = np.interp(columns, upper[:, 0], upper[:, 1]).astype(np.float32)
    low_lid = np.interp(columns, lower[:, 0], lower[:, 1]).astype(np.float32)
    brow_line = np.interp(columns, brow[:, 0], brow[:, 1]).astype(np.float32)
    # The mesh marks the lid's edge; lashes stand a little above it.
    top_lid = top_lid - np.float32(0.3 * px_per_mm)
    fold = top_lid - np.maximum(0.62 * (top_lid - brow_line), 2.0 * px_per_mm).astype(np.float32)
    inward = np.minimum(columns - left, right - 1 - columns) / (1.8 * px_per_mm)
    reach = np.clip(inward, 0.0, 1.0).astype(np.float32)
    top = int(np.floor(fold.min())) - 2
    bottom = int(np.ceil(low_lid.max() + 9.5 * px_per_mm)) + 2
    soft = cv2.GaussianBlur(texture[top:bottom, left:right, :3], (0, 0), max(0.6, 1.3 * px_per_mm)).astype(np.float32)
    across = np.arange(right - left)

    def row(line: Floats) -> Floats:
        picked = soft[np.clip(np.round(line - top).astype(int), 0, len(soft) - 1), across]
        return np.asarray(cv2.blur(picked[None], (max(1, round(5 * px_per_mm)), 1))[0], np.float32)

    above, below = row(fold + 0.2 * (top_lid - fold)), row(low_lid + np.float32(2.5 * px_per_mm))
    return _Eye((left, top, right, bottom), fold, top_lid, low_lid, reach, above, below)
