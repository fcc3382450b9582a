"""Run by the Python that has mediapipe: print how far its backend is from the one on onnxruntime, for each picture."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from reader.face.detector import FaceDetector
from reader.face.landmarks import OnnxLandmarks, region_of_detection, region_of_points
from reader.face.landmarks_mediapipe import MediaPipeLandmarks, disagreement
from reader.face.modelstore import ModelStore

models, task, pictures = (Path(argument) for argument in sys.argv[1:4])
store = ModelStore(models)
detector, ours = FaceDetector(store.session("face_detector")), OnnxLandmarks(store.session("face_landmarks"))
for picture in np.load(pictures).values():
    mesh = ours.find(picture, region_of_detection(detector.find(picture)[0]))
    mesh = ours.find(picture, region_of_points(mesh.points))
    theirs = MediaPipeLandmarks(task)
    for _ in range(6):  # its video mode settles as ours does: the next region comes from the last mesh
        other = theirs.find(picture, mesh.region)
        mesh = ours.find(picture, region_of_points(mesh.points))
    print(other.score, disagreement(mesh, other))
