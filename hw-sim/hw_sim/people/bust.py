"""A head and shoulders in three dimensions: the face mesh of a photograph, continued over hair, neck and clothes.

The face keeps the mesh's own depth. What lies around it gets a plausible one: hair and ears fall back behind the
face's outline, shoulders stand behind the chin and do not turn with the head.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hw_sim.people.accessories import dress
from hw_sim.people.portrait import Portrait
from hw_sim.people.raster import Floats, rotation
from hw_sim.people.scene import Accessory
from reader.face.geometry import CHIN, LEFT_EYE, OUTLINE, RIGHT_EYE, pose

PUPILS_MM = 63.0  # mean of adults (Dodgson 2004)
_LEFT_MM, _RIGHT_MM, _TOP_MM, _BOTTOM_MM = -310.0, 310.0, -240.0, 600.0
_GRID_MM = 32.0
_NECK = np.array([0.0, 85.0, 95.0], np.float32)  # what the head turns about, from the middle between the pupils
_LOWER_LIP = (14, 87, 178, 88, 95, 317, 402, 318, 324)
_UPPER_LIP = (13, 82, 81, 80, 191, 312, 311, 310, 415)


@dataclass(frozen=True, slots=True, eq=False)
class Bust:
    """Rest shape looking straight at the camera, origin between the pupils, millimetres.

    points (N, 3), of which the first 468 are the face mesh; normals (N, 3), towards the camera where z < 0; uv (N, 2)
    pixels of ``textures[0]``; head (N,): 1 where a vertex turns with the head, 0 where it stays; jaw (N,): 1 where it
    drops with the chin; lips (N,): 1 on the inner edge of the lips. textures: RGBA uint8, each half the size of the
    one before. px_per_mm: of ``textures[0]``.
    """

    points: Floats
    normals: Floats
    uv: Floats
    triangles: NDArray[np.int32]
    head: Floats
    jaw: Floats
    lips: Floats
    textures: tuple[NDArray[np.uint8], ...]
    px_per_mm: float

    def posed(self, yaw: float, pitch: float, roll: float, mouth: float) -> tuple[Floats, Floats]:
        """Return points and normals with the head turned (degrees) and the mouth open (0..1)."""
        turn = rotation(yaw, pitch, roll)
        points = self.points
        if mouth > 0.0:
            points = points + self.jaw[:, None] * np.array([0.0, 9.0 * mouth, 2.5 * mouth], np.float32)
        turned = (points - _NECK) @ turn.T + _NECK
        weight = self.head[:, None]
        shape = turned * weight + points * (1 - weight)
        normals = (self.normals @ turn.T) * weight + self.normals * (1 - weight)
        return shape, normals


@lru_cache(maxsize=64)
def bust(portrait: Portrait, wears: frozenset[Accessory] = frozenset()) -> Bust:
    """Return the bust of a photograph, wearing what is asked."""
    right = portrait.points[list(RIGHT_EYE)].mean(axis=0)
    left = portrait.points[list(LEFT_EYE)].mean(axis=0)
    px_per_mm = float(np.linalg.norm(left - right)) / PUPILS_MM
    middle = (left + right) / 2
    face = (portrait.points - middle) / np.float32(px_per_mm)
    texture, origin = _canvas(dress(portrait, wears), portrait.matte, middle[:2], px_per_mm)

    outline = face[list(OUTLINE)]
    around, depth = _around(face, outline)
    rest = np.concatenate([face, np.column_stack([around, depth])]).astype(np.float32)
    chin = float(face[CHIN, 1])
    head = 1.0 - _smooth((rest[:, 1] - chin - 5.0) / 85.0)
    head[:468] = 1.0
    uv = (rest[:, :2] * px_per_mm + origin).astype(np.float32)

    seen = pose(portrait.points)
    upright = rotation(math.degrees(seen.yaw), math.degrees(seen.pitch), math.degrees(seen.roll)).T
    level = rest @ upright.T
    points = level * head[:, None] + rest * (1 - head[:, None])
    points = points.astype(np.float32)
    # Neighbours are found on the face unrolled: seen from the front, steep cheeks would tangle.
    triangles = _triangles(points[:, :2] * (1.0 + 0.007 * np.clip(points[:, 2:], 0, 80)))
    triangles = triangles[_opaque(texture, uv[triangles])]
    a, b, c = points[triangles[:, 0]], points[triangles[:, 1]], points[triangles[:, 2]]
    flat = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], -flat)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)

    lip = float(face[[13, 14], 1].mean())
    jaw = np.zeros(len(points), np.float32)
    below = face[:, 1] - lip
    jaw[:468] = np.clip(below / 6.0, 0, 1) * np.clip(1.4 - np.abs(face[:, 0]) / 55.0, 0, 1)
    jaw[list(_UPPER_LIP)] = 0.0
    jaw[list(_LOWER_LIP)] = 1.0
    lips = np.zeros(len(points), np.float32)
    lips[[*_UPPER_LIP, *_LOWER_LIP]] = 1.0
    levels = [texture]
    for _ in range(3):
        levels.append(np.asarray(cv2.pyrDown(levels[-1]), np.uint8))
    return Bust(points, normals, uv, triangles, head, jaw, lips, tuple(levels), px_per_mm)


def _smooth(x: NDArray[np.floating]) -> Floats:
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3 - 2 * x), np.float32)


def _around(face: Floats, outline: Floats) -> tuple[Floats, Floats]:
    """Return vertices around the face (M, 2) and their depth (M,), in millimetres of the photograph's plane."""
    xs = np.linspace(_LEFT_MM, _RIGHT_MM, round((_RIGHT_MM - _LEFT_MM) / _GRID_MM) + 1, dtype=np.float32)
    ys = np.linspace(_TOP_MM, _BOTTOM_MM, round((_BOTTOM_MM - _TOP_MM) / _GRID_MM) + 1, dtype=np.float32)
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    centre = outline[:, :2].mean(axis=0)
    # Rings close around the outline, where depth changes fastest.
    rings = [centre + (outline[:, :2] - centre) * np.float32(scale) for scale in (1.1, 1.25, 1.45)]
    polygon = np.ascontiguousarray(outline[:, :2])

    def outside(spot: Floats) -> float:
        return -cv2.pointPolygonTest(polygon, (float(spot[0]), float(spot[1])), True)

    ringed = np.concatenate(rings)
    ring_edge = np.ascontiguousarray(rings[-1])
    grid = grid[[cv2.pointPolygonTest(ring_edge, (float(x), float(y)), True) < -8.0 for x, y in grid]]
    around = np.concatenate([ringed, grid]).astype(np.float32)
    away = np.array([outside(spot) for spot in around], np.float32)
    # Depth goes on from the outline without steps, else a turned head shows teeth along it.
    near = 1.0 / (((around[:, None] - outline[None, :, :2]) ** 2).sum(axis=2) + 60.0) ** 1.5
    edge = (near @ outline[:, 2]) / near.sum(axis=1)
    behind = edge + 52.0 * (1.0 - np.exp(-away / 46.0))
    chin = float(face[CHIN, 1])
    torso = 52.0 + 0.22 * np.abs(around[:, 0])
    part = _smooth((around[:, 1] - chin - 8.0) / 75.0)
    return around, np.asarray(behind * (1 - part) + torso * part, np.float32)


def _triangles(spots: Floats) -> NDArray[np.int32]:
    """Return the Delaunay triangles of ``spots`` (N, 2), all turning the same way."""
    # Points that coincide (closed lips) are pulled apart a little, else one of each pair would drop out.
    jitter = np.random.default_rng(3).uniform(-0.02, 0.02, spots.shape).astype(np.float32)
    apart = spots + jitter
    low, high = apart.min(axis=0) - 5.0, apart.max(axis=0) + 5.0
    plane = cv2.Subdiv2D((int(low[0]) - 1, int(low[1]) - 1, int(high[0] - low[0]) + 3, int(high[1] - low[1]) + 3))
    index: dict[tuple[float, float], int] = {}
    for number, (x, y) in enumerate(apart):
        index[(float(x), float(y))] = number
        plane.insert((float(x), float(y)))
    found = []
    for x0, y0, x1, y1, x2, y2 in np.asarray(plane.getTriangleList(), np.float32):
        corners = [index.get((float(x), float(y))) for x, y in ((x0, y0), (x1, y1), (x2, y2))]
        if None not in corners:
            found.append(corners)
    triangles = np.array(found, np.int32)
    a, b, c = apart[triangles[:, 0]], apart[triangles[:, 1]], apart[triangles[:, 2]]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    triangles[area < 0] = triangles[area < 0][:, ::-1]
    return triangles


def _opaque(texture: NDArray[np.uint8], corners: Floats) -> NDArray[np.bool_]:
    """Return which triangles, corners (M, 3, 2) in pixels, have anything of the person in them (M,)."""
    height, width = texture.shape[:2]
    total = cv2.integral(texture[..., 3])
    low = np.clip(np.floor(corners.min(axis=1)), 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(corners.max(axis=1)) + 1, 1, (width, height)).astype(int)
    x0, y0, x1, y1 = low[:, 0], low[:, 1], high[:, 0], high[:, 1]
    return np.asarray(total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0] > 0)


def _canvas(
    rgb: NDArray[np.uint8], matte: NDArray[np.uint8], middle: Floats, px_per_mm: float
) -> tuple[NDArray[np.uint8], Floats]:
    """Lay the person on a canvas that holds the whole bust; return RGBA and the pixel of the origin.

    Where the photograph ends and the person does not, shoulders slope on outwards and clothes go on downwards.
    """
    height, width = matte.shape
    origin = np.array([-_LEFT_MM, -_TOP_MM], np.float32) * np.float32(px_per_mm)
    size = (round((_RIGHT_MM - _LEFT_MM) * px_per_mm), round((_BOTTOM_MM - _TOP_MM) * px_per_mm))
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    x += middle[0] - origin[0]
    y += middle[1] - origin[1]
    inset = 4.0
    over = np.maximum(np.maximum(inset - x, x - (width - 1 - inset)), 0.0) / px_per_mm
    map_x = np.clip(x, inset, width - 1 - inset)
    map_x += np.where(x < inset, 1.0, -1.0) * np.minimum(over * 0.35, 20.0) * px_per_mm
    map_y = y - (over * 0.45 + over * over / 130.0) * px_per_mm
    # Downwards the last stretch of cloth is drawn out, ever more slowly.
    floor, reserve = height - 1 - inset, min(70.0 * px_per_mm, 0.2 * height)
    under = np.maximum(map_y - (floor - reserve), 0.0)
    drawn_out = floor - reserve * np.exp(-under / reserve)
    map_y = np.where(under > 0, drawn_out, map_y).astype(np.float32)
    map_x = map_x.astype(np.float32)
    spread = _spread(rgb, matte)
    colour = cv2.remap(spread, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.remap(matte, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    alpha[:2], alpha[-2:], alpha[:, :2], alpha[:, -2:] = 0, alpha[-3:-2], 0, 0
    return np.ascontiguousarray(np.dstack([colour, alpha]), np.uint8), origin


def _spread(rgb: NDArray[np.uint8], matte: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Let the person's colours run a little over their outline, so that no old background shines along it."""
    small_alpha = cv2.erode(matte, np.ones((5, 5), np.uint8)).astype(np.float32) / 255.0
    weighted = rgb.astype(np.float32) * small_alpha[..., None]
    total = cv2.GaussianBlur(weighted, (0, 0), 4.0)
    share = cv2.GaussianBlur(small_alpha, (0, 0), 4.0)
    wide = total / np.maximum(share, 1e-3)[..., None]
    known = np.minimum(share * 20.0, 1.0)[..., None]
    filled = wide * known + rgb * (1 - known)
    mixed = rgb * small_alpha[..., None] + filled * (1 - small_alpha[..., None])
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)
