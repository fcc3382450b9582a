"""Glasses and masks, drawn onto a photograph where the face mesh says eyes, ears and mouth are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.people.portrait import Portrait
from hw_sim.people.scene import Accessory

_SHIFT = 4  # sub-pixel bits of cv2's drawing
# The eye sockets, from inner to outer, above and below: what a lens covers.
_RIGHT_SOCKET = (55, 65, 52, 53, 46, 124, 35, 111, 117, 118, 119, 120, 121, 128, 193)
_LEFT_SOCKET = (285, 295, 282, 283, 276, 353, 265, 340, 346, 347, 348, 349, 350, 357, 417)
_MASK_TOP = (127, 34, 111, 117, 118, 101, 100, 47, 114, 188, 197, 412, 343, 277, 329, 330, 347, 346, 340, 264, 356)
_MASK_TOP_LOW = (234, 93, 137, 123, 50, 205, 206, 92, 164, 322, 426, 425, 280, 352, 366, 323, 454)
_JAW = (361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132)


def dress(portrait: Portrait, wears: frozenset[Accessory]) -> NDArray[np.uint8]:
    """Return the photograph with everything in ``wears`` drawn on it; the photograph itself without."""
    if not wears:
        return portrait.pixels
    picture = portrait.pixels.copy()
    for mask in (Accessory.MASK, Accessory.MASK_BELOW_NOSE):
        if mask in wears:
            picture = _mask(picture, portrait.points, covers_nose=mask is Accessory.MASK)
    for glasses in (Accessory.GLASSES, Accessory.DARK_GLASSES):
        if glasses in wears:
            picture = _glasses(picture, portrait.points, dark=glasses is Accessory.DARK_GLASSES)
    return picture


def _fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    return np.asarray(np.round(points * 2**_SHIFT), np.int32)


def _cover(shape: tuple[int, ...], polygon: NDArray[np.floating]) -> NDArray[np.float32]:
    cover = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(cover, [_fixed(polygon)], 255, cv2.LINE_AA, _SHIFT)
    return cover.astype(np.float32)[..., None] / 255.0


def _lens(points: NDArray[np.float32], socket: tuple[int, ...]) -> NDArray[np.float32]:
    """A rounded rectangle about an eye socket, turned with the eyes."""
    spots = points[list(socket), :2]
    across = points[263, :2] - points[33, :2]
    unit = float(np.linalg.norm(across))
    right = across / unit
    down = np.array([-right[1], right[0]], np.float32)
    centre = spots.mean(axis=0)
    half_w, half_h = 0.285 * unit, 0.21 * unit
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False, dtype=np.float32)
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** 0.55 * half_w
    y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** 0.55 * half_h
    return np.asarray(centre + x[:, None] * right + y[:, None] * down, np.float32)


def _glasses(picture: NDArray[np.uint8], points: NDArray[np.float32], *, dark: bool) -> NDArray[np.uint8]:
    unit = float(np.linalg.norm(points[263, :2] - points[33, :2]))
    thick = max(1, round(unit * 0.028))
    lenses = [_lens(points, socket) for socket in (_RIGHT_SOCKET, _LEFT_SOCKET)]
    image = picture.astype(np.float32)
    for lens in lenses:
        cover = _cover(picture.shape, lens)
        tint = np.array([18.0, 17.0, 20.0]) if dark else np.array([225.0, 235.0, 240.0])
        share = 0.88 if dark else 0.06
        image = image * (1 - cover * share) + tint * cover * share
        low, high = lens.min(axis=0), lens.max(axis=0)
        span = high - low
        glint = low + span * np.array([[0.14, 0.12], [0.32, 0.12], [0.2, 0.5], [0.1, 0.5]], np.float32)
        shine = _cover(picture.shape, glint) * cover
        image += shine * (55.0 if dark else 38.0)
    drawn = np.asarray(np.clip(image, 0, 255), np.uint8)
    frame = (38, 32, 30)
    for lens in lenses:
        cv2.polylines(drawn, [_fixed(lens)], True, frame, thick, cv2.LINE_AA, _SHIFT)
    inner = [lenses[0][np.argmax(lenses[0][:, 0])], lenses[1][np.argmin(lenses[1][:, 0])]]
    bridge = np.array([inner[0], (inner[0] + inner[1]) / 2 - [0, unit * 0.03], inner[1]])
    cv2.polylines(drawn, [_fixed(bridge)], False, frame, thick, cv2.LINE_AA, _SHIFT)
    for lens, ear, pick in ((lenses[0], 127, np.argmin), (lenses[1], 356, np.argmax)):
        temple = np.array([lens[pick(lens[:, 0])], points[ear, :2]])
        cv2.polylines(drawn, [_fixed(temple)], False, frame, thick, cv2.LINE_AA, _SHIFT)
    return drawn


def _mask(picture: NDArray[np.uint8], points: NDArray[np.float32], *, covers_nose: bool) -> NDArray[np.uint8]:
    unit = float(np.linalg.norm(points[263, :2] - points[33, :2]))
    top = points[list(_MASK_TOP if covers_nose else _MASK_TOP_LOW), :2]
    jaw = points[list(_JAW), :2]
    polygon = np.concatenate([top, jaw])
    cover = _cover(picture.shape, polygon)
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    across = (x - (low[0] + high[0]) / 2) / max(1.0, (high[0] - low[0]) / 2)
    down = (y - low[1]) / max(1.0, high[1] - low[1])
    pleat = 0.06 * np.sin(down * 2 * np.pi * 3.0) * np.clip((down - 0.2) * 5, 0, 1) * np.clip((0.85 - down) * 5, 0, 1)
    shade = (0.93 - 0.22 * np.abs(across) ** 2.2 - 0.1 * (down - 0.4) ** 2 + pleat)[..., None]
    weave = np.random.default_rng(4).normal(0, 1.3, (height, width, 1)).astype(np.float32)
    cloth = np.array([226.0, 234.0, 240.0]) * shade + weave
    image = picture * (1 - cover) + cloth * cover
    drawn = np.asarray(np.clip(image, 0, 255), np.uint8)
    thick = max(1, round(unit * 0.02))
    for ear, corner in ((127, 132), (356, 361)):
        for end in (top[0] if ear == 127 else top[-1], points[corner, :2]):
            loop = np.array([end, points[ear, :2]])
            cv2.polylines(drawn, [_fixed(loop)], False, (225, 228, 232), thick, cv2.LINE_AA, _SHIFT)
    cv2.polylines(drawn, [_fixed(top)], False, (196, 204, 212), thick, cv2.LINE_AA, _SHIFT)
    return drawn
