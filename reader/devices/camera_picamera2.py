"""The Raspberry Pi camera by picamera2: one stream for preview and analysis, set up for a face at 30-70 cm.

Controls: libcamera 0.4-0.6 control ids. What the sensor does not offer is left out, never an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import Field

from reader.devices.ports import DeviceGone, DeviceTimeout, Frame, LightRequest
from reader.devices.settings import Settings, read_settings
from reader.devices.yuv import YuvFormat, yuv_to_rgb

# libcamera enumerations, by number because the names moved between its versions.
_AF_CONTINUOUS, _AF_RANGE_FULL, _AF_METERING_WINDOWS, _AF_METERING_AUTO = 2, 2, 1, 0
_METERING_CENTRE, _FLICKER_MANUAL, _FLICKER_AUTO, _HDR_SINGLE_EXPOSURE = 0, 1, 2, 4

# Mains light flickers at twice the mains frequency; the period is in microseconds.
_FLICKER_PERIOD_US = {50: 10_000, 60: 8_333}


class PiCameraSettings(Settings):
    """Settings of ``camera.picamera2``."""

    model: str = Field(default="", description="Part of the camera's model name; empty takes the only camera there is.")
    width: int = Field(default=1280, ge=320, le=2304, multiple_of=2)
    height: int = Field(default=960, ge=240, le=1296, multiple_of=2)
    layout: YuvFormat = "YUV420"
    frames_per_second: float = Field(default=30.0, ge=5, le=60)
    mains_hz: Literal["auto", 50, 60] = Field(default=50, description="50 in eastern Japan, 60 in western.")
    hdr: bool = Field(default=True, description="Use single-exposure HDR where camera and board offer it.")


class PiCamera:
    """``Camera`` on picamera2."""

    def __init__(
        self,
        settings: PiCameraSettings,
        clock: Callable[[], float] = time.monotonic,
        make: Callable[[int], Any] | None = None,
    ) -> None:
        """``make`` builds a Picamera2 from a camera index; the simulator passes its own allocator that way."""
        import picamera2

        self._library: Any = picamera2.Picamera2
        self._make = make if make is not None else picamera2.Picamera2
        self._settings = settings
        self._clock = clock
        self._camera: Any = None
        self._number = 0
        self._wish = LightRequest()

    def start(self) -> None:
        """Open, configure and stream. Raises DeviceGone when the camera is away or held by another process."""
        self.stop()
        index = self._index()
        try:
            camera = self._make(index)
        except (RuntimeError, IndexError, OSError) as error:
            raise DeviceGone(f"camera {index} cannot be opened ({error}); close other camera programs") from error
        self._camera = camera
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
                    controls=self._first_controls(),
                )
            )
            camera.start()
        except (RuntimeError, ValueError, OSError) as error:
            self.stop()
            raise DeviceGone(f"the camera does not start ({error}); check its ribbon cable") from error
        self.adjust(self._wish)

    def capture(self, timeout_s: float) -> Frame:
        """Return the next frame. Raises DeviceTimeout (reopen helps) or DeviceGone (not started)."""
        camera = self._camera
        if camera is None:
            raise DeviceGone("the camera is not started")
        try:
            request = camera.capture_request(wait=timeout_s)
        except TimeoutError as error:
            camera.cancel_all_and_flush()  # else the late frame would answer the next call
            raise DeviceTimeout(f"the camera gave no picture in {timeout_s:.1f} s") from error
        except RuntimeError as error:
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
        if camera is None:
            return
        wished: dict[str, Any] = {"ExposureValue": max(-3.0, min(3.0, request.ev))}
        if request.region is None:
            wished["AfMetering"] = _AF_METERING_AUTO
        else:
            wished |= {"AfMetering": _AF_METERING_WINDOWS, "AfWindows": [self._window(request.region)]}
        offered = self._offered(wished)
        if offered:
            camera.set_controls(offered)

    def stop(self) -> None:
        """Stop and let go of the camera, so that another process or the next ``start`` may have it."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()

    def _index(self) -> int:
        cameras = self._library.global_camera_info()
        fitting = [index for index, info in enumerate(cameras) if self._settings.model in str(info.get("Model", ""))]
        if not fitting:
            seen = ", ".join(str(info.get("Model", "?")) for info in cameras) or "none"
            raise DeviceGone(f"no camera {self._settings.model!r} among: {seen}; check the ribbon cable, then reboot")
        return fitting[0]

    def _first_controls(self) -> dict[str, Any]:
        settings = self._settings
        frame_us = round(1e6 / settings.frames_per_second)
        wished: dict[str, Any] = {
            "AeEnable": True,
            "AwbEnable": True,
            "AeMeteringMode": _METERING_CENTRE,
            "AfMode": _AF_CONTINUOUS,
            "AfRange": _AF_RANGE_FULL,
            "FrameDurationLimits": (frame_us, frame_us),
        }
        if settings.mains_hz == "auto":
            wished["AeFlickerMode"] = _FLICKER_AUTO
        else:
            wished["AeFlickerMode"] = _FLICKER_MANUAL
            wished["AeFlickerPeriod"] = _FLICKER_PERIOD_US[settings.mains_hz]
        if settings.hdr:
            wished["HdrMode"] = _HDR_SINGLE_EXPOSURE
        return self._offered(wished)

    def _offered(self, wished: dict[str, Any]) -> dict[str, Any]:
        known = self._camera.camera_controls
        return {name: value for name, value in wished.items() if name in known}

    def _window(self, region: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
        """Return ``region`` in the sensor's own pixels, which autofocus windows are given in."""
        left, top, width, height = self._camera.camera_properties.get(
            "ScalerCropMaximum", (0, 0, self._settings.width, self._settings.height)
        )
        x, y, w, h = region
        return (round(left + x * width), round(top + y * height), round(w * width), round(h * height))

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
