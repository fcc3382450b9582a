"""Convert the two MediaPipe TensorFlow Lite graphs to ONNX without TensorFlow.

Only the nine operators those graphs use are known (schema: tensorflow/lite/schema/schema.fbs, read through the PyPI
package ``tflite``). Activations stay NCHW from the input to the first reshape; weights stored as float16 become
float32. The same file always gives the same bytes for one version of ``onnx``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import tflite
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from reader.face.modelbuild.errors import BuildError

OPSET = 17
IR_VERSION = 10

_DTYPES: dict[int, type[np.generic]] = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}
_NAMES = {value: name for name, value in vars(tflite.BuiltinOperator).items() if isinstance(value, int)}
_TO_NCHW = [0, 3, 1, 2]
_TO_NHWC = [0, 2, 3, 1]


@dataclass
class _Graph:
    """The ONNX graph under construction; tensors are keyed by their TensorFlow Lite index."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: dict[str, NDArray[Any]] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    constants: dict[int, NDArray[Any]] = field(default_factory=dict)
    channels_first: set[int] = field(default_factory=set)

    def weight(self, value: NDArray[Any]) -> str:
        name = f"w{len(self.weights)}"
        self.weights[name] = np.ascontiguousarray(value)
        return name

    def add(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name


class _Converter:
    """Walks one TensorFlow Lite subgraph in order."""

    def __init__(self, data: bytes) -> None:
        self._model = tflite.Model.GetRootAs(data, 0)
        self._tflite = self._model.Subgraphs(0)
        self._graph = _Graph()
        self._handlers: dict[str, Callable[[Any], None]] = {
            "DEQUANTIZE": self._dequantize,
            "CONV_2D": self._convolution,
            "DEPTHWISE_CONV_2D": self._depthwise,
            "ADD": self._addition,
            "RELU": self._relu,
            "PRELU": self._prelu,
            "MAX_POOL_2D": self._max_pool,
            "PAD": self._pad,
            "RESHAPE": self._reshape,
            "CONCATENATION": self._concatenation,
        }

    def convert(self) -> onnx.ModelProto:
        self._read_constants()
        inputs = []
        for k in range(self._tflite.InputsLength()):
            index = self._tflite.Inputs(k)
            batch, height, width, channels = self._shape(index)
            name = f"input{k}" if k else "input"
            self._graph.names[index] = name
            self._graph.channels_first.add(index)
            inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, channels, height, width]))
        for k in range(self._tflite.OperatorsLength()):
            operator = self._tflite.Operators(k)
            code = self._model.OperatorCodes(operator.OpcodeIndex())
            name = _NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            if name not in self._handlers:
                raise BuildError(f"TensorFlow Lite operator {name} is not known to this converter")
            self._handlers[name](operator)
        outputs = [self._output(self._tflite.Outputs(k)) for k in range(self._tflite.OutputsLength())]
        graph = helper.make_graph(
            self._graph.nodes,
            "graph",
            inputs,
            outputs,
            [numpy_helper.from_array(value, name) for name, value in self._graph.weights.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="kaopi")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        return model

    # -- reading ----------------------------------------------------------------------------------------------

    def _shape(self, index: int) -> list[int]:
        tensor = self._tflite.Tensors(index)
        return [] if tensor.ShapeLength() == 0 else [int(size) for size in tensor.ShapeAsNumpy()]

    def _read_constants(self) -> None:
        for index in range(self._tflite.TensorsLength()):
            tensor = self._tflite.Tensors(index)
            buffer = self._model.Buffers(tensor.Buffer())
            if buffer.DataLength():
                raw = bytes(buffer.DataAsNumpy())
                dtype = _DTYPES.get(tensor.Type())
                if dtype is None:
                    raise BuildError(f"TensorFlow Lite tensor type {tensor.Type()} is not known to this converter")
                self._graph.constants[index] = np.frombuffer(raw, dtype).reshape(self._shape(index))

    def _options(self, operator: Any, kind: type) -> Any:
        options = kind()
        table = operator.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def _constant(self, operator: Any, position: int) -> NDArray[Any]:
        return self._graph.constants[operator.Inputs(position)]

    def _emit(self, operator: Any, name: str, channels_first: bool = True) -> None:
        index = operator.Outputs(0)
        self._graph.names[index] = name
        if channels_first:
            self._graph.channels_first.add(index)

    def _activated(self, name: str, activation: int) -> str:
        if activation == tflite.ActivationFunctionType.NONE:
            return name
        if activation == tflite.ActivationFunctionType.RELU:
            return self._graph.add("Relu", [name])
        raise BuildError(f"TensorFlow Lite activation {activation} is not known to this converter")

    # -- operators --------------------------------------------------------------------------------------------

    def _dequantize(self, operator: Any) -> None:
        self._graph.constants[operator.Outputs(0)] = self._constant(operator, 0).astype(np.float32)

    def _convolution(self, operator: Any) -> None:
        options = self._options(operator, tflite.Conv2DOptions)
        self._conv(operator, self._constant(operator, 1).transpose(0, 3, 1, 2), 1, options)

    def _depthwise(self, operator: Any) -> None:
        options = self._options(operator, tflite.DepthwiseConv2DOptions)
        kernel = self._constant(operator, 1)[0].transpose(2, 0, 1)[:, None]
        self._conv(operator, kernel, self._shape(operator.Inputs(0))[3], options)

    def _conv(self, operator: Any, kernel: NDArray[Any], groups: int, options: Any) -> None:
        size = (int(kernel.shape[2]), int(kernel.shape[3]))
        strides = (options.StrideH(), options.StrideW())
        dilations = (options.DilationHFactor(), options.DilationWFactor())
        inputs = [self._graph.names[operator.Inputs(0)], self._graph.weight(kernel.astype(np.float32))]
        if operator.InputsLength() > 2 and operator.Inputs(2) >= 0:
            inputs.append(self._graph.weight(self._constant(operator, 2).astype(np.float32).reshape(-1)))
        name = self._graph.add(
            "Conv",
            inputs,
            kernel_shape=list(size),
            strides=list(strides),
            dilations=list(dilations),
            group=groups,
            pads=self._padding(operator, options.Padding(), size, strides, dilations),
        )
        self._emit(operator, self._activated(name, options.FusedActivationFunction()))

    def _padding(
        self, operator: Any, mode: int, size: tuple[int, int], strides: tuple[int, int], dilations: tuple[int, int]
    ) -> list[int]:
        """TensorFlow's SAME padding puts the odd pixel after, never before. Returns [top, left, bottom, right]."""
        if mode == tflite.Padding.VALID:
            return [0, 0, 0, 0]
        before, after = [], []
        for length, kernel, stride, dilation in zip(
            self._shape(operator.Inputs(0))[1:3], size, strides, dilations, strict=True
        ):
            total = max((-(-length // stride) - 1) * stride + (kernel - 1) * dilation + 1 - length, 0)
            before.append(total // 2)
            after.append(total - total // 2)
        return before + after

    def _addition(self, operator: Any) -> None:
        options = self._options(operator, tflite.AddOptions)
        name = self._graph.add("Add", [self._graph.names[operator.Inputs(k)] for k in (0, 1)])
        self._emit(operator, self._activated(name, options.FusedActivationFunction()))

    def _relu(self, operator: Any) -> None:
        self._emit(operator, self._graph.add("Relu", [self._graph.names[operator.Inputs(0)]]))

    def _prelu(self, operator: Any) -> None:
        slope = self._constant(operator, 1).astype(np.float32).reshape(-1, 1, 1)
        self._emit(
            operator,
            self._graph.add("PRelu", [self._graph.names[operator.Inputs(0)], self._graph.weight(slope)]),
        )

    def _max_pool(self, operator: Any) -> None:
        options = self._options(operator, tflite.Pool2DOptions)
        size = (options.FilterHeight(), options.FilterWidth())
        strides = (options.StrideH(), options.StrideW())
        name = self._graph.add(
            "MaxPool",
            [self._graph.names[operator.Inputs(0)]],
            kernel_shape=list(size),
            strides=list(strides),
            pads=self._padding(operator, options.Padding(), size, strides, (1, 1)),
        )
        self._emit(operator, name)

    def _pad(self, operator: Any) -> None:
        amounts = self._constant(operator, 1)[_TO_NCHW]
        flat = self._graph.weight(np.concatenate([amounts[:, 0], amounts[:, 1]]).astype(np.int64))
        self._emit(operator, self._graph.add("Pad", [self._graph.names[operator.Inputs(0)], flat]))

    def _reshape(self, operator: Any) -> None:
        name = self._channels_last(operator.Inputs(0))
        shape = self._graph.weight(np.array(self._shape(operator.Outputs(0)), np.int64))
        self._emit(operator, self._graph.add("Reshape", [name, shape]), channels_first=False)

    def _concatenation(self, operator: Any) -> None:
        options = self._options(operator, tflite.ConcatenationOptions)
        parts = [self._channels_last(operator.Inputs(k)) for k in range(operator.InputsLength())]
        self._emit(operator, self._graph.add("Concat", parts, axis=options.Axis()), channels_first=False)

    def _channels_last(self, index: int) -> str:
        name = self._graph.names[index]
        if index in self._graph.channels_first:
            return self._graph.add("Transpose", [name], perm=_TO_NHWC)
        return name

    def _output(self, index: int) -> onnx.ValueInfoProto:
        name = self._tflite.Tensors(index).Name().decode()
        shape = self._shape(index)
        source = self._channels_last(index)
        if len(shape) == 4:
            shape = [shape[0], int(np.prod(shape[1:]))]
            source = self._graph.add("Flatten", [source], axis=1)
        self._graph.nodes.append(helper.make_node("Identity", [source], [name]))
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def convert(data: bytes) -> onnx.ModelProto:
    """Return the ONNX form of a TensorFlow Lite flat buffer.

    The input is float32 NCHW named "input"; outputs keep their names, four-dimensional ones are flattened to (1, n).
    Raises BuildError for an operator, type or activation that the two supported graphs do not use.
    """
    return _Converter(data).convert()
