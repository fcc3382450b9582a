"""Follow one face from frame to frame: the region comes from the frame before, the detector only helps when lost.

A track ends when the face is gone for longer than ``GAP_S`` or jumps; evidence never outlives its track.
"""

from __future__ import annotations

from dataclasses import dataclass

from reader.face import geometry
from reader.face.detector import FaceDetector
from reader.face.image import Pixels
from reader.face.landmarks import LandmarkBackend, Mesh, region_of_detection, region_of_points
from reader.vault import overwrite

GAP_S = 0.4
LOOK_AROUND_S = 0.5  # between two looks for a second face
Box = tuple[float, float, float, float]
_JUMP = 0.6  # centre shift between frames, in face widths, beyond which it cannot be the same head


@dataclass(slots=True)
class Tracked:
    """What one frame shows.

    box: x, y, w, h of the mesh in pixels. track counts up whenever continuity is broken. others: faces besides this.
    """

    mesh: Mesh
    box: Box
    track: int
    others: int


class Tracker:
    """Keeps to one face. Not safe for use from several threads."""

    def __init__(self, detector: FaceDetector, landmarks: LandmarkBackend) -> None:
        self._detector = detector
        self._landmarks = landmarks
        self._points: geometry.Points | None = None
        self._box: Box = (0.0, 0.0, 1.0, 1.0)
        self._seen_at = 0.0
        self._track = 0
        self._others = 0
        self._around_at = float("-inf")

    def follow(self, rgb: Pixels, at: float) -> Tracked | None:
        """Return the tracked face of ``rgb`` taken at monotonic second ``at``, or None when none is seen."""
        mesh = self._near_last(rgb)
        if mesh is None or at - self._around_at >= LOOK_AROUND_S:
            self._around_at = at
            mesh = self._look_around(rgb, mesh)
        if mesh is None:
            if self._points is not None and at - self._seen_at > GAP_S:
                self.forget()
            return None
        box = geometry.box(mesh.points)
        if self._points is None or at - self._seen_at > GAP_S or self._jumped(box):
            self._track += 1
        if self._points is not None:
            overwrite(self._points)
        self._points, self._box, self._seen_at = mesh.points.copy(), box, at
        return Tracked(mesh, box, self._track, self._others)

    def forget(self) -> None:
        """Lose the face; the next one starts a new track."""
        if self._points is not None:
            overwrite(self._points)
        self._points = None
        self._others = 0
        self._around_at = float("-inf")

    def _near_last(self, rgb: Pixels) -> Mesh | None:
        if self._points is None:
            return None
        return self._sure(self._landmarks.find(rgb, region_of_points(self._points)))

    def _sure(self, mesh: Mesh) -> Mesh | None:
        if mesh.is_face:
            return mesh
        mesh.wipe()
        return None

    def _look_around(self, rgb: Pixels, mesh: Mesh | None) -> Mesh | None:
        found = self._detector.find(rgb)
        if mesh is None and found:
            mesh = self._sure(self._landmarks.find(rgb, region_of_detection(found[0])))
            if mesh is not None:
                region = region_of_points(mesh.points)
                mesh.wipe()
                mesh = self._sure(self._landmarks.find(rgb, region))
        if mesh is None:
            return None
        x, y, w, h = geometry.box(mesh.points)
        # A face much smaller than the patient's is someone waiting behind, not someone beside.
        self._others = sum(
            one.box[2] > 0.6 * w
            and not (x < one.box[0] + one.box[2] / 2 < x + w and y < one.box[1] + one.box[3] / 2 < y + h)
            for one in found
        )
        return mesh

    def _jumped(self, box: Box) -> bool:
        (x0, y0, w0, h0), (x1, y1, w1, h1) = self._box, box
        shift = max(abs(x0 + w0 / 2 - x1 - w1 / 2), abs(y0 + h0 / 2 - y1 - h1 / 2))
        return shift > _JUMP * max(w0, w1) or not 0.6 < w1 / max(w0, 1.0) < 1.67
