"""Records what a virtual camera sees, and lays frames side by side for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.people.raster import Lens
from hw_sim.people.render import render
from hw_sim.people.scene import Scene
from hw_sim.people.sensor import Exposure


def contact_sheet(
    frames: Sequence[NDArray[np.uint8]], *, columns: int = 4, width: int = 320, labels: Sequence[str] = ()
) -> NDArray[np.uint8]:
    """Return the frames as one picture, ``columns`` in a row, each ``width`` pixels wide, labelled below its top."""
    if not frames:
        raise ValueError("a contact sheet needs at least one frame")
    height = max(round(frame.shape[0] * width / frame.shape[1]) for frame in frames)
    rows = -(-len(frames) // columns)
    sheet = np.full((rows * (height + 4), columns * (width + 4), 3), 24, np.uint8)
    for number, frame in enumerate(frames):
        if frame.ndim == 2:
            frame = np.asarray(cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB), np.uint8)
        size = (width, round(frame.shape[0] * width / frame.shape[1]))
        small = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
        if number < len(labels):
            for colour, thick in (((0, 0, 0), 3), ((255, 255, 255), 1)):
                cv2.putText(small, labels[number], (5, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, thick, cv2.LINE_AA)
        top, left = number // columns * (height + 4) + 2, number % columns * (width + 4) + 2
        sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
    return sheet


def still_frames(
    scene: Scene, times: Sequence[float], exposure: Exposure | None = None, lens: Lens | None = None
) -> list[NDArray[np.uint8]]:
    """Return the scene at each of ``times`` with one fixed exposure."""
    return [render(scene, t, exposure, lens) for t in times]
