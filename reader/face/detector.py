"""Find faces: BlazeFace short range (Bazarevsky et al. 2019) on onnxruntime.

The decoding of its 896 anchors follows MediaPipe's published graph options: two anchors per cell of a 16x16 grid,
six per cell of an 8x8 grid, all of unit size, scores through a sigmoid, overlaps blended by weight.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from reader.face.image import Pixels
from reader.vault import overwrite

SIDE = 128
_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class Detection:
    """One face. box (x, y, w, h) and eyes ((x, y) right eye, (x, y) left eye) in pixels, score in 0..1."""

    box: tuple[float, float, float, float]
    eyes: tuple[tuple[float, float], tuple[float, float]]
    score: float

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box."""
        return self.box[0] + self.box[2] / 2, self.box[1] + self.box[3] / 2


def _anchors() -> NDArray[np.float32]:
    centres = []
    for cells, each in ((16, 2), (8, 6)):
        grid = (np.arange(cells, dtype=np.float32) + 0.5) / cells
        ys, xs = np.meshgrid(grid, grid, indexing="ij")
        centres.append(np.repeat(np.stack([xs.ravel(), ys.ravel()], axis=1), each, axis=0))
    return np.concatenate(centres)


class FaceDetector:
    """Finds every face of a picture, largest first. Not safe for use from several threads."""

    def __init__(self, session: onnxruntime.InferenceSession, least_score: float = 0.5) -> None:
        self._session = session
        self._least = least_score
        self._anchors = _anchors()
        self._input = np.zeros((1, 3, SIDE, SIDE), np.float32)

    def find(self, rgb: Pixels) -> list[Detection]:
        """Return the faces of ``rgb`` (H, W, 3) by falling size. Faces beyond about two metres are not seen."""
        height, width = rgb.shape[:2]
        scale = SIDE / max(height, width)
        inner_w, inner_h = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (SIDE - inner_w) // 2, (SIDE - inner_h) // 2
        square = np.zeros((SIDE, SIDE, 3), np.uint8)
        # AREA where the picture shrinks: linear would skip pixels and lose small faces to aliasing.
        small = cv2.resize(rgb, (inner_w, inner_h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        square[top : top + inner_h, left : left + inner_w] = small
        overwrite(small)
        np.multiply(square.transpose(2, 0, 1), np.float32(1.0 / 127.5), out=self._input[0])
        self._input -= np.float32(1.0)
        overwrite(square)
        regressors, logits = self._session.run(["regressors", "classificators"], {"input": self._input})
        self._input.fill(0)
        scores = 1.0 / (1.0 + np.exp(-np.clip(logits[0, :, 0], -80.0, 80.0)))
        keep = np.flatnonzero(scores > self._least)
        if keep.size == 0:
            return []
        raw = regressors[0, keep] / SIDE
        centres = raw[:, :2] + self._anchors[keep]
        corners = np.concatenate([centres - raw[:, 2:4] / 2, centres + raw[:, 2:4] / 2], axis=1)
        eyes = raw[:, 4:8].reshape(-1, 2, 2) + self._anchors[keep][:, None]
        offset = np.array([left, top], np.float32)
        found = []
        for members in _groups(corners, scores[keep]):
            weight = scores[keep][members] / scores[keep][members].sum()
            x0, y0, x1, y1 = (corners[members] * weight[:, None]).sum(axis=0) * SIDE / scale - np.tile(
                offset, 2
            ) / scale
            points = (eyes[members] * weight[:, None, None]).sum(axis=0) * SIDE / scale - offset / scale
            found.append(
                Detection(
                    box=(float(x0), float(y0), float(x1 - x0), float(y1 - y0)),
                    eyes=((float(points[0, 0]), float(points[0, 1])), (float(points[1, 0]), float(points[1, 1]))),
                    score=float(scores[keep][members].max()),
                )
            )
        return sorted(found, key=lambda one: -one.box[2] * one.box[3])


def _groups(corners: NDArray[np.float32], scores: NDArray[np.float32]) -> list[NDArray[np.intp]]:
    """Gather overlapping boxes around the best remaining one."""
    order = np.argsort(-scores)
    groups = []
    while order.size:
        best = corners[order[0]]
        rest = corners[order]
        size = np.clip(np.minimum(best[2:], rest[:, 2:]) - np.maximum(best[:2], rest[:, :2]), 0, None)
        inner = size[:, 0] * size[:, 1]
        areas = (rest[:, 2] - rest[:, 0]) * (rest[:, 3] - rest[:, 1])
        joined = inner / (areas + areas[0] - inner + 1e-9) > _OVERLAP
        joined[0] = True
        groups.append(order[joined])
        order = order[~joined]
    return groups
