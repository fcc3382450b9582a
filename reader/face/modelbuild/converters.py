"""The converters that the manifest may name: source bytes in, ONNX model out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import onnx

from reader.face.modelbuild import onnx_speed, onnx_weights, tflite_to_onnx

CONVERTERS: Mapping[str, Callable[[bytes], onnx.ModelProto]] = {
    "tflite": lambda data: onnx_speed.quicken(tflite_to_onnx.convert(data)),
    "unfold_blocks": lambda data: onnx_speed.quicken(onnx_weights.unfold_blocks(data)),
    "flush_tiny": onnx_weights.flush_tiny,
    "flush_tiny, quicken": lambda data: onnx_speed.quicken(onnx_weights.flush_tiny(data)),
}
