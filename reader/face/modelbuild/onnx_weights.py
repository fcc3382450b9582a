"""Make published ONNX files run well in onnxruntime: unfold block-quantised weights, flush denormal ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from reader.face.modelbuild.errors import BuildError

IR_VERSION = 10
TINY = 1e-30  # below this a weight changes no output bit but denormal arithmetic costs several times the run time


def flush_tiny(data: bytes) -> onnx.ModelProto:
    """Return the model with every float weight smaller than ``TINY`` set to zero."""
    model = onnx.load_from_string(data)
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT:
            continue
        value = numpy_helper.to_array(weight)
        tiny = (np.abs(value) < TINY) & (value != 0)
        if tiny.any():
            weight.CopyFrom(numpy_helper.from_array(np.where(tiny, np.float32(0), value), weight.name))
    onnx.checker.check_model(model)
    return model


def unfold_blocks(data: bytes) -> onnx.ModelProto:
    """Return the float32 form of an OpenCV-zoo "int8bq" model.

    Those files keep weights as int8 with one scale per block (ONNX DequantizeLinear, opset 21) followed by a Reshape,
    and list the weights as graph inputs, which onnxruntime refuses. Both are folded into plain initialisers; Dropout,
    which does nothing at inference, is removed.
    """
    model = onnx.load_from_string(data)
    constants = {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}
    renamed: dict[str, str] = {}
    kept: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.op_type == "Constant":
            constants[node.output[0]] = numpy_helper.to_array(_attribute(node, "value", None))
        elif node.op_type == "DequantizeLinear" and node.input[0] in constants:
            constants[node.output[0]] = _dequantised(node, constants)
        elif node.op_type == "Reshape" and all(name in constants for name in node.input):
            constants[node.output[0]] = constants[node.input[0]].reshape(constants[node.input[1]].tolist())
        elif node.op_type == "Dropout":
            renamed[node.output[0]] = renamed.get(node.input[0], node.input[0])
        else:
            kept.append(_inference_only(node))
    for node in kept:
        for position, name in enumerate(node.input):
            node.input[position] = renamed.get(name, name)
    return _rebuilt(model, kept, constants)


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return helper.get_attribute_value(attribute)
    return default


def _dequantised(node: onnx.NodeProto, constants: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    quantised = constants[node.input[0]].astype(np.float32)
    axis = int(_attribute(node, "axis", 1))
    block = int(_attribute(node, "block_size", 0))

    def spread(values: NDArray[Any]) -> NDArray[Any]:
        if not block or values.ndim == 0:
            return values
        wide = np.repeat(values, block, axis=axis)
        return np.take(wide, np.arange(quantised.shape[axis]), axis=axis)

    scale = spread(constants[node.input[1]])
    zero = spread(constants[node.input[2]].astype(np.float32)) if len(node.input) > 2 and node.input[2] else 0.0
    result: NDArray[np.float32] = ((quantised - zero) * scale).astype(np.float32)
    return result


def _inference_only(node: onnx.NodeProto) -> onnx.NodeProto:
    """BatchNormalization in these files still carries training attributes that the checker refuses."""
    if node.op_type == "BatchNormalization":
        for attribute in [a for a in node.attribute if a.name not in ("epsilon", "momentum")]:
            node.attribute.remove(attribute)
    return node


def _rebuilt(
    model: onnx.ModelProto, nodes: list[onnx.NodeProto], constants: dict[str, NDArray[Any]]
) -> onnx.ModelProto:
    used = {name for node in nodes for name in node.input}
    inputs = [value for value in model.graph.input if value.name in used and value.name not in constants]
    if len(inputs) != 1:
        raise BuildError(f"expected one image input after unfolding, found {[value.name for value in inputs]}")
    weights = [
        numpy_helper.from_array(np.ascontiguousarray(constants[name]), name) for name in sorted(used & set(constants))
    ]
    graph = helper.make_graph(nodes, "graph", inputs, list(model.graph.output), weights)
    opset = helper.make_opsetid("", model.opset_import[0].version)
    result = helper.make_model(graph, opset_imports=[opset], producer_name="kaopi")
    result.ir_version = IR_VERSION
    onnx.checker.check_model(result)
    return result
