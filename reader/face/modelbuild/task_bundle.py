"""Build a ``face_landmarker.task`` for MediaPipe 1.x out of the two graphs that the 0.10.21 wheel carries.

Run by the Python of an environment with mediapipe, which must stay apart from kaopi's (it brings another OpenCV):
``python task_bundle.py DETECTOR.tflite MESH.tflite OUT.task``. MediaPipe 1.x ships no weights and expects 478 points
in one tensor, while that mesh has 468. One GATHER operator is appended which repeats ten eyelid points in place of the
irises; without it the bundle loads and returns garbage.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np

POINTS = 468
EYELIDS = (159, 145, 158, 153, 160, 386, 374, 385, 380, 387)


def with_irises(graph: bytes, schema: Any) -> bytes:
    """Return the mesh graph with its output (1, 1, 1, 1404) gathered into (1, 1, 1, 1434).

    schema: ``mediapipe.tasks.metadata.schema_py_generated``.
    """
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(graph, 0))
    (subgraph,) = model.subgraphs
    order = [*range(POINTS * 3), *(point * 3 + axis for point in EYELIDS for axis in range(3))]

    numbers = schema.BufferT()
    numbers.data = np.frombuffer(np.array(order, np.int32).tobytes(), np.uint8)
    model.buffers.append(numbers)
    index = _tensor(schema, b"order", [len(order)], schema.TensorType.INT32, len(model.buffers) - 1)
    output = _tensor(schema, b"landmarks_478", [1, 1, 1, len(order)], schema.TensorType.FLOAT32, 0)
    subgraph.tensors += [index, output]

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.GATHER
    code.version = 1
    model.operatorCodes.append(code)
    gather = schema.OperatorT()
    gather.opcodeIndex = len(model.operatorCodes) - 1
    gather.inputs = np.array([subgraph.outputs[0], len(subgraph.tensors) - 2], np.int32)
    gather.outputs = np.array([len(subgraph.tensors) - 1], np.int32)
    gather.builtinOptionsType = schema.BuiltinOptions.GatherOptions
    gather.builtinOptions = schema.GatherOptionsT()
    gather.builtinOptions.axis = 3
    subgraph.operators.append(gather)
    subgraph.outputs = np.array([len(subgraph.tensors) - 1, *list(subgraph.outputs)[1:]], np.int32)
    model.signatureDefs = []

    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def bundle(detector: bytes, mesh: bytes, out: Path) -> None:
    """Write the task file: an uncompressed archive with fixed dates, so that equal input gives equal bytes."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in (("face_detector.tflite", detector), ("face_landmarks_detector.tflite", mesh)):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


def _tensor(schema: Any, name: bytes, shape: list[int], kind: int, buffer: int) -> Any:
    tensor = schema.TensorT()
    tensor.name = name
    tensor.shape = np.array(shape, np.int32)
    tensor.type = kind
    tensor.buffer = buffer
    return tensor


def main(detector: str, mesh: str, out: str) -> None:
    """Read two graphs, write the bundle."""
    from mediapipe.tasks.metadata import schema_py_generated

    patched = with_irises(Path(mesh).read_bytes(), schema_py_generated)
    bundle(Path(detector).read_bytes(), patched, Path(out))


if __name__ == "__main__":
    main(*sys.argv[1:4])
