"""The virtual patient of a booted device: stands before the virtual pipeline's camera and does what the screen says.

Camera and screen are adapters of one process, so the patient is one object of that process: what ``display.remote``
shows is read, and the next picture shows what the patient made of it.
"""

from __future__ import annotations

import pickle
import threading
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.camera.virtual import VirtualCamera
from hw_sim.people.heeding import Heeding
from hw_sim.people.person import Person
from hw_sim.people.scene import Scene, standing
from reader.devices.ports import LightRequest
from reader.session.vocabulary import Guidance


class Patient:
    """Somebody who may stand there. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since = time.monotonic()
        self._heeding: Heeding | None = None

    def read(self, guidance: Guidance | None) -> None:
        """Read the screen, and obey where it asks for a movement."""
        with self._lock:
            if self._heeding is not None:
                self._heeding.hear(guidance, time.monotonic() - self._since)

    def watch(self, person: Person, fps: float) -> VirtualCamera:
        """Let this patient have ``person``'s face; return a camera before them."""
        heeding = self._heeding = Heeding(standing(person))

        def scene(t: float) -> Scene:
            with self._lock:
                return heeding(t)

        camera = VirtualCamera(fps=fps)
        camera.look_at(scene, since=self._since)
        camera.start()
        return camera


PATIENT = Patient()


class Painter:
    """Fills the virtual pipeline's buffers with what its sensor would see of the patient."""

    def __init__(self, person: Path, fps: float) -> None:
        """person: a pickled ``hw_sim.people.person.Person``, prepared where the photographs are."""
        self._camera = PATIENT.watch(pickle.loads(person.read_bytes()), fps)  # noqa: S301 - our own file

    def adjust(self, request: LightRequest) -> None:
        """Expose as the light loop wishes."""
        self._camera.adjust(request)

    def paint(self, memory: Any) -> None:
        """Write the current picture into a 640 × 480 NV12 buffer."""
        picture = nv12(self._camera.capture(2.0).pixels).tobytes()
        memory[: len(picture)] = picture


def nv12(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return RGB (H, W, 3) as NV12: H × W luma bytes, then interleaved chroma, contiguous."""
    height, width, _ = rgb.shape
    planar = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420).reshape(-1)
    luma, chroma = planar[: height * width], planar[height * width :]
    both = np.empty_like(chroma)
    both[0::2], both[1::2] = np.split(chroma, 2)
    return np.concatenate([luma, both])
