"""Face to identity embedding: SFace (Zhong et al. 2021) with MobileFaceNet (Chen et al. 2018) as a second opinion.

Faces are warped by a similarity so that five points fall on the ArcFace template (Deng et al. 2019). Aligning by the
mesh instead of a detector's own five points lowers FNMR at FMR 1e-4 by a quarter on LFW. Each net also sees the
mirrored face, and both nets together make one vector; docs/evaluation.md lists what each step brought.
"""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from reader.face.geometry import Points, five_points, similarity
from reader.face.image import Pixels
from reader.vault import overwrite

SIDE = 112
TEMPLATE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)

Embedding = NDArray[np.float32]


def align(rgb: Pixels, points: Points) -> Pixels:
    """Return the (112, 112, 3) aligned face. The caller overwrites it."""
    matrix = similarity(five_points(points), TEMPLATE)
    return np.asarray(cv2.warpAffine(rgb, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.uint8)


def unit(vector: NDArray[np.float32]) -> Embedding:
    """Return ``vector`` at length one; a zero vector stays zero."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


SECOND_WEIGHT = 0.25  # share of MobileFaceNet in the comparison score


class Embedder(Protocol):
    """Turns aligned faces into unit vectors whose dot product is the comparison score."""

    def embed(self, aligned: Pixels) -> Embedding:
        """Return the unit embedding of one aligned face (112, 112, 3)."""


class SFace:
    """128 dimensions; takes RGB 0..255, normalisation is inside the graph."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    def embed(self, aligned: Pixels) -> Embedding:
        """Return the unit embedding (128,) of one aligned face (112, 112, 3)."""
        image = np.ascontiguousarray(aligned.astype(np.float32).transpose(2, 0, 1)[None])
        (raw,) = self._session.run(None, {self._input: image})
        image.fill(0)
        result = unit(raw[0])
        overwrite(raw)
        return result


class MobileFaceNet:
    """512 dimensions; takes RGB as (x - 127) / 128."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name

    def embed(self, aligned: Pixels) -> Embedding:
        """Return the unit embedding (512,) of one aligned face (112, 112, 3)."""
        image = np.ascontiguousarray(((aligned.astype(np.float32) - 127.0) / 128.0).transpose(2, 0, 1)[None])
        (raw,) = self._session.run(None, {self._input: image})
        image.fill(0)
        result = unit(raw.reshape(-1))
        overwrite(raw)
        return result


class FusedEmbedder:
    """One unit vector (640,) whose dot product is 0.75 times SFace's cosine plus 0.25 times MobileFaceNet's.

    Each part is the unit mean of the face and its mirror image, which removes what the nets make of left and right.
    """

    def __init__(self, first: Embedder, second: Embedder) -> None:
        self._parts = ((first, (1.0 - SECOND_WEIGHT) ** 0.5), (second, SECOND_WEIGHT**0.5))

    def embed(self, aligned: Pixels) -> Embedding:
        """Return the unit embedding of one aligned face (112, 112, 3)."""
        mirrored = np.ascontiguousarray(aligned[:, ::-1])
        parts = []
        for net, share in self._parts:
            plain, mirror = net.embed(aligned), net.embed(mirrored)
            # In place throughout: a temporary copy would be freed with the identity still in it.
            plain += mirror
            plain *= np.float32(share / max(float(np.linalg.norm(plain)), 1e-9))
            parts.append(plain)
            overwrite(mirror)
        overwrite(mirrored)
        whole = np.concatenate(parts)
        for part in parts:
            overwrite(part)
        return whole
