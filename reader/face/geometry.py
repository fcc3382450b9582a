"""Plane geometry on the 468-point face mesh: named points, head pose, eye openness, similarity transforms.

Point numbers follow MediaPipe's canonical face model. "Left" and "right" are the patient's own unless a name says
``image_``; the camera picture is not mirrored, so the patient's left eye is at the image's right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]

RIGHT_EYE_OUTER, RIGHT_EYE_INNER = 33, 133
LEFT_EYE_OUTER, LEFT_EYE_INNER = 263, 362
NOSE_TIP, NASION, CHIN, FOREHEAD = 4, 168, 152, 10
MOUTH_RIGHT, MOUTH_LEFT = 61, 291
RIGHT_EYE = (33, 133, 159, 145)
LEFT_EYE = (263, 362, 386, 374)

# Eye aspect ratio (Soukupova & Cech 2016): corner, two upper, other corner, two lower.
_EAR_RIGHT = (33, 160, 158, 133, 153, 144)
_EAR_LEFT = (362, 385, 387, 263, 373, 380)

# The outline of the face, in order: what lies inside is skin, what lies outside is hair and background.
OUTLINE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip

# The mesh of a face that looks straight at the camera still has its forehead before its chin by this angle.
_NEUTRAL_PITCH = math.radians(-4.0)


@dataclass(frozen=True, slots=True)
class Pose:
    """Head pose in radians. yaw > 0: turned to the patient's own left. pitch > 0: looking up. roll > 0: clockwise."""

    yaw: float
    pitch: float
    roll: float


def eye_distance(points: Points) -> float:
    """Return the distance of the outer eye corners in pixels, in three dimensions so that yaw does not shrink it."""
    return float(np.linalg.norm(points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER]))


def pose(points: Points) -> Pose:
    """Return the head pose of a mesh (468, 3): x, y in pixels, z in the same unit, negative towards the camera."""
    across = points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER]
    down = points[CHIN] - points[FOREHEAD]
    return Pose(
        yaw=math.atan2(float(across[2]), math.hypot(float(across[0]), float(across[1]))),
        pitch=math.atan2(-float(down[2]), math.hypot(float(down[0]), float(down[1]))) - _NEUTRAL_PITCH,
        roll=math.atan2(float(across[1]), float(across[0])),
    )


def roundness(points: Points) -> float:
    """Return the width of the face over its height, along and across its eyes.

    A head is round: it stays as wide as it is high while it turns. What is flat gets narrower by the cosine.
    """
    across = points[LEFT_EYE_OUTER, :2] - points[RIGHT_EYE_OUTER, :2]
    across = across / max(float(np.linalg.norm(across)), 1e-6)
    along, upright = points[:, :2] @ across, points[:, :2] @ np.array([-across[1], across[0]], np.float32)
    return float(np.ptp(along)) / max(float(np.ptp(upright)), 1e-6)


def eye_openness(points: Points) -> float:
    """Return the eye aspect ratio, mean of both eyes: about 0.25-0.35 open, below 0.15 closed."""
    ratios = []
    for corner_a, upper_a, upper_b, corner_b, lower_b, lower_a in (_EAR_RIGHT, _EAR_LEFT):
        height = np.linalg.norm(points[upper_a] - points[lower_a]) + np.linalg.norm(points[upper_b] - points[lower_b])
        ratios.append(float(height) / (2.0 * float(np.linalg.norm(points[corner_a] - points[corner_b])) + 1e-6))
    return sum(ratios) / 2.0


def box(points: Points) -> tuple[float, float, float, float]:
    """Return the upright bounding box (x, y, w, h) of the mesh in pixels."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


def five_points(points: Points) -> Points:
    """Return right eye, left eye, nose tip, right and left mouth corner (5, 2), as embedders are aligned by.

    Eye centres are means over the lids, which moves less than single points do.
    """
    flat = points[:, :2]
    eyes = [flat[list(RIGHT_EYE)].mean(axis=0), flat[list(LEFT_EYE)].mean(axis=0)]
    return np.stack([*eyes, flat[NOSE_TIP], flat[MOUTH_RIGHT], flat[MOUTH_LEFT]]).astype(np.float32)


def similarity(source: Points, target: Points) -> Points:
    """Return the 2x3 similarity that maps ``source`` (n, 2) onto ``target`` with least squares (Umeyama 1991)."""
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    centred, wanted = source - source_mean, target - target_mean
    left, stretch, right = np.linalg.svd(wanted.T @ centred / len(source))
    flip = np.array([1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    rotation = left @ np.diag(flip) @ right
    scale = float((stretch * flip).sum()) * len(source) / float((centred**2).sum())
    shift = target_mean - scale * rotation @ source_mean
    return np.hstack([scale * rotation, shift[:, None]]).astype(np.float32)
