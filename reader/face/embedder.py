"""Face to identity embedding: SFace (Zhong et al. 2021) with MobileFaceNet (Chen et al. 2018) as a second opinion.

Faces are warped by a similarity so that five points fall on the ArcFace template (Deng et al. 2019). They come from
the mesh, which finds them more steadily than a detector does. Each net also sees the mirrored face, and both nets
together make one vector; docs/evaluation.md lists what each step brought.
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

_SOFT, _MORE = 1.5 / 160, 1.0  # of a portrait's width, and how many times what such a blur takes away is added

Embedding = NDArray[np.float32]


def align(rgb: Pixels, points: Points) -> Pixels:
    """Return the (112, 112, 3) aligned face. The caller overwrites it."""
    matrix = similarity(five_points(points), TEMPLATE)
    return np.asarray(cv2.warpAffine(rgb, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.uint8)


def sharpen(portrait: Pixels, width: int) -> None:
    """Strengthen the fine detail that few kilobytes of JPEG 2000 have weakened: an unsharp mask, in place.

    portrait: grey or RGB, with any margin. width: pixels, of the portrait without it. Frames of the camera have all
    their detail, and are left as they are.
    """
    soft = cv2.GaussianBlur(portrait, (0, 0), _SOFT * width)
    cv2.addWeighted(portrait, 1.0 + _MORE, soft, -_MORE, 0.0, dst=portrait)
    overwrite(soft)


def unit(vector: NDArray[np.float32]) -> Embedding:
    """Return ``vector`` at length one; a zero vector stays zero."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), np.float32)


SECOND_WEIGHT = 0.25  # share of MobileFaceNet in the comparison score


class Embedder(Protocol):
    """Turns aligned faces into unit vectors whose dot product is the comparison score."""

    def embed(self, aligned: Pixels) -> Embedding:
        """Return the unit embedding of one aligned face (112, 112, 3)."""


class OneNet:
    """One embedding net; takes (x - mean) / deviation of RGB 0..255. Not safe for use from several threads."""

    def __init__(self, session: onnxruntime.InferenceSession, mean: float, deviation: float) -> None:
        self._session = session
        self._name = session.get_inputs()[0].name
        self._mean, self._share = np.float32(mean), np.float32(1.0 / deviation)
        self._input = np.zeros((1, 3, SIDE, SIDE), np.float32)

    def embed(self, aligned: Pixels) -> Embedding:
        """Return the unit embedding of one aligned face (112, 112, 3)."""
        np.subtract(aligned.transpose(2, 0, 1), self._mean, out=self._input[0])
        self._input *= self._share
        (raw,) = self._session.run(None, {self._name: self._input})
        self._input.fill(0)
        result = unit(raw.reshape(-1))
        overwrite(raw)
        return result


class SFace(OneNet):
    """128 dimensions; normalisation is inside the graph."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        super().__init__(session, mean=0.0, deviation=1.0)


class MobileFaceNet(OneNet):
    """512 dimensions."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        super().__init__(session, mean=127.0, deviation=128.0)


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
