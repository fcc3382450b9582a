"""kaopi as its own peer, asked in the same way: ``python -m hw_sim.bench.peers.ours JOB …``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from hw_sim.bench.peers import protocol
from hw_sim.bench.rows import new_engine
from reader.devices.ports import Frame
from reader.face.embedder import Embedding
from reader.face.evaluation.datasets import read_picture
from reader.face.evaluation.pipeline import central_face
from reader.face.image import Pixels


class NoNet:
    """Stands in for the comparison nets: whoever only follows a face compares nobody."""

    def embed(self, aligned: Pixels) -> Embedding:
        """Return always the same vector."""
        return np.full(4, 0.5, np.float32)


class Kaopi:
    """To follow: detection, landmarks, quality, light, liveness. To embed: detection, landmarks, comparison nets."""

    def __init__(self) -> None:
        self._engine = new_engine()
        self._watching = new_engine()
        self._watching.embedder = NoNet()
        self._attempt = self._watching.begin(0.0)

    def follow(self, rgb: Any, number: int) -> object:
        """See Peer."""
        return self._attempt.observe(Frame(rgb, number / 30.0, number))

    def embed(self, rgb: Any) -> Any:
        """See Peer."""
        face = central_face(self._engine, rgb)
        return None if face is None else self._engine.embed(face.rgb, face.points)

    def read(self, path: str) -> Any:
        """See Peer."""
        return read_picture(Path(path))


if __name__ == "__main__":
    protocol.answer(Kaopi(), sys.argv[1:])
