"""A camera that looks at a scene: paced frames, auto exposure that answers the light loop, faults on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from hw_sim.camera.pace import Pace, RealPace
from hw_sim.people.person import load_person
from hw_sim.people.raster import Lens
from hw_sim.people.render import render
from hw_sim.people.scene import LIGHTS, Pose, Scene, standing, still, walking_up
from hw_sim.people.sensor import Exposure, measured
from hw_sim.people.sources import PhotosMissing
from reader.devices.ports import DeviceError, DeviceGone, DeviceTimeout, Frame, LightRequest
from reader.devices.settings import Settings, read_settings

SceneAt = Callable[[float], Scene]

TARGET = 0.19  # mean linear light that auto exposure aims at with ev 0
_SPEED = 0.55  # share of the error, in stops, that one frame corrects
_CALM_STOPS = 0.06
_SLOW_FPS = 0.5


class CameraFault(StrEnum):
    """What can go wrong between lens and port."""

    HANG = "hang"  # never another frame, every capture times out
    SLOW = "slow"  # a frame every two seconds
    BLACK = "black"
    WHITE = "white"
    FROZEN = "frozen"  # the same picture for ever, with new times and numbers
    TORN = "torn"  # the lower part of each picture belongs to an older one
    WRONG_SIZE = "wrong-size"
    UNPLUGGED = "unplugged"  # DeviceGone, also from start


class VirtualCamera:
    """``Camera`` before a scene. ``look_at`` and ``fail`` may be called at any time and from any thread.

    scene: a scene, or a function of the seconds since ``look_at``. pace: real or virtual time. Frames are due every
    1/fps seconds; a reader that comes late gets the newest and misses the ones between.
    """

    def __init__(
        self,
        scene: Scene | SceneAt | None = None,
        pace: Pace | None = None,
        lens: Lens | None = None,
        *,
        fps: float = 30.0,
        exposure: Exposure | None = None,
    ) -> None:
        self.pace: Pace = pace or RealPace()
        self.lens = lens or Lens()
        self.fps = fps
        self._lock = threading.RLock()
        self._provider: SceneAt = _constant(Scene())
        self._since = self.pace.now()
        self._started: float | None = None
        self._tick = -1
        self._number = 0
        self._first = exposure or Exposure()
        self._exposure = self._first
        self._wish = LightRequest()
        self._fault: CameraFault | None = None
        self._last: NDArray[np.uint8] | None = None
        if scene is not None:
            self.look_at(scene)

    @property
    def exposure(self) -> Exposure:
        """What the next frame will be taken with."""
        return self._exposure

    @property
    def request(self) -> LightRequest:
        """The last wish of the light loop."""
        return self._wish

    def look_at(self, scene: Scene | SceneAt, since: float | None = None) -> None:
        """Put the camera before ``scene``, whose second 0 is now (or at ``since`` of the camera's clock)."""
        with self._lock:
            self._provider = _constant(scene) if isinstance(scene, Scene) else scene
            self._since = self.pace.now() if since is None else since

    def fail(self, fault: CameraFault | None) -> None:
        """Break in this way from the next frame on; None heals."""
        with self._lock:
            self._fault = fault

    def start(self) -> None:
        """Begin to stream. Raises DeviceGone when unplugged."""
        with self._lock:
            if self._fault is CameraFault.UNPLUGGED:
                raise DeviceGone("the virtual camera is unplugged; plug it in with fail(None)")
            self._started = self.pace.now()
            self._tick = -1
            self._exposure = replace(self._first, fill=self._wish.fill)

    def capture(self, timeout_s: float) -> Frame:
        """Return the newest frame. Raises DeviceTimeout or DeviceGone."""
        with self._lock:
            started, fault = self._started, self._fault
            if started is None:
                raise DeviceGone("the virtual camera is not started")
            if fault is CameraFault.UNPLUGGED:
                self._started = None
                raise DeviceGone("the virtual camera was unplugged; plug it in with fail(None)")
            fps = _SLOW_FPS if fault is CameraFault.SLOW else self.fps
            now = self.pace.now()
            before = started + self._tick / self.fps if self._tick >= 0 else started - 1 / fps
            due = max(before + 1 / fps, started + int((now - started) * self.fps) / self.fps)
        if fault is CameraFault.HANG or due - now > timeout_s:
            self.pace.wait_until(now + timeout_s)
            raise DeviceTimeout(f"the virtual camera gave no picture in {timeout_s:.1f} s")
        self.pace.wait_until(due)
        with self._lock:
            self._tick = round((due - started) * self.fps)
            self._number += 1
            return self._take(due, fault)

    def adjust(self, request: LightRequest) -> None:
        """Meter on the region with this compensation, and set the fill light, from the next frame on."""
        with self._lock:
            self._wish = request
            self._exposure = replace(self._exposure, fill=min(1.0, max(0.0, request.fill)))

    def stop(self) -> None:
        """Stop streaming."""
        with self._lock:
            self._started = None
            self._last = None

    def _take(self, at: float, fault: CameraFault | None) -> Frame:
        used = self._exposure
        if fault is CameraFault.FROZEN and self._last is not None:
            pixels = self._last.copy()
        else:
            t = at - self._since
            pixels = render(self._provider(t), t, used, self.lens)
            self._exposure = self._answer(pixels, used)
            pixels, self._last = self._spoil(pixels, fault), pixels
        return Frame(pixels, at, self._number, used.time_us, used.gain)

    def _answer(self, pixels: NDArray[np.uint8], used: Exposure) -> Exposure:
        """Auto exposure: step towards the target, as a sensor's own loop does frame by frame."""
        light = max(measured(pixels, self._wish.region), 2e-4)
        target = TARGET * 2.0 ** min(3.0, max(-3.0, self._wish.ev))
        stops = float(np.log2(min(target, 0.8) / light))
        if abs(stops) < _CALM_STOPS:
            return self._exposure
        return replace(used.brighter(_SPEED * min(4.0, max(-4.0, stops))), fill=self._exposure.fill)

    def _spoil(self, pixels: NDArray[np.uint8], fault: CameraFault | None) -> NDArray[np.uint8]:
        match fault:
            case CameraFault.BLACK:
                return np.zeros_like(pixels)
            case CameraFault.WHITE:
                return np.full_like(pixels, 255)
            case CameraFault.TORN if self._last is not None:
                line = int(pixels.shape[0] * (0.3 + 0.05 * (self._number % 9)))
                torn = pixels.copy()
                torn[line:] = np.roll(self._last[line:], 37, axis=1)
                return torn
            case CameraFault.WRONG_SIZE:
                half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
                return np.ascontiguousarray(half, np.uint8)
            case _:
                return pixels


def _constant(scene: Scene) -> SceneAt:
    return lambda _: scene


class VirtualCameraSettings(Settings):
    """person: id of a shipped person, or "nobody". light: a name of ``hw_sim.people.scene.LIGHTS``."""

    person: str = "p03"
    light: Literal["clinic", "dim", "dark", "side", "back", "sun", "flicker"] = "clinic"
    distance_mm: float = Field(default=450.0, ge=150.0, le=3000.0)
    walk_up: bool = False
    width: int = Field(default=640, ge=160, le=1920)
    height: int = Field(default=480, ge=120, le=1920)
    field_deg: float = Field(default=66.0, ge=20.0, le=120.0)
    fps: float = Field(default=30.0, gt=0.0, le=120.0)
    seed: int = 1


def open_camera(settings: Mapping[str, object]) -> VirtualCamera:
    """Return a virtual camera in real time, not yet started. Raises DeviceError on bad settings."""
    wanted = read_settings(VirtualCameraSettings, settings)
    lens = Lens(wanted.width, wanted.height, wanted.field_deg)
    if wanted.person == "nobody":
        return VirtualCamera(Scene(light=still(LIGHTS[wanted.light]), room=wanted.seed), lens=lens, fps=wanted.fps)
    try:
        person = load_person(wanted.person)
    except KeyError as error:
        raise DeviceError(str(error.args[0])) from None
    except PhotosMissing as error:
        raise DeviceError(str(error)) from error
    scene = standing(person, Pose(distance_mm=wanted.distance_mm), wanted.light, seed=wanted.seed)
    return VirtualCamera(walking_up(scene) if wanted.walk_up else scene, lens=lens, fps=wanted.fps)
