"""Projects triangle meshes through a pinhole and samples their attributes on a coarse grid, all in numpy.

The sampled texture coordinates are as good as a map for ``cv2.remap`` once they are stretched to full size.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

NEAREST_MM = 60.0  # what is nearer than this is inside the kiosk


@dataclass(frozen=True, slots=True)
class Lens:
    """A pinhole camera. width, height in pixels; field_deg: angle of view across the longer side."""

    width: int = 640
    height: int = 480
    field_deg: float = 66.0

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return max(self.width, self.height) / 2.0 / float(np.tan(np.radians(self.field_deg / 2.0)))

    def project(self, points: Floats) -> Floats:
        """Return pixels (N, 2) of world points (N, 3) in millimetres; pixel centres lie at whole numbers."""
        depth = np.maximum(points[:, 2:3], NEAREST_MM)
        centre = np.array([self.width - 1, self.height - 1], np.float32) / 2
        return np.asarray(points[:, :2] * np.float32(self.focal_px) / depth + centre, np.float32)


@dataclass(frozen=True, slots=True)
class Samples:
    """Attributes on a grid of every ``step``-th pixel from (left, top).

    values: (h, w, K); seen: (h, w) 1.0 where the mesh is, else 0.0. Values go on one
    sample beyond what is seen.
    """

    left: int
    top: int
    step: int
    values: Floats
    seen: Floats


def sample(
    pixels: Floats, depth: Floats, triangles: NDArray[np.int32], attributes: Floats, size: tuple[int, int], step: int
) -> Samples | None:
    """Sample ``attributes`` (N, K) of a mesh whose vertices lie at ``pixels`` (N, 2), nearer triangles in front.

    Triangles that turn their back (clockwise on the screen) are not seen. size: (width, height) of the picture.
    Returns None when nothing of the mesh is in the picture.
    """
    low = np.maximum(np.floor(pixels.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(pixels.max(axis=0)).astype(int) + 1, np.array(size))
    if np.any(high - low < step):
        return None
    left, top = int(low[0]) // step * step, int(low[1]) // step * step
    columns, rows = -((left - int(high[0])) // step), -((top - int(high[1])) // step)
    # Centre of sample i lies at left + (i + 0.5) * step - 0.5, where cv2.resize expects it.
    spots = (pixels - np.array([left, top], np.float32) + 0.5) / step - 0.5
    a, b, c = spots[triangles[:, 0]], spots[triangles[:, 1]], spots[triangles[:, 2]]
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    x0 = np.clip(np.ceil(np.minimum(np.minimum(a[:, 0], b[:, 0]), c[:, 0])), 0, columns).astype(np.int32)
    x1 = np.clip(np.floor(np.maximum(np.maximum(a[:, 0], b[:, 0]), c[:, 0])) + 1, 0, columns).astype(np.int32)
    y0 = np.clip(np.ceil(np.minimum(np.minimum(a[:, 1], b[:, 1]), c[:, 1])), 0, rows).astype(np.int32)
    y1 = np.clip(np.floor(np.maximum(np.maximum(a[:, 1], b[:, 1]), c[:, 1])) + 1, 0, rows).astype(np.int32)
    near = depth[triangles].min(axis=1) > NEAREST_MM
    keep = np.flatnonzero((area > 1e-6) & (x1 > x0) & (y1 > y0) & near)
    if keep.size == 0:
        return None
    keep = keep[np.argsort(-depth[triangles[keep]].mean(axis=1), kind="stable")]
    a, b, c, area = a[keep], b[keep], c[keep], area[keep]
    wide, tall = (x1 - x0)[keep], (y1 - y0)[keep]
    count = wide * tall
    which = np.repeat(np.arange(keep.size, dtype=np.int32), count)
    within = np.arange(which.size, dtype=np.int32) - np.repeat((np.cumsum(count) - count).astype(np.int32), count)
    down = within // wide[which]
    x = x0[keep][which] + within - down * wide[which]
    y = y0[keep][which] + down
    # Barycentric weights of b and c, and then the attributes, as planes over the picture: p = px * x + py * y + p0.
    plane = np.empty((keep.size, 3, 2), np.float32)
    plane[:, 0, 0], plane[:, 1, 0] = (c[:, 1] - a[:, 1]) / area, (a[:, 0] - c[:, 0]) / area
    plane[:, 0, 1], plane[:, 1, 1] = (a[:, 1] - b[:, 1]) / area, (b[:, 0] - a[:, 0]) / area
    plane[:, 2] = -a[:, :1] * plane[:, 0] - a[:, 1:] * plane[:, 1]
    fx, fy = x.astype(np.float32), y.astype(np.float32)
    of_b, of_c = plane[..., 0], plane[..., 1]
    to_b = fx * of_b[:, 0][which] + fy * of_b[:, 1][which] + of_b[:, 2][which]
    to_c = fx * of_c[:, 0][which] + fy * of_c[:, 1][which] + of_c[:, 2][which]
    inside = np.flatnonzero((to_b >= -1e-4) & (to_c >= -1e-4) & (to_b + to_c <= 1.0001))
    which, to_b, to_c = which[inside], to_b[inside, None], to_c[inside, None]
    corners = attributes[triangles[keep]]
    base = corners[:, 0]
    values = (corners[:, 1] - base)[which]
    values *= to_b
    other = (corners[:, 2] - base)[which]
    other *= to_c
    values += other
    values += base[which]
    spot = y[inside] * columns + x[inside]
    grid = np.zeros((rows * columns, attributes.shape[1]), np.float32)
    seen = np.zeros(rows * columns, np.float32)
    grid[spot] = values  # where triangles overlap, the last one written is the nearest
    seen[spot] = 1.0
    values, mask = grid.reshape(rows, columns, -1), seen.reshape(rows, columns)
    # One sample further out the attributes go on, so that the outline can be drawn softly.
    share = cv2.boxFilter(mask, -1, (3, 3), borderType=cv2.BORDER_CONSTANT)
    rim = (mask == 0.0) & (share > 0.0)
    if rim.any():
        spread = cv2.boxFilter(values, -1, (3, 3), borderType=cv2.BORDER_CONSTANT)
        values[rim] = np.asarray(spread)[rim] / np.asarray(share)[rim][:, None]
    return Samples(left, top, step, values, mask)


def rotation(yaw: float, pitch: float, roll: float) -> Floats:
    """Return the 3x3 rotation of a head by yaw, pitch and roll in degrees (signs: see ``hw_sim.people.scene``)."""
    a, b, c = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    nod = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    tilt = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(tilt @ turn @ nod, np.float32)
