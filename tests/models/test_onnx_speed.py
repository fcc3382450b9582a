"""Faster forms of the same mathematics give the same values."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from reader.face.modelbuild import onnx_speed


def net(channels: int, steepest: float, seed: int = 1) -> onnx.ModelProto:
    """Convolution, PRelu, depthwise convolution, PRelu, convolution: the pattern of the nets used here."""
    random = np.random.default_rng(seed)

    def weight(name: str, *shape: int) -> onnx.TensorProto:
        return numpy_helper.from_array(random.normal(0, 0.5, shape).astype(np.float32), name)

    def slope(name: str) -> onnx.TensorProto:
        return numpy_helper.from_array(random.uniform(-1, steepest, (channels, 1, 1)).astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["input", "w1", "b1"], ["a"], kernel_shape=[1, 1]),
        helper.make_node("PRelu", ["a", "s1"], ["b"]),
        helper.make_node("Conv", ["b", "w2", "b2"], ["c"], kernel_shape=[3, 3], group=channels),
        helper.make_node("PRelu", ["c", "s2"], ["d"]),
        helper.make_node("Conv", ["d", "w3", "b3"], ["output"], kernel_shape=[1, 1]),
    ]
    weights = [
        *(weight("w1", channels, 3, 1, 1), weight("b1", channels), slope("s1")),
        *(weight("w2", channels, 1, 3, 3), weight("b2", channels), slope("s2")),
        *(weight("w3", 5, channels, 1, 1), weight("b3", 5)),
    ]
    given_ = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 8, 8])
    wanted = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 5, 6, 6])
    graph = helper.make_graph(nodes, "net", [given_], [wanted], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 10
    return model


def run(model: onnx.ModelProto) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(2).normal(0, 1, (1, 3, 8, 8)).astype(np.float32)
    (result,) = session.run(None, {"input": picture})
    return np.asarray(result, np.float32)


@settings(max_examples=25, deadline=None)
@given(channels=st.integers(1, 40), steepest=st.sampled_from([0.3, 1.0, 2.5]), seed=st.integers(0, 99))
def test_values_stay_what_they_were(channels: int, steepest: float, seed: int) -> None:
    before = run(net(channels, steepest, seed))
    after = run(onnx_speed.quicken(net(channels, steepest, seed)))
    assert np.allclose(before, after, rtol=1e-5, atol=1e-5)


def test_no_prelu_and_no_part_of_a_block_is_left() -> None:
    model = onnx_speed.quicken(net(23, 2.0))
    assert "PRelu" not in {node.op_type for node in model.graph.node}
    widths = {one.name: one.dims[0] for one in model.graph.initializer}
    assert (widths["w1"], widths["w2"], widths["w3"]) == (32, 32, 5)


@pytest.mark.parametrize("seen_from_outside", [True, False])
def test_channels_that_others_read_are_not_filled(seen_from_outside: bool) -> None:
    model = net(23, 1.0)
    if seen_from_outside:
        model.graph.output.append(helper.make_tensor_value_info("b", TensorProto.FLOAT, None))
    else:
        model.graph.node.append(helper.make_node("Relu", ["b"], ["unused"]))
    onnx_speed.fill_channels(model)
    assert next(one for one in model.graph.initializer if one.name == "w1").dims[0] == 23
