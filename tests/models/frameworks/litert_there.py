"""Run by the Python that has LiteRT: write every output of a graph for one picture. Arguments: graph, .npy, .npz."""

from __future__ import annotations

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-not-found,unused-ignore]

graph, given, computed = sys.argv[1:4]
net = Interpreter(model_path=graph)
net.allocate_tensors()
net.set_tensor(net.get_input_details()[0]["index"], np.load(given))
net.invoke()
np.savez(computed, **{one["name"]: net.get_tensor(one["index"]) for one in net.get_output_details()})
