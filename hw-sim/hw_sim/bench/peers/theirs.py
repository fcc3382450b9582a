"""The peers, each as its own documentation uses it. Run with the Python of the peers' environment.

``python -m hw_sim.bench.peers.theirs NAME WEIGHTS_FOLDER JOB …``; JOB as ``protocol`` has it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hw_sim.bench.peers import protocol


class FaceRecognition:
    """face_recognition on dlib: HOG detector, five points, ResNet; to follow, its 68 points."""

    def __init__(self, weights: Path) -> None:
        import face_recognition  # type: ignore[import-not-found]

        self._its = face_recognition

    def follow(self, rgb: Any, number: int) -> object:
        """See Peer."""
        return self._its.face_landmarks(rgb)

    def embed(self, rgb: Any) -> Any:
        """See Peer."""
        found = self._its.face_locations(rgb)
        if not found:
            return None
        boxes = [(left, top, right - left, bottom - top) for top, right, bottom, left in found]
        chosen = found[protocol.central(boxes, rgb.shape[1], rgb.shape[0])]
        return self._its.face_encodings(rgb, [chosen])[0]

    def read(self, path: str) -> Any:
        """See Peer."""
        return self._its.load_image_file(path)


class OpenCv:
    """OpenCV's zoo: YuNet and SFace; to follow, YuNet's five points."""

    def __init__(self, weights: Path) -> None:
        import cv2

        cv2.setNumThreads(1)
        self._cv2 = cv2
        self._detector = cv2.FaceDetectorYN.create(str(weights / "yunet.onnx"), "", (320, 320))
        self._recogniser = cv2.FaceRecognizerSF.create(str(weights / "sface.onnx"), "")

    def follow(self, rgb: Any, number: int) -> Any:
        """See Peer."""
        self._detector.setInputSize((rgb.shape[1], rgb.shape[0]))
        return self._detector.detect(rgb[:, :, ::-1].copy())[1]

    def embed(self, rgb: Any) -> Any:
        """See Peer."""
        found = self.follow(rgb, 0)
        if found is None:
            return None
        chosen = found[protocol.central(found[:, :4], rgb.shape[1], rgb.shape[0])]
        return self._recogniser.feature(self._recogniser.alignCrop(rgb[:, :, ::-1].copy(), chosen))[0]

    def read(self, path: str) -> Any:
        """See Peer."""
        picture = self._cv2.imread(path, self._cv2.IMREAD_COLOR)
        if picture is None:
            raise FileNotFoundError(path)
        return self._cv2.cvtColor(picture, self._cv2.COLOR_BGR2RGB)


class MediaPipe:
    """MediaPipe's FaceLandmarker in video mode. It compares nobody."""

    def __init__(self, weights: Path) -> None:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        self._mediapipe = mediapipe
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(weights / "face_landmarker.task")),
            running_mode=vision.RunningMode.VIDEO,
        )
        self._net = vision.FaceLandmarker.create_from_options(options)

    def follow(self, rgb: Any, number: int) -> object:
        """See Peer."""
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=rgb)
        return self._net.detect_for_video(image, number * 33)

    def embed(self, rgb: Any) -> Any:
        """It has no such net."""
        raise NotImplementedError

    def read(self, path: str) -> Any:
        """See embed."""
        raise NotImplementedError


PEERS: dict[str, Callable[[Path], protocol.Peer]] = {
    "face_recognition": FaceRecognition,
    "opencv": OpenCv,
    "mediapipe": MediaPipe,
}

if __name__ == "__main__":
    protocol.answer(PEERS[sys.argv[1]](Path(sys.argv[2])), sys.argv[3:])
