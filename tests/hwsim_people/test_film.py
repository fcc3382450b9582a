"""A film in place of a camera: each frame once, at its pace, there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hw_sim.camera import film as film_module
from hw_sim.camera.film import FPS, FilmCamera

from reader.devices.ports import DeviceTimeout, Frame


class Time:
    """Time that passes only in sleep."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    clock = Time()
    monkeypatch.setattr(film_module, "time", clock)
    return clock


def film(length: int) -> FilmCamera:
    camera = FilmCamera([Frame(np.full((1, 1, 3), shade, np.uint8), 0.0, shade) for shade in range(length)])
    camera.start()
    return camera


def test_it_runs_there_and_back(time: Time) -> None:
    camera = film(4)
    shades = [int(camera.capture(1.0).pixels[0, 0, 0]) for _ in range(9)]
    assert shades == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert time.now == pytest.approx(100.0 + 8 / FPS)


def test_who_comes_late_gets_the_newest(time: Time) -> None:
    camera = film(20)
    first = camera.capture(1.0)
    time.sleep(5.5 / FPS)
    second = camera.capture(1.0)
    assert (first.number, second.number) == (0, 5)
    assert second.at == pytest.approx(100.0 + 5 / FPS)


def test_it_does_not_wait_longer_than_asked(time: Time) -> None:
    camera = film(4)
    camera.capture(1.0)
    with pytest.raises(DeviceTimeout):
        camera.capture(0.5 / FPS)
