"""An ONNX graph whose inputs are bytes, 0 to 255, and which scales them itself."""

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from toile.data import DataFacts

# Layer names have no dash, so these names are free.
FLOAT, UNIT, CENTRED, STANDARD = (
    f"pictures-{step}" for step in ("float32", "unit", "centred", "standard")
)


def accept_bytes(model: ModelProto, facts: DataFacts, name: str) -> None:
    """Change the graph's input `name` to uint8, and scale it with the operations of `scaled`.

    The operations on float32 and their order are the same, so the results are equal bit by bit.
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
    """Add a step: `operator` applied to the last output and the constant `by`."""
    constant = f"{name}-{operator.lower()}"
    model.graph.initializer.append(numpy_helper.from_array(np.asarray(by), constant))
    steps.append(helper.make_node(operator, [steps[-1].output[0], constant], [name], name))
