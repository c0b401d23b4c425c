"""An ONNX graph that takes pixels as files hold them, 0 to 255, and scales them itself."""

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from toile.data import DataFacts

# A dash is in no layer's own name, so none of these can be one.
FLOAT, UNIT, CENTRED, STANDARD = (
    f"pictures-{step}" for step in ("float32", "unit", "centred", "standard")
)


def accept_bytes(model: ModelProto, facts: DataFacts, name: str) -> None:
    """Have the graph take its input called `name` as uint8, scaled by the steps of `scaled`.

    They are the same operations on float32 in the same order, and so give the same bits.
    """
    graph = model.graph
    steps = [helper.make_node("Cast", [name], [FLOAT], FLOAT, to=TensorProto.FLOAT)]
    _append(model, steps, "Mul", UNIT, np.float32(1 / 255))
    if facts.scaling == "standard":
        mean, sd = (
            np.array(values, np.float32)[:, None, None] for values in (facts.mean, facts.sd)
        )
        _append(model, steps, "Sub", CENTRED, mean)
        _append(model, steps, "Div", STANDARD, sd)
    for node in graph.node:
        for index, input_name in enumerate(node.input):
            if input_name == name:
                node.input[index] = steps[-1].output[0]
    (graph_input,) = graph.input
    for step in steps:
        value = graph.value_info.add(name=step.output[0])
        value.type.CopyFrom(graph_input.type)
    graph_input.type.tensor_type.elem_type = TensorProto.UINT8
    nodes = [*steps, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _append(
    model: ModelProto, steps: list[NodeProto], operator: str, name: str, by: np.ndarray | np.float32
) -> None:
    """One step more: what the last one gives, and the constant `by`."""
    constant = f"{name}-{operator.lower()}"
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(by), constant))
    steps.append(helper.make_node(operator, [steps[-1].output[0], constant], [name], name))
