"""The second camera, over the card slot, and the reader of the printed front that looks through it.

UVC on a Pi 4 (its one CSI port serves the face camera), CSI or UVC on a Pi 5. The camera itself is any installed
``camera.*`` adapter of kaopi, named in the settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import Field

from reader.cardfront.reader import OcrCardFront, SlotCameraGone
from reader.config.places import own
from reader.devices.ports import Camera, DeviceError, DeviceGone, DeviceTimeout, Frame
from reader.devices.registry import open_device
from reader.devices.settings import Settings, read_settings
from reader.face.modelstore import ModelRefused, ModelStore


class CardFrontSettings(Settings):
    """Settings of ``card_front.camera``."""

    camera: str = Field(default="webcam", description="Adapter of the slot camera: `webcam` or `picamera2`.")
    camera_settings: dict[str, Any] = Field(
        min_length=1,
        description='Settings of that adapter, naming the slot camera: { device = "/dev/v4l/by-path/..." }.',
    )
    models_dir: Path | None = Field(
        default=None, description="Folder of the ONNX models; unset means where the package put them."
    )


class SlotCameraOverPort:
    """A ``Camera`` as ``reader.cardfront`` wants it: started when first needed, opened again after it was unplugged."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._started = False

    def capture(self, timeout_s: float) -> Frame:
        """Return the newest frame. Raises SlotCameraGone or TimeoutError."""
        try:
            if not self._started:
                self._camera.start()
                self._started = True
            return self._camera.capture(timeout_s)
        except DeviceTimeout as error:
            raise TimeoutError(str(error)) from error
        except DeviceGone as error:
            self.stop()
            raise SlotCameraGone(str(error)) from error

    def stop(self) -> None:
        """Stop streaming; the next ``capture`` starts again."""
        self._started = False
        self._camera.stop()


def today_in_japan() -> date:
    """The day cards expire by."""
    return datetime.now(ZoneInfo("Asia/Tokyo")).date()


def open_card_front(settings: Mapping[str, Any], today: Callable[[], date] = today_in_japan) -> OcrCardFront:
    """Return the reader of the card front; the camera starts with the first card.

    Raises DeviceError on bad settings, on an unknown camera adapter and where the recogniser is missing or altered.
    """
    checked = read_settings(CardFrontSettings, settings)
    camera = open_device("camera", checked.camera, checked.camera_settings)
    try:
        return OcrCardFront(SlotCameraOverPort(camera), ModelStore(checked.models_dir or own("models")), today)
    except ModelRefused as error:
        raise DeviceError(str(error)) from error
