"""Things held up before the camera, a sheet of paper and a screen, and how each of them looks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.people.raster import Floats, Lens, rotation
from hw_sim.people.render import Sheet, Surface, falling_light, surface_of
from hw_sim.people.scene import Life, Light, Pose, Track
from hw_sim.people.sensor import READOUT_S, Exposure

_CELLS = 14  # the mesh is this fine each way, so that perspective stays true across it


@dataclass(frozen=True, eq=False)
class Picture:
    """A flat picture of a known size: RGBA uint8 (H, W, 4) and its smaller versions; mm: width, height."""

    rgba: NDArray[np.uint8]
    mm: tuple[float, float]
    levels: tuple[NDArray[np.uint8], ...] = field(init=False)
    triangles: NDArray[np.int32] = field(init=False)  # of the grid, where anything of the picture is

    def __post_init__(self) -> None:
        levels = [self.rgba]
        while min(levels[-1].shape[:2]) > 96 and len(levels) < 4:
            levels.append(np.asarray(cv2.pyrDown(levels[-1]), np.uint8))
        object.__setattr__(self, "levels", tuple(levels))
        object.__setattr__(self, "triangles", _covered(self.rgba[..., 3]))

    def level(self, distance_mm: float, lens: Lens) -> int:
        """Return which version a camera at this distance sees best."""
        shrink = self.rgba.shape[1] / self.mm[0] * distance_mm / lens.focal_px
        return int(np.clip(np.floor(np.log2(max(shrink, 1e-3)) + 0.35), 0, len(self.levels) - 1))


@dataclass(frozen=True, eq=False)
class HeldPrint:
    """A printed picture in somebody's hands. thumbs: what lies on it, of the same size.

    bend: degrees that the paper turns from edge to edge, positive bulging towards the camera. bend_across: the axis
    lies across instead of upright. gloss: 0 matte .. 1 photo paper. put_away: lowered while a movement that was asked
    for is made by whoever holds it.
    """

    picture: Picture
    thumbs: Picture
    path: Track[Pose]
    hand: Life
    bend: float = 0.0
    bend_across: bool = False
    gloss: float = 0.1
    put_away: bool = False

    def pose(self, t: float) -> Pose | None:
        """Return where the middle of the paper is at ``t``."""
        return self.hand.touch(self.path.at(t), t)


@dataclass(frozen=True, eq=False)
class HeldScreen:
    """A telephone or tablet that shows pictures.

    body: the device with a dark display, and the hand behind it. thumbs: what lies on it, of the same size. frames:
    RGB uint8 pictures of one size, shown in turn at ``fps``. display: (x, y, w, h) of the display in the body's
    millimetres. pixels: of the display, across and down. nits_as_lux: light of a white pixel, as the lux on white
    paper that would look the same. swing: share by which the backlight swings at ``refresh_hz``. glare: a reflected
    lamp, as lux on white paper, at glare_at (0..1 of the display) when held straight.
    """

    body: Picture
    thumbs: Picture
    frames: Sequence[NDArray[np.uint8]]
    fps: float
    display: tuple[float, float, float, float]
    pixels: tuple[int, int]
    path: Track[Pose]
    hand: Life
    nits_as_lux: float = 900.0
    refresh_hz: float = 120.0
    swing: float = 0.2
    glare: float = 500.0
    glare_at: tuple[float, float] = (0.3, 0.2)

    def pose(self, t: float) -> Pose | None:
        """Return where the middle of the device is at ``t``."""
        return self.hand.touch(self.path.at(t), t)

    def frame(self, t: float) -> NDArray[np.uint8]:
        """Return the picture shown at ``t``; a recording plays forwards, then backwards, without a jump."""
        count = len(self.frames)
        if count == 1:
            return self.frames[0]
        step = int(t * self.fps) % (2 * count - 2)
        return self.frames[step if step < count else 2 * count - 2 - step]


@lru_cache(maxsize=1)
def _grid() -> tuple[Floats, NDArray[np.int32]]:
    """Return corners (N, 2) of a square -0.5..0.5 cut into cells, and its triangles (M, 3)."""
    line = np.linspace(-0.5, 0.5, _CELLS + 1, dtype=np.float32)
    corners = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    first = (np.arange(_CELLS)[:, None] * (_CELLS + 1) + np.arange(_CELLS)[None, :]).reshape(-1)
    down = first + _CELLS + 1
    upper = np.stack([first, first + 1, down], axis=1)
    lower = np.stack([first + 1, down + 1, down], axis=1)
    return corners, np.concatenate([upper, lower]).astype(np.int32)


def _covered(alpha: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return the grid's triangles in whose cell something of the picture is: hands leave most of theirs empty."""
    grown = cv2.dilate(alpha, np.ones((5, 5), np.uint8))
    cells = [
        [part.any() for part in np.array_split(row, _CELLS, axis=1)] for row in np.array_split(grown, _CELLS, axis=0)
    ]
    keep = np.array(cells).reshape(-1)
    return np.ascontiguousarray(_grid()[1][np.concatenate([keep, keep])])


def _curve(flat: Floats, size: tuple[float, float], bend: float, *, across: bool) -> tuple[Floats, Floats]:
    """Bend a sheet: return points (N, 3) and normals (N, 3) before it is turned, millimetres."""
    x, y = flat[:, 0] * size[0], flat[:, 1] * size[1]
    along, length = (y, size[1]) if across else (x, size[0])
    zero = np.zeros_like(x)
    if abs(bend) < 0.5:
        return np.column_stack([x, y, zero]), np.column_stack([zero, zero, zero - 1])
    angle = math.radians(bend) * along / length
    radius = length / math.radians(bend)
    arc, depth = radius * np.sin(angle), radius * (1 - np.cos(angle))
    lean = np.sin(angle)
    if across:
        return np.column_stack([x, arc, depth]), np.column_stack([zero, lean, -np.cos(angle)])
    return np.column_stack([arc, y, depth]), np.column_stack([lean, zero, -np.cos(angle)])


def _placed(points: Floats, normals: Floats, pose: Pose) -> tuple[Floats, Floats]:
    turn = rotation(pose.yaw, pose.pitch, pose.roll)
    centre = np.array([pose.x_mm, pose.y_mm, pose.distance_mm], np.float32)
    return np.asarray(points @ turn.T + centre, np.float32), np.asarray(normals @ turn.T, np.float32)


def _spot(
    u: Floats, v: Floats, size: tuple[int, int], at: tuple[float, float], radius: tuple[float, float], power: float
) -> Floats:
    """Return a soft-edged patch of light over texture coordinates; at, radius: shares of the texture's size."""
    x = (u / size[0] - at[0]) / radius[0]
    y = (v / size[1] - at[1]) / radius[1]
    return np.asarray(np.exp(-((x * x + y * y) ** power)), np.float32)


class _Paper:
    def __init__(self, held: HeldPrint) -> None:
        self._held = held

    def sheets(self, pose: Pose, t: float, light: Light, exposure: Exposure, lens: Lens) -> list[Sheet]:
        held, (flat, _) = self._held, _grid()
        shape, lean = _curve(flat, held.picture.mm, held.bend, across=held.bend_across)
        points, normals = _placed(shape, lean, pose)
        texture = held.picture.levels[held.picture.level(pose.distance_mm, lens)]
        height, width = texture.shape[:2]
        uv = (flat + 0.5) * np.array([width, height], np.float32) - 0.5
        lux = falling_light(points, normals, light, exposure.fill)
        spots = uv.astype(np.float32)
        paper = Sheet(points, held.picture.triangles, spots, lux, texture, self._shine(pose, light, texture))
        thumbs = held.thumbs.levels[held.picture.level(pose.distance_mm, lens)]
        return [paper, Sheet(points, held.thumbs.triangles, spots, lux, thumbs)]

    def _shine(
        self, pose: Pose, light: Light, texture: NDArray[np.uint8]
    ) -> Callable[[Floats, Floats, Floats, int], None] | None:
        """Lamps and window mirrored in glossy paper: the patch runs over the paper as it tilts."""
        gloss = self._held.gloss
        if gloss < 0.05:
            return None
        size = (texture.shape[1], texture.shape[0])
        at = (0.62 + pose.yaw / 22.0 + 0.0016 * pose.x_mm, 0.12 - (pose.pitch - 2.0) / 22.0)
        stretch = 0.5 if abs(self._held.bend) > 8 and not self._held.bend_across else 1.0
        strength = gloss * (0.55 * light.ambient + 0.1 * light.back + 0.02 * light.direct_sun)

        def shine(u: Floats, v: Floats, colour: Floats, top: int) -> None:
            patch = _spot(u, v, size, at, (0.26 * stretch, 0.13 if stretch == 1.0 else 0.9), 1.3)
            colour += (patch * np.float32(strength) + np.float32(0.02 * gloss * light.ambient))[..., None]

        return shine


class _Glass:
    def __init__(self, held: HeldScreen) -> None:
        self._held = held

    def sheets(self, pose: Pose, t: float, light: Light, exposure: Exposure, lens: Lens) -> list[Sheet]:
        held, (flat, triangles) = self._held, _grid()
        shape, lean = _curve(flat, held.body.mm, 0.0, across=False)
        points, normals = _placed(shape, lean, pose)
        texture = held.body.levels[held.body.level(pose.distance_mm, lens)]
        height, width = texture.shape[:2]
        uv = (flat + 0.5) * np.array([width, height], np.float32) - 0.5
        lux = falling_light(points, normals, light, exposure.fill)
        device = Sheet(points, held.body.triangles, uv.astype(np.float32), lux, texture)
        fingers = held.thumbs.levels[held.body.level(pose.distance_mm, lens)]
        thumbs = Sheet(points, held.thumbs.triangles, uv.astype(np.float32), lux, fingers)

        x, y, w, h = held.display
        middle = np.array([x + w / 2 - held.body.mm[0] / 2, y + h / 2 - held.body.mm[1] / 2])
        shown = np.asarray(cv2.cvtColor(held.frame(t), cv2.COLOR_RGB2RGBA), np.uint8)
        shrink = shown.shape[1] / w * pose.distance_mm / lens.focal_px
        while shrink > 1.6 and min(shown.shape[:2]) > 64:
            shown, shrink = np.asarray(cv2.pyrDown(shown), np.uint8), shrink / 2
        rows, columns = shown.shape[:2]
        # A clear rim, so that the display's edge is drawn softly.
        shown = np.asarray(cv2.copyMakeBorder(shown, 2, 2, 2, 2, cv2.BORDER_REPLICATE), np.uint8)
        shown[:2, :, 3], shown[-2:, :, 3], shown[:, :2, 3], shown[:, -2:, 3] = 0, 0, 0, 0
        grown = flat * np.array([(columns + 4) / columns, (rows + 4) / rows], np.float32)
        inner = grown * np.array([w, h]) + middle
        display, _ = _placed(np.column_stack([inner, np.full(len(inner), -0.3)]).astype(np.float32), lean, pose)
        spots = ((flat + 0.5) * np.array([columns + 4, rows + 4]) - 0.5).astype(np.float32)
        # A display dims towards its sides.
        tilt = math.cos(math.radians(pose.yaw)) * math.cos(math.radians(pose.pitch))
        glow = np.full((len(flat), 3), held.nits_as_lux * tilt**1.5, np.float32) * np.array([0.96, 1.0, 1.06])
        finish = self._finish(pose, t, light, exposure, lens, (columns, rows))
        return [device, Sheet(display, triangles, spots, glow.astype(np.float32), shown, finish), thumbs]

    def _finish(
        self, pose: Pose, t: float, light: Light, exposure: Exposure, lens: Lens, size: tuple[int, int]
    ) -> Callable[[Floats, Floats, Floats, int], None]:
        held = self._held
        per_pixel = held.pixels[0] / held.display[2] * pose.distance_mm / lens.focal_px  # display's to the camera's
        # Each colour of a Bayer sensor is sampled through half-size windows: that much of the grid beats through.
        depth = 0.9 * abs(float(np.sinc(0.5 * per_pixel))) * math.exp(-((0.16 * per_pixel) ** 2)) + 0.006
        span = exposure.time_us * 1e-6
        swing = held.swing * float(np.sinc(held.refresh_hz * span))
        at = (held.glare_at[0] + pose.yaw / 16.0 + 0.002 * pose.x_mm, held.glare_at[1] - pose.pitch / 16.0)
        veil = 0.035 * (light.ambient + light.front) + 0.004 * light.direct_sun
        lamp = held.glare * (light.ambient + 0.3 * light.back) / 400.0

        def finish(u: Floats, v: Floats, colour: Floats, top: int) -> None:
            across = (u + 0.5) * np.float32(2 * math.pi * held.pixels[0] / size[0])
            down = (v + 0.5) * np.float32(2 * math.pi * held.pixels[1] / size[1])
            rows = np.float32(0.5 * depth) * np.cos(down)
            for channel in range(3):  # red, green and blue stand side by side in each pixel
                grid = np.cos(across - np.float32(2 * math.pi * channel / 3))
                colour[..., channel] *= 1.0 + np.float32(depth) * grid + rows
            lines = np.arange(top, top + colour.shape[0])
            when = t + READOUT_S * lines / lens.height + span / 2
            colour *= (1.0 + swing * np.sin(2 * math.pi * held.refresh_hz * when)).astype(np.float32)[:, None, None]
            patch = _spot(u, v, size, at, (0.17, 0.055), 2.0) + 0.3 * _spot(u, v, size, at, (0.3, 0.22), 1.0)
            colour += (np.float32(lamp) * patch + np.float32(veil))[..., None]

        return finish


@surface_of.register
def _(actor: HeldPrint) -> Surface:
    return _Paper(actor)


@surface_of.register
def _(actor: HeldScreen) -> Surface:
    return _Glass(actor)
