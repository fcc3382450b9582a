"""What a Pi camera is told for a face at 30-70 cm, as plain values; knows no camera.

Control names and values: libcamera 0.4-0.6, control_ids_core.yaml. Enumerations stand by number, because their Python
names moved between versions.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Literal

from pydantic import Field

from reader.devices.ports import LightRequest
from reader.devices.settings import Settings
from reader.devices.yuv import YuvFormat

_AF_CONTINUOUS, _AF_RANGE_FULL = 2, 2
_AF_METERING_AUTO, _AF_METERING_WINDOWS = 0, 1
_METERING_CENTRE_WEIGHTED = 0
_FLICKER_MANUAL, _FLICKER_AUTO = 1, 2
_HDR_SINGLE_EXPOSURE = 3

# Lamps flicker at twice the mains frequency; the period is in microseconds.
_FLICKER_PERIOD_US = {50: 10_000, 60: 8_333}


class PiCameraSettings(Settings):
    """Settings of ``camera.picamera2``."""

    model: str = Field(default="", description="Part of the camera's model name; empty takes the first there is.")
    width: int = Field(default=1280, ge=320, le=2304, multiple_of=2)
    height: int = Field(default=960, ge=240, le=1296, multiple_of=2)
    layout: YuvFormat = Field(default="YUV420", description="YUV420 on a Pi, NV12 on libcamera's virtual camera.")
    frames_per_second: float = Field(default=30.0, ge=5, le=60)
    mains_hz: Literal["auto", 50, 60] = Field(default=50, description="50 in eastern Japan, 60 in western.")
    hdr: bool = Field(default=True, description="Use single-exposure HDR where camera and board offer it (Pi 5).")


def first_controls(settings: PiCameraSettings, offered: Container[str]) -> dict[str, Any]:
    """Return the controls to start with; those that are not ``offered`` are left out."""
    frame_us = round(1e6 / settings.frames_per_second)
    wished: dict[str, Any] = {
        "AeEnable": True,
        "AwbEnable": True,
        "AeMeteringMode": _METERING_CENTRE_WEIGHTED,
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
    return {name: value for name, value in wished.items() if name in offered}


def light_controls(request: LightRequest, sensor: tuple[int, int, int, int], offered: Container[str]) -> dict[str, Any]:
    """Return exposure compensation and focus window for a request.

    sensor: (left, top, width, height) of the whole picture in the sensor's own pixels, in which focus windows are
    given. libcamera meters light centre-weighted, not by window: the face's share comes in by ``ev``.
    """
    wished: dict[str, Any] = {"ExposureValue": max(-3.0, min(3.0, request.ev))}
    if request.region is None:
        wished["AfMetering"] = _AF_METERING_AUTO
    else:
        left, top, width, height = sensor
        x, y, w, h = request.region
        window = (round(left + x * width), round(top + y * height), round(w * width), round(h * height))
        wished |= {"AfMetering": _AF_METERING_WINDOWS, "AfWindows": [window]}
    return {name: value for name, value in wished.items() if name in offered}
