"""Takes the picture: every actor's mesh through the lens, textured, lit, laid over the room, then the sensor.

``render`` is deterministic: scene, time, exposure and lens decide every pixel.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, singledispatch
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.people.backdrop import backdrop
from hw_sim.people.bust import Bust, bust
from hw_sim.people.eyes import Eyes
from hw_sim.people.raster import Floats, Lens, sample
from hw_sim.people.scene import Actor, Light, Pose, Scene, Visitor
from hw_sim.people.sensor import FILL_LUX, Exposure, develop, flicker_rows

_STEP = 2  # texture coordinates are found on every second pixel and stretched

_AMBIENT = np.array([1.0, 0.985, 0.95], np.float32)
_DAYLIGHT = np.array([0.95, 1.0, 1.06], np.float32)
_SUN = np.array([1.06, 1.0, 0.9], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A textured mesh as it stands at one moment.

    points (N, 3): world, millimetres. triangles (M, 3): clockwise in the picture when seen from the front, y down.
    uv (N, 2): pixels of ``texture`` (RGBA uint8). light (N, 3): lux at each vertex, times the texture's reflectance.
    finish: may add to the light of the drawn part, given texture coordinates u, v (h, w), light (h, w, 3)
    and the picture's row that the part begins at.
    """

    points: Floats
    triangles: NDArray[np.int32]
    uv: Floats
    light: Floats
    texture: NDArray[np.uint8]
    finish: Callable[[Floats, Floats, Floats, int], None] | None = None


class Surface(Protocol):
    """Something that can be drawn."""

    def sheets(self, pose: Pose, t: float, light: Light, exposure: Exposure, lens: Lens) -> list[Sheet]:
        """Return its meshes at ``pose``, farthest first."""


@singledispatch
def surface_of(actor: Actor) -> Surface:
    """Return how to draw an actor. Other kinds of actor register themselves here."""
    raise TypeError(f"nothing knows how to draw a {type(actor).__name__}")


@lru_cache(maxsize=1)
def reflectance() -> Floats:
    """Return linear reflectance of sRGB code values, (256,)."""
    code = np.arange(256) / 255.0
    return np.asarray(np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4), np.float32)


def falling_light(points: Floats, normals: Floats, light: Light, fill: float) -> Floats:
    """Return lux (N, 3) at points with normals (N, 3) under ``light`` and the fill light (0..1)."""
    towards = np.clip(-normals[:, 2], 0.0, 1.0)
    above = 1.0 - 0.22 * normals[:, 1]
    share = abs(light.side)
    sideways = np.array([np.sign(light.side) * 0.82, -0.18, -0.54], np.float32)
    from_side = np.clip(normals @ sideways + 0.12, 0.0, None) * 1.25
    room = light.ambient * ((1.0 - 0.72 * share) * above * (0.55 + 0.45 * towards) + 0.95 * share * from_side)
    behind = light.back * 0.02 * (1.0 + 2.5 * np.clip(normals[:, 2] + 0.35, 0.0, 1.0))  # walls and rims
    distance = np.maximum(points[:, 2], 150.0)
    near = (light.front + fill * FILL_LUX * (500.0 / distance) ** 2) * towards
    lux = (room + near)[:, None] * _AMBIENT + behind[:, None] * _DAYLIGHT
    if light.direct_sun > 0.0:
        beam = np.array([light.sun_from * 0.85, -0.42, -0.5], np.float32)
        beam /= np.linalg.norm(beam)
        lux += (light.direct_sun * np.clip(normals @ beam - 0.06, 0.0, None))[:, None] * _SUN
    return np.asarray(lux, np.float32)


class _Living:
    """A visitor's bust, with eyes that move in a copy of its texture."""

    def __init__(self, shape: Bust) -> None:
        self._bust = shape
        self._eyes = [
            Eyes.of(texture, shape.uv[:468] / 2**n, shape.px_per_mm / 2**n) for n, texture in enumerate(shape.textures)
        ]
        self._lock = threading.Lock()
        self._moved: dict[int, NDArray[np.uint8]] = {}

    def sheets(self, pose: Pose, t: float, light: Light, exposure: Exposure, lens: Lens) -> list[Sheet]:
        shape, normals = self._bust.posed(pose.yaw, pose.pitch, pose.roll, pose.mouth)
        points = shape + np.array([pose.x_mm, pose.y_mm, pose.distance_mm], np.float32)
        lux = falling_light(points, normals, light, exposure.fill)
        lux *= (1.0 - 0.85 * min(1.0, 1.6 * pose.mouth) * self._bust.lips)[:, None]
        shrink = self._bust.px_per_mm * pose.distance_mm / lens.focal_px  # texture pixels to one of the picture
        level = int(np.clip(np.floor(np.log2(max(shrink, 1e-3)) + 0.35), 0, len(self._bust.textures) - 1))
        with self._lock:
            texture = self._moved.setdefault(level, self._bust.textures[level].copy())
            self._eyes[level].move(self._bust.textures[level], texture, pose.blink, pose.gaze_yaw, pose.gaze_pitch)
        uv = (self._bust.uv + 0.5) / np.float32(2**level) - 0.5
        return [Sheet(points, self._bust.triangles, uv.astype(np.float32), lux, texture)]


@lru_cache(maxsize=48)
def _living(shape: Bust) -> _Living:
    return _Living(shape)


@surface_of.register
def _(actor: Visitor) -> Surface:
    return _living(bust(actor.person.live, actor.wears))


def render(scene: Scene, t: float, exposure: Exposure | None = None, lens: Lens | None = None) -> NDArray[np.uint8]:
    """Return what the camera sees at ``t`` seconds of the scene: uint8 RGB (H, W, 3), 640x480 without a lens."""
    exposure = exposure or Exposure()
    lens = lens or Lens()
    light = scene.light.at(t)
    radiance = _room(scene.room, light, lens).copy()
    present = [(actor, pose) for actor in scene.actors if (pose := actor.pose(t)) is not None]
    for actor, pose in sorted(present, key=lambda one: -one[1].distance_mm):
        later = actor.pose(t + exposure.time_us * 1e-6) or pose
        smear = _motion_px(pose, later, lens)
        for sheet in surface_of(actor).sheets(pose, t, light, exposure, lens):
            _draw(radiance, sheet, lens, smear)
    rows = flicker_rows(light, t, exposure, lens.height)
    number = scene.seed * 1_000_003 + round(t * 1_000)
    return develop(radiance, exposure, rows, number)


@lru_cache(maxsize=2)
def _room(room: int, light: Light, lens: Lens) -> Floats:
    behind = backdrop(lens.width, lens.height, room)
    lit = (light.ambient + 0.04 * light.back + 0.02 * light.direct_sun) * _AMBIENT
    radiance = behind.room * lit
    if light.back > 0.0:
        cv2.scaleAdd(behind.window, light.back, radiance, radiance)
    return radiance


def _motion_px(pose: Pose, later: Pose, lens: Lens) -> tuple[float, float]:
    """Shift of the middle of the face during the exposure; turning moves what is in front of the neck."""
    before, after = (
        lens.project(np.array([[one.x_mm + 1.6 * one.yaw, one.y_mm - 1.6 * one.pitch, one.distance_mm]], np.float32))[0]
        for one in (pose, later)
    )
    return float(after[0] - before[0]), float(after[1] - before[1])


def _draw(radiance: Floats, sheet: Sheet, lens: Lens, smear: tuple[float, float]) -> None:
    """Lay one sheet over the light gathered so far."""
    pixels = lens.project(sheet.points)
    attributes = np.concatenate([sheet.uv, sheet.light], axis=1)
    found = sample(pixels, sheet.points[:, 2], sheet.triangles, attributes, (lens.width, lens.height), _STEP)
    if found is None:
        return
    rows, columns = found.seen.shape
    width, height = min(columns * _STEP, lens.width - found.left), min(rows * _STEP, lens.height - found.top)
    size = (columns * _STEP, rows * _STEP)
    u, v, lux, seen = (
        np.asarray(cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_LINEAR), np.float32)[
            :height, :width
        ]
        for part in (found.values[..., 0], found.values[..., 1], found.values[..., 2:], found.seen)
    )
    drawn = np.asarray(cv2.remap(sheet.texture, u, v, cv2.INTER_LINEAR, borderValue=0), np.uint8)
    length = float(np.hypot(*smear))
    if length > 0.9:
        drawn = np.asarray(cv2.filter2D(drawn, -1, _streak(smear)), np.uint8)
    # Where the mesh ends it fades; further out stretched coordinates mean nothing.
    opaque = cv2.extractChannel(drawn, 3).astype(np.float32)
    opaque *= np.clip((seen - np.float32(0.3)) * np.float32(2.0 / 255.0), 0.0, np.float32(1 / 255.0))
    alpha = np.asarray(cv2.cvtColor(opaque, cv2.COLOR_GRAY2RGB), np.float32)
    colour = np.asarray(cv2.LUT(cv2.cvtColor(drawn, cv2.COLOR_RGBA2RGB), reflectance()), np.float32)
    colour *= lux
    if sheet.finish is not None:
        sheet.finish(u, v, colour, found.top)
    part = radiance[found.top : found.top + height, found.left : found.left + width]
    colour -= part
    colour *= alpha
    part += colour


def _streak(smear: tuple[float, float]) -> Floats:
    """Return the kernel of a straight movement, at most 25 pixels long."""
    length = float(np.hypot(*smear))
    reach = min(12, int(np.ceil(length / 2)))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    scale = min(1.0, 24.0 / length)
    for part in np.linspace(-0.5, 0.5, 8 * reach + 1):
        x, y = reach + smear[0] * scale * part, reach + smear[1] * scale * part
        x0, y0 = int(np.floor(x)), int(np.floor(y))
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            if 0 <= x0 + dx < kernel.shape[1] and 0 <= y0 + dy < kernel.shape[0]:
                kernel[y0 + dy, x0 + dx] += abs(1 - dx - (x - x0)) * abs(1 - dy - (y - y0))
    return np.asarray(kernel / kernel.sum(), np.float32)
