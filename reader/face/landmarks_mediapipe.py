"""The other landmark backend: MediaPipe's own FaceLandmarker, for cross-checks and for who prefers it.

mediapipe is not among kaopi's dependencies: it brings a second OpenCV that fills the same folder. It must live in an
environment of its own, with the task file that ``modelbuild/task_bundle.py`` makes from the same weights.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from reader.face.geometry import LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from reader.face.image import Pixels
from reader.face.landmarks import SIDE, Mesh, Region


class MediaPipeLandmarks:
    """``LandmarkBackend`` on mediapipe 1.x in video mode: it follows the face by itself, so pictures come in order."""

    def __init__(self, task: Path) -> None:
        """Open ``task``. Raises ImportError where mediapipe is not installed."""
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        self._mediapipe = mediapipe
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(task)), running_mode=vision.RunningMode.VIDEO
        )
        self._net = vision.FaceLandmarker.create_from_options(options)
        self._clock_ms = 0

    def find(self, rgb: Pixels, region: Region) -> Mesh:
        """Return the mesh of the face it follows in ``rgb`` (H, W, 3); score 1 with a face, 0 without.

        ``region`` only says where the crop for the light measurement is taken.
        """
        self._clock_ms += 33
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb))
        found = self._net.detect_for_video(image, self._clock_ms).face_landmarks
        points = np.zeros((468, 3), np.float32)
        if found:
            height, width = rgb.shape[:2]
            flat = np.array([[one.x, one.y, one.z] for one in found[0][:468]], np.float32)
            points[:] = flat * np.array([width, height, width], np.float32)
        scale = SIDE / region.side
        shift = np.array([SIDE / 2 - region.x * scale, SIDE / 2 - region.y * scale], np.float32)
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
        crop = cv2.warpAffine(rgb, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
        local = np.asarray(points[:, :2] * scale + shift, np.float32)
        return Mesh(points, float(bool(found)), region, np.asarray(crop, np.uint8), local)


def disagreement(one: Mesh, other: Mesh) -> float:
    """Return the mean distance of two backends' points in outer eye distances."""
    across = one.points[LEFT_EYE_OUTER, :2] - one.points[RIGHT_EYE_OUTER, :2]
    apart = np.linalg.norm(one.points[:, :2] - other.points[:, :2], axis=1)
    return float(apart.mean() / max(float(np.linalg.norm(across)), 1.0))
