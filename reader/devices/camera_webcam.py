"""A USB webcam (V4L2/UVC) by OpenCV, so that anyone with a laptop can try kaopi.

V4L2 reads block for up to ten seconds, so a thread reads and the newest frame waits in a mailbox of one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from reader.devices.ports import DeviceGone, DeviceTimeout, Frame, LightRequest
from reader.devices.settings import Settings, read_settings

log = logging.getLogger(__name__)


class WebcamSettings(Settings):
    """Settings of ``camera.webcam``."""

    device: str = Field(default="/dev/video0", description="V4L2 device.")
    width: int = Field(default=1280, ge=320, le=3840)
    height: int = Field(default=720, ge=240, le=2160)
    frames_per_second: float = Field(default=30.0, ge=5, le=60)


class VideoSource(Protocol):
    """The part of cv2.VideoCapture that is used."""

    def isOpened(self) -> bool: ...  # noqa: N802 - OpenCV's name
    def read(self) -> tuple[bool, Any]: ...
    def get(self, propId: int) -> float: ...  # noqa: N803 - OpenCV's name
    def set(self, propId: int, value: float) -> bool: ...  # noqa: N803 - OpenCV's name
    def release(self) -> None: ...


def _open_v4l2(settings: WebcamSettings) -> VideoSource:
    source = cv2.VideoCapture(settings.device, cv2.CAP_V4L2)
    source.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    source.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
    source.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    source.set(cv2.CAP_PROP_FPS, settings.frames_per_second)
    source.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return source


class Webcam:
    """``Camera`` on cv2.VideoCapture."""

    def __init__(
        self,
        settings: WebcamSettings,
        open_source: Callable[[WebcamSettings], VideoSource] = _open_v4l2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._open_source = open_source
        self._clock = clock
        self._fresh = threading.Condition()
        self._source: VideoSource | None = None
        self._thread: threading.Thread | None = None
        self._newest: tuple[NDArray[np.uint8], float] | None = None
        self._gone = ""
        self._number = 0
        self._brightness: float | None = None

    def start(self) -> None:
        """Open the device and begin reading. Raises DeviceGone."""
        self.stop()
        source = self._open_source(self._settings)
        if not source.isOpened():
            source.release()
            raise DeviceGone(f"{self._settings.device} cannot be opened; plug in the webcam and close other programs")
        self._source, self._newest, self._gone = source, None, ""
        self._brightness = None
        self._thread = threading.Thread(target=self._read, args=(source,), name="webcam", daemon=True)
        self._thread.start()

    def capture(self, timeout_s: float) -> Frame:
        """Return a frame no earlier call has returned. Raises DeviceTimeout or DeviceGone."""
        with self._fresh:
            if self._source is None:
                raise DeviceGone("the webcam is not started")
            self._fresh.wait_for(lambda: self._newest is not None or self._gone, timeout_s)
            newest, self._newest = self._newest, None
            if newest is None:
                if self._gone:
                    raise DeviceGone(self._gone)
                raise DeviceTimeout(f"the webcam gave no picture in {timeout_s:.1f} s")
            self._number += 1
            return Frame(pixels=newest[0], at=newest[1], number=self._number)

    def adjust(self, request: LightRequest) -> None:
        """Shift the driver's brightness by the wished exposure compensation, where it has such a control."""
        source = self._source
        if source is None:
            return
        if self._brightness is None:
            self._brightness = source.get(cv2.CAP_PROP_BRIGHTNESS)
        source.set(cv2.CAP_PROP_BRIGHTNESS, self._brightness + 16.0 * max(-3.0, min(3.0, request.ev)))

    def stop(self) -> None:
        """Let go of the device. Waits for a read in progress, at most two seconds."""
        with self._fresh:
            self._source = None
            thread, self._thread = self._thread, None
            self._newest = None
        if thread is not None:
            thread.join(2.0)

    def _read(self, source: VideoSource) -> None:
        """Read until stopped or gone; the thread that reads is the one that releases."""
        try:
            while self._source is source:
                good, picture = source.read()
                at = self._clock()
                rgb = np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8) if good else None
                with self._fresh:
                    if self._source is not source:
                        return
                    if rgb is None:
                        self._gone = f"{self._settings.device} stopped giving pictures; check its cable"
                    else:
                        self._newest = (rgb, at)
                    self._fresh.notify_all()
                    if rgb is None:
                        return
        except Exception as error:  # nothing would come any more: whoever waits is told, and opens it anew
            log.exception("the thread that reads the webcam died")
            with self._fresh:
                if self._source is source:
                    self._gone = f"{self._settings.device} could not be read ({error}); it is opened anew"
                self._fresh.notify_all()
        finally:
            source.release()


def open_camera(settings: Mapping[str, Any]) -> Webcam:
    """Return the webcam, not yet started. Raises DeviceError on bad settings."""
    return Webcam(read_settings(WebcamSettings, settings))
