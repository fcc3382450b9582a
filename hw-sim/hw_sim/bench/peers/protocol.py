"""How a measured process is asked and answers; standard library and NumPy only, for the peers' environment has no more.

``follow CLIP.npy`` prints the processor milliseconds of each frame of a film; ``time CLIP.npy`` those of each frame as
a picture of its own; ``embed`` reads picture paths, one a line, and writes their vectors as one .npy array, a picture
without a face as NaN. Nothing is written to disk.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

WARM_UP = 5


class Peer(Protocol):
    """What is measured. Pictures are uint8 RGB (H, W, 3)."""

    def follow(self, rgb: Any, number: int) -> object:
        """Find the face and its points in frame ``number`` of a film at 30 frames/s."""

    def embed(self, rgb: Any) -> Any:
        """Return the vector of the most central face, None where there is no face."""

    def read(self, path: str) -> Any:
        """Return a picture."""


def central(boxes: Any, width: int, height: int) -> int:
    """Return which of the boxes (x, y, w, h) lies nearest to the picture's middle."""
    middles = np.array([[x + w / 2 - width / 2, y + h / 2 - height / 2] for x, y, w, h in boxes])
    return int(np.argmin(np.hypot(middles[:, 0], middles[:, 1])))


def answer(peer: Peer, arguments: list[str]) -> None:
    """Do what the arguments say."""
    if arguments[0] == "follow":
        _print_times(lambda number, rgb: peer.follow(rgb, number), arguments[1])
    elif arguments[0] == "time":
        _print_times(lambda number, rgb: peer.embed(rgb), arguments[1])
    else:
        vectors = [peer.embed(peer.read(line.rstrip("\n"))) for line in sys.stdin]
        size = next((len(one) for one in vectors if one is not None), 1)
        none = np.full(size, np.nan, np.float32)
        np.save(sys.stdout.buffer, np.stack([none if one is None else one for one in vectors]).astype(np.float32))


def _print_times(work: Callable[[int, Any], object], clip: str) -> None:
    took = []
    for number, rgb in enumerate(np.load(clip)):
        start = time.process_time()
        work(number, rgb)
        took.append(1000.0 * (time.process_time() - start))
    print(json.dumps(took[WARM_UP:]))  # noqa: T201 - this is the answer
