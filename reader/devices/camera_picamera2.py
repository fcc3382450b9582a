"""The Raspberry Pi camera by picamera2: one stream for preview and analysis, set up for a face at 30-70 cm.

Controls: libcamera 0.4-0.6 control ids. What the sensor does not offer is left out, never an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from picamera2 import Picamera2

from reader.devices.camera_controls import PiCameraSettings, first_controls, light_controls
from reader.devices.ports import DeviceGone, DeviceTimeout, Frame, LightRequest
from reader.devices.settings import read_settings
from reader.devices.yuv import yuv_to_rgb


class PiCamera:
    """``Camera`` on picamera2."""

    def __init__(
        self,
        settings: PiCameraSettings,
        clock: Callable[[], float] = time.monotonic,
        make: Callable[[int], Any] = Picamera2,
    ) -> None:
        """``make`` builds a Picamera2 from a camera index; the simulator passes its own allocator that way."""
        self._make = make
        self._settings = settings
        self._clock = clock
        self._camera: Any = None
        self._streaming = False
        self._suspect = False
        self._number = 0
        self._wish = LightRequest()

    def start(self) -> None:
        """Stream; the first time, and after any failure, open and configure as well.

        Raises DeviceGone when the camera is away or held by another process.
        """
        self.stop()
        if self._camera is None:
            self._open()
        try:
            self._camera.start()
        except (RuntimeError, ValueError, OSError) as error:
            self._close()
            raise DeviceGone(f"the camera does not start ({error}); check its ribbon cable") from error
        self._streaming = True
        self.adjust(self._wish)

    def capture(self, timeout_s: float) -> Frame:
        """Return the next frame. Raises DeviceTimeout (reopen helps) or DeviceGone (not started)."""
        camera = self._camera
        if camera is None or not self._streaming:
            raise DeviceGone("the camera is not started")
        try:
            request = camera.capture_request(wait=timeout_s)
        except TimeoutError as error:
            self._suspect = True
            camera.cancel_all_and_flush()  # else the late frame would answer the next call
            raise DeviceTimeout(f"the camera gave no picture in {timeout_s:.1f} s") from error
        except RuntimeError as error:
            self._suspect = True
            raise DeviceGone(f"the camera stopped ({error})") from error
        try:
            memory = request.make_array("main")
            metadata: Mapping[str, Any] = request.get_metadata()
        finally:
            request.release()
        self._number += 1
        return Frame(
            pixels=yuv_to_rgb(memory, self._settings.layout, self._settings.width, self._settings.height),
            at=self._captured_at(metadata),
            number=self._number,
            exposure_us=_number(metadata.get("ExposureTime")),
            gain=_number(metadata.get("AnalogueGain")),
        )

    def adjust(self, request: LightRequest) -> None:
        """Set exposure compensation, and focus on the face where the lens can."""
        self._wish = request
        camera = self._camera
        if camera is None or not self._streaming:
            return
        properties: Mapping[str, Any] = camera.camera_properties
        sensor = properties.get("ScalerCropMaximum", (0, 0, self._settings.width, self._settings.height))
        controls = light_controls(request, sensor, camera.camera_controls)
        if controls:
            camera.set_controls(controls)

    def stop(self) -> None:
        """Stop streaming. A sound camera stays open, which saves the next patient a second; a suspect one is closed."""
        camera, streaming, self._streaming = self._camera, self._streaming, False
        if camera is None:
            return
        if self._suspect:
            self._close()
        elif streaming:
            camera.stop()

    def close(self) -> None:
        """Let go of the camera, so that another process may have it."""
        self._streaming = False
        self._close()

    def _open(self) -> None:
        index = self._index()
        try:
            camera = self._make(index)
        except (RuntimeError, IndexError, OSError) as error:
            raise DeviceGone(f"camera {index} cannot be opened ({error}); close other camera programs") from error
        self._camera, self._suspect = camera, False
        settings = self._settings
        try:
            camera.configure(
                camera.create_video_configuration(
                    main={"size": (settings.width, settings.height), "format": settings.layout},
                    raw=None,
                    buffer_count=4,
                    queue=False,  # the next frame, never one that waited in memory
                    display=None,
                    encode=None,
                    controls=first_controls(settings, camera.camera_controls),
                )
            )
        except (RuntimeError, ValueError, OSError) as error:
            self._close()
            raise DeviceGone(f"the camera cannot be configured ({error}); check its settings") from error

    def _close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()

    def _index(self) -> int:
        cameras = Picamera2.global_camera_info()
        fitting = [index for index, info in enumerate(cameras) if self._settings.model in str(info.get("Model", ""))]
        if not fitting:
            seen = ", ".join(str(info.get("Model", "?")) for info in cameras) or "none"
            raise DeviceGone(f"no camera {self._settings.model!r} among: {seen}; check the ribbon cable, then reboot")
        return fitting[0]

    def _captured_at(self, metadata: Mapping[str, Any]) -> float:
        now = self._clock()
        stamp = _number(metadata.get("SensorTimestamp"))
        if stamp is None or not 0.0 <= now - stamp / 1e9 < 1.0:  # another clock, or none
            return now
        return stamp / 1e9


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def open_camera(settings: Mapping[str, Any]) -> PiCamera:
    """Return the Pi camera, not yet started. Raises DeviceError on bad settings, ImportError without picamera2."""
    return PiCamera(read_settings(PiCameraSettings, settings))
