"""``camera.virtual_pipeline``: the product's own PiCamera, real picamera2 and real libcamera, on its virtual pipeline.

The pipeline (libcamera ``PipelineHandlerVirtual``) plays JPEG files as a camera; with ``person`` set, a virtual patient
who can answer is painted into its buffers instead. It needs four things a real camera
does not, all of them below picamera2's interface: buffers without a DMA heap, no raw stream, frames whatever their
status says (libcamera 0.4 leaves it unset), and a pace, because the pipeline has none.
"""

from __future__ import annotations

import mmap
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from hw_sim.device.patient import Painter
from reader.devices.camera_controls import PiCameraSettings
from reader.devices.ports import Camera, DeviceError, LightRequest
from reader.devices.settings import read_settings


class VirtualPipelineSettings(PiCameraSettings):
    """Settings of the Pi camera, of which the pipeline can do NV12 only."""

    model: str = "kaopi virtual camera"
    layout: Any = "NV12"
    width: int = 640
    height: int = 480
    frames_per_second: float = 15.0
    person: Path | None = None


def _without_kms() -> None:
    """picamera2 imports pykms for its own preview window, which nobody opens here."""

    class AnyFormat(type):
        def __getattr__(cls, name: str) -> str:
            return name

    module = ModuleType("pykms")
    module.PixelFormat = AnyFormat("PixelFormat", (), {})  # type: ignore[attr-defined]
    sys.modules.setdefault("pykms", module)


class _AlwaysEqual:
    """Compares equal to any status."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def _memory_allocator(paint: Callable[[mmap.mmap], None]) -> type[Any]:
    """Return a picamera2 allocator of NV12 buffers in anonymous memory (memfd), two planes in one file."""
    import libcamera
    from picamera2.allocators.allocator import Allocator, Sync

    class MemorySync(Sync):  # type: ignore[misc]
        def __init__(self, allocator: Any, buffer: Any, write: bool) -> None:
            self._memory: mmap.mmap = allocator.memory[buffer]

        def __enter__(self) -> mmap.mmap:
            paint(self._memory)
            return self._memory

        def __exit__(self, *error: object) -> None:
            pass

    class MemoryAllocator(Allocator):  # type: ignore[misc]
        needs_sync = False

        def __init__(self) -> None:
            super().__init__()
            self.memory: dict[Any, mmap.mmap] = {}
            self._buffers: dict[Any, list[Any]] = {}
            self._files: list[int] = []
            self.sync = MemorySync

        def allocate(self, configuration: Any, use_case: Any) -> None:
            self.close()
            for stream in configuration:
                luma = stream.stride * stream.size.height
                self._buffers[stream.stream] = [
                    self._buffer(libcamera, stream.frame_size, luma) for _ in range(stream.buffer_count)
                ]

        def _buffer(self, library: Any, size: int, luma: int) -> Any:
            file = os.memfd_create("virtual-frame")
            os.ftruncate(file, size)
            self._files.append(file)
            planes = []
            for offset, length in ((0, luma), (luma, luma // 2)):
                plane = library.FrameBuffer.Plane()
                plane.fd, plane.offset, plane.length = file, offset, length
                planes.append(plane)
            buffer = library.FrameBuffer(planes)
            self.memory[buffer] = mmap.mmap(file, size)
            return buffer

        def buffers(self, stream: Any) -> list[Any]:
            return self._buffers[stream]

        def close(self) -> None:
            for file in self._files:
                os.close(file)
            self._files, self._buffers, self.memory = [], {}, {}

    return MemoryAllocator


def _paced(library: Any, period_s: float, paint: Callable[[mmap.mmap], None]) -> Callable[[int], Any]:
    """Return a maker of Picamera2 objects that queue a request at most every ``period_s``."""
    allocator = _memory_allocator(paint)
    library.DmaAllocator = allocator
    everything = SimpleNamespace(FrameMetadata=SimpleNamespace(Status=SimpleNamespace(Success=_AlwaysEqual())))
    real = library.libcamera

    class Libcamera:
        def __getattr__(self, name: str) -> Any:
            return everything.FrameMetadata if name == "FrameMetadata" else getattr(real, name)

    library.libcamera = Libcamera()

    class PacedPicamera2(library.Picamera2):  # type: ignore[misc]
        _pace = threading.Lock()
        _due = 0.0

        def _get_raw_modes(self) -> list[dict[str, Any]]:
            return [{"format": "NV12", "size": (640, 480)}]

        def process_requests(self, display: Any) -> None:
            with self._pace:
                now = time.monotonic()
                wait = self._due - now
                self._due = max(now, self._due) + period_s
            if wait > 0:
                time.sleep(wait)
            super().process_requests(display)

    return lambda index: PacedPicamera2(index, allocator=allocator())


def open_camera(settings: Mapping[str, Any]) -> Camera:
    """Entry point ``camera.virtual_pipeline``. Raises DeviceError on bad settings, ImportError without picamera2."""
    checked = read_settings(VirtualPipelineSettings, settings)
    _without_kms()
    import picamera2.picamera2

    from reader.devices.camera_picamera2 import PiCamera

    if checked.layout != "NV12":
        raise DeviceError("the virtual pipeline gives NV12 only; set layout = NV12")
    period_s = 1.0 / checked.frames_per_second
    if checked.person is None:
        return PiCamera(checked, make=_paced(picamera2.picamera2, period_s, _leave))
    painter = Painter(checked.person, checked.frames_per_second)

    class PatientCamera(PiCamera):
        """The pipeline offers no exposure controls; the patient's light answers instead."""

        def adjust(self, request: LightRequest) -> None:
            super().adjust(request)
            painter.adjust(request)

    return PatientCamera(checked, make=_paced(picamera2.picamera2, period_s, painter.paint))


def _leave(memory: mmap.mmap) -> None:
    """The pipeline's own picture stays."""
