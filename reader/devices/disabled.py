"""Parts that a kiosk plainly does not have. Their absence is an adapter, never an ``if`` elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reader.cardfront.port import CardFrontUnreadable
from reader.devices.ports import DeviceGone, Frame, LightRequest
from reader.devices.settings import Settings, read_settings
from reader.session.vocabulary import CardFrontProblem, Earcon, Lamp

_NO_CAMERA = "the camera is switched off in the configuration; set devices.camera.name to use one"


class DisabledCamera:
    """No camera: patients go by PIN or staff."""

    def start(self) -> None:
        """Raise DeviceGone, always."""
        raise DeviceGone(_NO_CAMERA)

    def capture(self, timeout_s: float) -> Frame:
        """Raise DeviceGone, always."""
        raise DeviceGone(_NO_CAMERA)

    def adjust(self, request: LightRequest) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


class DisabledCardFront:
    """No card-slot camera: verification number B cannot be read, so PIN or staff serve."""

    def read(self, timeout_s: float) -> bytearray:
        """Raise CardFrontUnreadable, always."""
        raise CardFrontUnreadable(CardFrontProblem.CAMERA_MISSING)

    def close(self) -> None:
        """Do nothing."""


class DisabledLamps:
    """No lamps."""

    def show(self, lamp: Lamp) -> None:
        """Do nothing."""

    def fill(self, level: float) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""


class DisabledSpeaker:
    """No loudspeaker."""

    def say(self, text_id: str, language: str) -> None:
        """Do nothing."""

    def sound(self, earcon: Earcon) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


def open_camera(settings: Mapping[str, Any]) -> DisabledCamera:
    """Return the absent camera. Raises DeviceError when it is given settings."""
    read_settings(Settings, settings)
    return DisabledCamera()


def open_card_front(settings: Mapping[str, Any]) -> DisabledCardFront:
    """Return the absent card-slot camera. Raises DeviceError when it is given settings."""
    read_settings(Settings, settings)
    return DisabledCardFront()


def open_lamps(settings: Mapping[str, Any]) -> DisabledLamps:
    """Return the absent lamps. Raises DeviceError when they are given settings."""
    read_settings(Settings, settings)
    return DisabledLamps()


def open_speaker(settings: Mapping[str, Any]) -> DisabledSpeaker:
    """Return the absent speaker; the site's volume means nothing to it."""
    return DisabledSpeaker()
