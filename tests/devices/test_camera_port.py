"""The Camera port: one suite, every adapter that can run here. The Pi camera's turn is in tests/system/device."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from reader.devices.camera_webcam import VideoSource, Webcam, WebcamSettings
from reader.devices.disabled import DisabledCamera
from reader.devices.ports import Camera, DeviceError, DeviceGone, DeviceTimeout, LightRequest

WAIT_S = 5.0


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Twenty pictures, red on the left and blue on the right, for the real cv2.VideoCapture to read."""
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (320, 240))
    picture = np.zeros((240, 320, 3), np.uint8)
    picture[:, :160, 2] = 220
    picture[:, 160:, 0] = 220
    for _ in range(20):
        writer.write(picture)
    writer.release()
    return path


def of_file(path: Path) -> Callable[[WebcamSettings], VideoSource]:
    """Return a source that plays a file through OpenCV, where a webcam would be."""
    return lambda settings: cv2.VideoCapture(str(path))


@pytest.fixture
def webcam(film: Path) -> Iterator[Webcam]:
    camera = Webcam(WebcamSettings(), of_file(film))
    yield camera
    camera.stop()


def test_a_frame_is_rgb_upright_and_contiguous(webcam: Webcam) -> None:
    webcam.start()
    frame = webcam.capture(WAIT_S)
    assert frame.pixels.shape == (240, 320, 3)
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.flags.c_contiguous
    assert frame.pixels[120, 20, 0] > 150 > frame.pixels[120, 300, 0]


def test_frames_count_up_and_time_never_goes_back(webcam: Webcam) -> None:
    webcam.start()
    first = webcam.capture(WAIT_S)
    webcam.start()
    second = webcam.capture(WAIT_S)
    assert second.number > first.number
    assert second.at >= first.at


def test_a_camera_that_stops_giving_pictures_is_gone(webcam: Webcam) -> None:
    webcam.start()

    def watch_to_the_end() -> None:
        for _ in range(30):
            webcam.capture(WAIT_S)

    with pytest.raises(DeviceGone, match="check its cable"):
        watch_to_the_end()


def test_a_reading_thread_that_dies_is_told_at_once_and_replaced_at_the_next_start(
    webcam: Webcam, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*given: object) -> None:
        raise cv2.error("broken by the test")

    with monkeypatch.context() as broken:
        broken.setattr(cv2, "cvtColor", breaks)
        webcam.start()
        with pytest.raises(DeviceGone, match="opened anew"):
            webcam.capture(WAIT_S)
    webcam.start()
    assert webcam.capture(WAIT_S).pixels.any()


def test_after_a_stop_it_starts_again(webcam: Webcam) -> None:
    for _ in range(3):
        webcam.start()
        assert webcam.capture(WAIT_S).pixels.any()
        webcam.stop()
        with pytest.raises(DeviceGone):
            webcam.capture(0.0)


def test_a_silent_camera_is_a_time_out_not_a_hang(film: Path) -> None:
    class Silent:
        """A source whose read blocks, as V4L2's does, until it is told to go on."""

        go_on = threading.Event()

        def isOpened(self) -> bool:  # noqa: N802
            return True

        def read(self) -> tuple[bool, Any]:
            self.go_on.wait(WAIT_S)
            return False, None

        def get(self, propId: int) -> float:  # noqa: N803
            return 0.0

        def set(self, propId: int, value: float) -> bool:  # noqa: N803
            return True

        def release(self) -> None:
            pass

    camera = Webcam(WebcamSettings(), lambda settings: Silent())
    camera.start()
    try:
        with pytest.raises(DeviceTimeout):
            camera.capture(0.01)
    finally:
        Silent.go_on.set()
        camera.stop()


def test_a_webcam_is_asked_for_what_the_settings_say_by_v4l2(monkeypatch: pytest.MonkeyPatch, film: Path) -> None:
    """No kernel here has a webcam: the film stands in for it below OpenCV, everything above is the product's own."""
    asked: list[tuple[object, ...]] = []
    real = cv2.VideoCapture

    class Capture:
        def __init__(self, device: str, how: int) -> None:
            asked.append((device, how))
            self._film = real(str(film))

        def set(self, what: int, value: float) -> bool:
            asked.append((what, value))
            return True

        def __getattr__(self, name: str) -> Any:
            return getattr(self._film, name)

    monkeypatch.setattr(cv2, "VideoCapture", Capture)
    camera = Webcam(WebcamSettings(device="/dev/video4", width=800, height=600, frames_per_second=25.0))
    camera.start()
    try:
        assert camera.capture(WAIT_S).pixels.any()
    finally:
        camera.stop()
    assert asked[0] == ("/dev/video4", cv2.CAP_V4L2)
    assert asked[1] == (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")), (
        "before the size, or the driver keeps raw"
    )
    assert set(asked[2:]) == {
        (cv2.CAP_PROP_FRAME_WIDTH, 800),
        (cv2.CAP_PROP_FRAME_HEIGHT, 600),
        (cv2.CAP_PROP_FPS, 25.0),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    }


def test_a_device_that_is_not_there_is_gone_at_once(tmp_path: Path) -> None:
    with pytest.raises(DeviceGone, match="plug in the webcam"):
        Webcam(WebcamSettings(device=str(tmp_path / "video9"))).start()


def test_no_reading_thread_outlives_a_stop(webcam: Webcam) -> None:
    webcam.start()
    webcam.capture(WAIT_S)
    webcam.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "webcam"]


@pytest.fixture(params=["webcam", "disabled"])
def camera(request: pytest.FixtureRequest, film: Path) -> Iterator[Camera]:
    """Every adapter that can run here."""
    made: Camera = Webcam(WebcamSettings(), of_file(film)) if request.param == "webcam" else DisabledCamera()
    yield made
    made.stop()


def test_stop_is_always_allowed(camera: Camera) -> None:
    camera.stop()
    camera.stop()


def test_light_wishes_are_never_an_error(camera: Camera) -> None:
    camera.adjust(LightRequest(ev=9.0, region=(0.0, 0.0, 1.0, 1.0), fill=2.0))


def test_capture_before_start_says_so(camera: Camera) -> None:
    with pytest.raises(DeviceGone):
        camera.capture(0.0)


def test_every_failure_is_a_device_error_with_words(camera: Camera) -> None:
    with pytest.raises(DeviceError) as caught:
        camera.capture(0.0)
    assert len(str(caught.value)) > 10
