"""The live side of the comparison (the probe of ISO/IEC 2382-37): the weighted mean of a track's best frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reader.face.embedder import Embedding
from reader.face.guidance import View
from reader.face.light import LightReading
from reader.vault import overwrite

SIZE = 5  # frames in the template; more lower FNMR no further
SAME_PERSON = 0.35  # two frames of one track below this cosine are not the same face: someone was swapped


def quality(view: View, light: LightReading) -> float:
    """Return how much one frame should count, 0..1: frontal, sharp, evenly lit, well exposed, large."""
    turned = (view.pose.yaw / 0.35) ** 2 + (view.pose.pitch / 0.35) ** 2
    exposed = min(light.face / 0.35, 1.0) * min((1.0 - light.clipped) / 0.95, 1.0)
    sharp = min(light.sharpness / 0.5, 1.0)
    even = 1.0 - 0.5 * light.left_right
    large = min(view.eyes_px / 90.0, 1.0)
    return float(np.exp(-turned) * exposed * sharp * even * large)


@dataclass(slots=True)
class _Sample:
    embedding: Embedding
    weight: float


class Template:
    """Keeps the ``SIZE`` best embeddings of one track."""

    def __init__(self) -> None:
        self._samples: list[_Sample] = []
        self._anchor: Embedding | None = None

    def __len__(self) -> int:
        return len(self._samples)

    def add(self, embedding: Embedding, weight: float) -> bool:
        """Take ownership of one unit embedding. False when it belongs to another person than those before."""
        if self._is_someone_else(embedding):
            overwrite(embedding)
            return False
        self._samples.append(_Sample(embedding, max(weight, 1e-3)))
        self._samples.sort(key=lambda one: -one.weight)
        for worse in self._samples[SIZE:]:
            overwrite(worse.embedding)
        del self._samples[SIZE:]
        return True

    def wants(self, weight: float) -> bool:
        """Tell whether a frame of this quality would change the template, so that its embedding is worth computing."""
        return len(self._samples) < SIZE or weight > self._samples[-1].weight * 1.2

    def is_of(self, embedding: Embedding) -> bool:
        """Tell whether this embedding belongs to the person of those before."""
        return not self._is_someone_else(embedding)

    @property
    def knows_somebody(self) -> bool:
        """Whether there is anybody to compare with."""
        return bool(self._samples) or self._anchor is not None

    def mean(self) -> Embedding:
        """Return the unit weighted mean. The caller overwrites it."""
        total = np.zeros_like(self._samples[0].embedding)
        weighted = np.empty_like(total)
        for one in self._samples:
            np.multiply(one.embedding, np.float32(one.weight), out=weighted)
            total += weighted
        overwrite(weighted)
        total /= np.float32(max(float(np.linalg.norm(total)), 1e-9))
        return total

    def restart(self) -> None:
        """Gather anew for a second look; the new frames must still be of the person seen before."""
        anchor = self.mean()
        self.wipe()
        self._anchor = anchor

    def wipe(self) -> None:
        """Overwrite everything."""
        for one in self._samples:
            overwrite(one.embedding)
        self._samples.clear()
        if self._anchor is not None:
            overwrite(self._anchor)
            self._anchor = None

    def _is_someone_else(self, embedding: Embedding) -> bool:
        if self._samples:
            mean = self.mean()
            alike = float(mean @ embedding)
            overwrite(mean)
            return not alike >= SAME_PERSON  # so that no number is nobody
        return self._anchor is not None and not float(self._anchor @ embedding) >= SAME_PERSON


class Witnesses:
    """Frames that count for liveness but are not good enough for the template: whose they were is asked of it later.

    Somebody may look up with their own face and then hold up another.
    """

    def __init__(self) -> None:
        self._embeddings: list[Embedding] = []

    def add(self, embedding: Embedding) -> None:
        """Take ownership of one unit embedding."""
        self._embeddings.append(embedding)

    def are_of(self, template: Template) -> bool:
        """Tell whether all are of the template's person; not while there is none."""
        return template.knows_somebody and all(template.is_of(one) for one in self._embeddings)

    def wipe(self) -> None:
        """Overwrite everything."""
        for one in self._embeddings:
            overwrite(one)
        self._embeddings.clear()
