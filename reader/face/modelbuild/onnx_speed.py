"""Say the same mathematics in forms that onnxruntime runs faster; no value that a net computes changes.

Found by profiling on one thread: onnxruntime's PRelu takes longer than the convolutions around it, and its fast
blocked convolution refuses channel counts that are no multiple of its block. docs/adr/0007 has the milliseconds.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

BLOCK = 16  # channels of one AVX-512 block; a multiple of the smaller blocks of other processors as well


def quicken(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return ``model``, changed in place, with full channel blocks and without PRelu."""
    fill_channels(model)
    split_prelu(model)
    onnx.checker.check_model(model)
    return model


def split_prelu(model: onnx.ModelProto) -> None:
    """Replace every PRelu of constant slope by operators that are vectorised.

    With slopes up to one, PRelu(x) is the greater of x and slope * x: the same bits. A channel with a steeper slope
    needs Relu(x) + slope * (x - Relu(x)).
    """
    weights = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.op_type != "PRelu" or node.input[1] not in weights:
            nodes.append(node)
            continue
        (x, slope), (y,) = node.input, node.output
        if weights[slope].max() <= 1.0:
            nodes.append(helper.make_node("Mul", [x, slope], [f"{y}.sloped"]))
            nodes.append(helper.make_node("Max", [x, f"{y}.sloped"], [y]))
        else:
            nodes.append(helper.make_node("Relu", [x], [f"{y}.above"]))
            nodes.append(helper.make_node("Sub", [x, f"{y}.above"], [f"{y}.below"]))
            nodes.append(helper.make_node("Mul", [f"{y}.below", slope], [f"{y}.sloped"]))
            nodes.append(helper.make_node("Add", [f"{y}.above", f"{y}.sloped"], [y]))
    _replace_nodes(model, nodes)


def fill_channels(model: onnx.ModelProto) -> None:
    """Fill channel counts up to whole blocks with channels of zeros.

    Only between two ordinary convolutions with nothing but PRelu and depthwise convolutions between them: there a
    channel of zeros stays zero, and the second convolution gives it no weight.
    """
    weights = {one.name: one for one in model.graph.initializer}
    readers = defaultdict(list)
    for node in model.graph.node:
        for name in node.input:
            readers[name].append(node)
    outputs = {one.name for one in model.graph.output}
    for first in model.graph.node:
        if not _is_dense(first) or first.input[1] not in weights:
            continue
        channels = int(weights[first.input[1]].dims[0])
        extra = -channels % BLOCK
        between, last = _until_next_dense(first, readers, outputs, channels)
        if not extra or last is None:
            continue
        if any(
            name not in weights or len(readers[name]) > 1 for one in (first, *between, last) for name in one.input[1:]
        ):
            continue
        for node in (first, *between):
            for name in node.input[1:]:
                _widen(weights[name], 0, extra)
        for attribute in (one for node in between for one in node.attribute if one.name == "group"):
            attribute.i = channels + extra
        _widen(weights[last.input[1]], 1, extra)
    del model.graph.value_info[:]  # the shapes noted there no longer hold


def _until_next_dense(
    first: onnx.NodeProto, readers: dict[str, list[onnx.NodeProto]], outputs: set[str], channels: int
) -> tuple[list[onnx.NodeProto], onnx.NodeProto | None]:
    """Return the channel-wise nodes after ``first`` and the convolution that mixes their channels, None if another."""
    between: list[onnx.NodeProto] = []
    name = first.output[0]
    while len(readers[name]) == 1 and name not in outputs:
        (node,) = readers[name]
        if _is_dense(node) and node.input[0] == name:
            return between, node
        if node.op_type != "PRelu" and not (node.op_type == "Conv" and _groups(node) == channels):
            break
        between.append(node)
        name = node.output[0]
    return between, None


def _groups(node: onnx.NodeProto) -> int:
    return next((int(one.i) for one in node.attribute if one.name == "group"), 1)


def _is_dense(node: onnx.NodeProto) -> bool:
    return node.op_type == "Conv" and _groups(node) == 1


def _widen(weight: onnx.TensorProto, axis: int, extra: int) -> None:
    value: NDArray[np.float32] = numpy_helper.to_array(weight)
    room = [(0, extra if k == axis else 0) for k in range(value.ndim)]
    weight.CopyFrom(numpy_helper.from_array(np.pad(value, room), weight.name))


def _replace_nodes(model: onnx.ModelProto, nodes: list[onnx.NodeProto]) -> None:
    del model.graph.node[:]
    model.graph.node.extend(nodes)
