"""The slot camera as reader.cardfront sees it, and what a technician is told when it cannot be had."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
import pytest

from reader.cardfront.reader import SlotCameraGone
from reader.devices.card_front_camera import SlotCameraOverPort, open_card_front
from reader.devices.ports import DeviceError, DeviceGone, DeviceTimeout, Frame, LightRequest

WEBCAM = {"device": "/dev/video7"}


class FakeCamera:
    """Counts starts; answers what it is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.answer: Frame | DeviceError = Frame(np.zeros((2, 2, 3), np.uint8), 0.0, 1)

    def start(self) -> None:
        self.calls.append("start")

    def capture(self, timeout_s: float) -> Frame:
        self.calls.append("capture")
        if isinstance(self.answer, DeviceError):
            raise self.answer
        return self.answer

    def adjust(self, request: LightRequest) -> None:
        pass

    def stop(self) -> None:
        self.calls.append("stop")


def test_the_camera_starts_with_the_first_card_and_keeps_running() -> None:
    camera = FakeCamera()
    slot = SlotCameraOverPort(camera)
    assert camera.calls == []
    slot.capture(1)
    slot.capture(1)
    assert camera.calls == ["start", "capture", "capture"]


def test_silence_is_a_timeout() -> None:
    camera = FakeCamera()
    camera.answer = DeviceTimeout("nothing")
    with pytest.raises(TimeoutError):
        SlotCameraOverPort(camera).capture(1)


def test_an_unplugged_camera_is_gone_and_is_opened_again_next_time() -> None:
    camera = FakeCamera()
    slot = SlotCameraOverPort(camera)
    slot.capture(1)
    camera.answer = DeviceGone("unplugged")
    with pytest.raises(SlotCameraGone):
        slot.capture(1)
    camera.answer = Frame(np.zeros((2, 2, 3), np.uint8), 0.0, 2)
    slot.capture(1)
    assert camera.calls == ["start", "capture", "capture", "stop", "start", "capture"]


def test_it_is_an_adapter_of_kaopi() -> None:
    points = importlib.metadata.distribution("kaopi").entry_points.select(group="kaopi.devices")
    assert points["card_front.camera"].load() is open_card_front


def test_the_slot_camera_must_be_named() -> None:
    with pytest.raises(DeviceError, match="camera_settings"):
        open_card_front({})


def test_an_unknown_camera_is_refused_with_those_there_are() -> None:
    with pytest.raises(DeviceError, match=r"camera\.periscope.*webcam"):
        open_card_front({"camera": "periscope", "camera_settings": WEBCAM})


def test_a_missing_recogniser_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"card_front_recogniser.*make models"):
        open_card_front({"camera_settings": WEBCAM, "models_dir": str(tmp_path)})
