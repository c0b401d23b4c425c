"""An ONNX file's graph: constants computed, elementwise functions told by their values."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from scipy.special import erf, expit

from toile.conversion.activations import POINTS, activation_like
from toile.conversion.graph import Node
from toile.distribution import extra_packages
from toile.errors import ToileError
from toile.recipe import layers

MOST_BYTES = 1 << 30
MOST_NODES = 20_000
# By their names as nodes; what they compute of constants is a constant.
FOLDED = {
    "Add", "Cast", "Concat", "ConstantOfShape", "Div", "Gather", "Identity", "Mul", "Neg",
    "ReduceProd", "Reshape", "Shape", "Slice", "Sqrt", "Squeeze", "Sub", "Transpose", "Unsqueeze",
}  # fmt: skip
MOST_FOLDED = 1 << 28
MOST_FUSED = 12
"""Nodes that one activation is written as: a GELU by tanh has nine."""
FUNCTIONS: Mapping[str, Any] = {
    "Abs": np.abs,
    "Add": np.add,
    "Div": np.divide,
    "Erf": erf,
    "Exp": np.exp,
    "Max": np.maximum,
    "Min": np.minimum,
    "Mul": np.multiply,
    "Neg": np.negative,
    "Pow": np.power,
    "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": expit,
    "Softplus": lambda x: np.logaddexp(0, x),
    "Sqrt": np.sqrt,
    "Sub": np.subtract,
    "Tanh": np.tanh,
}
"""What changes every number by itself, as functions of numpy's."""


@dataclass(frozen=True, eq=False)
class OnnxStep:
    """A node's operator, its attributes, and its inputs in order: None where a tensor comes in.

    `layer` is the activation that several nodes together compute.
    """

    operator: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    constants: tuple[np.ndarray | None, ...] = ()
    layer: layers.Layer | None = None

    def constant(self, index: int) -> np.ndarray | None:
        """The constant that comes in there; None where there is none."""
        return self.constants[index] if index < len(self.constants) else None


@dataclass(frozen=True, eq=False)
class OnnxGraph:
    """Nodes between the input and the output of a model, the batch being one picture.

    `shape` is the input's, the batch left out; None for a side that the file leaves open.
    """

    nodes: Sequence[Node[OnnxStep]]
    first: str
    last: str
    shape: tuple[int | None, ...]


def read_graph(content: bytes, source: str) -> OnnxGraph:
    """The graph of a file. Raises ToileError where it is damaged, or not all in it."""
    with extra_packages("export"):
        import onnx
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
    if len(content) > MOST_BYTES:
        raise ToileError(f"{source} has {len(content):,} bytes; at most {MOST_BYTES:,} are read")
    try:
        model = onnx.load_model_from_string(content)
        if model.functions:
            from onnx.inliner import inline_local_functions

            _refuse_many_nodes(model, source)

            model = inline_local_functions(model)
    except (DecodeError, ValueError, RuntimeError):
        raise ToileError(f"{source} is damaged or no ONNX file") from None
    _refuse_outside(model, source)
    inputs, outputs = _ends(model.graph, source)
    try:
        _fix_batch(model)
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
        constants = _Constants(model, source)
        nodes = list(_fused(constants.left(), str(outputs[0].name)))
    except (
        ValueError, TypeError, KeyError, IndexError, RuntimeError, OverflowError, MemoryError,
    ) as error:  # fmt: skip
        raise ToileError(f"{source} is damaged: {error!s:.80}") from None
    sides = inputs[0].type.tensor_type.shape.dim[1:]
    shape = tuple(side.dim_value if side.dim_value > 0 else None for side in sides)
    return OnnxGraph(nodes, str(inputs[0].name), str(outputs[0].name), shape)


def _refuse_many_nodes(model: Any, source: str) -> None:
    """Raise ToileError where functions that call functions would be more nodes than are read."""
    functions = {function.name: function for function in model.functions}

    @cache
    def size(name: str) -> int:
        calls = (node.op_type for node in functions[name].node)
        return sum(size(call) if call in functions else 1 for call in calls)

    try:
        total = sum(
            size(node.op_type) if node.op_type in functions else 1 for node in model.graph.node
        )
    except RecursionError:
        raise ToileError(f"{source} has functions that call themselves") from None
    if total > MOST_NODES:
        raise ToileError(f"{source} has {total:,} nodes; at most {MOST_NODES:,} are read")


def _ends(graph: Any, source: str) -> tuple[list[Any], list[Any]]:
    known = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in known]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise ToileError(
            f"{source} has {len(inputs)} inputs and {len(graph.output)} outputs; a classifier of "
            "pictures has one of each"
        )
    if len(graph.node) > MOST_NODES:
        raise ToileError(f"{source} has {len(graph.node):,} nodes; at most {MOST_NODES:,} are read")
    return inputs, list(graph.output)


def _refuse_outside(model: Any, source: str) -> None:
    """Weights in other files: CVE-2022-25882 and many after it read any file that way."""
    tensors = [*model.graph.initializer]
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                raise ToileError(f"{source}: its node {node.name or node.op_type} holds a graph")
            tensors += [attribute.t, *attribute.tensors]
    if model.graph.sparse_initializer:
        raise ToileError(f"{source} has sparse weights, which are not read")
    if any(tensor.data_location == 1 or tensor.external_data for tensor in tensors):
        raise ToileError(
            f"{source} keeps weights in other files, which are not opened. Save it whole: "
            'onnx.save(onnx.load("model.onnx"), "whole.onnx")'
        )


def _fix_batch(model: Any) -> None:
    """One picture a batch, so that every shape that follows from it is a number."""
    for value in [*model.graph.input, *model.graph.output]:
        sides = value.type.tensor_type.shape.dim
        if sides and sides[0].dim_value <= 0:
            sides[0].dim_value = 1
    del model.graph.value_info[:]


class _Constants:
    """A model's constants, and the nodes that are left once all that follows from them is one."""

    def __init__(self, model: Any, source: str) -> None:
        self.model, self.source = model, source
        self.values: dict[str, np.ndarray] = {}
        self._folded = 0
        for tensor in model.graph.initializer:
            self.values[tensor.name] = self._array(tensor)
        known = [*model.graph.value_info, *model.graph.input, *model.graph.output]
        self._shapes = {value.name: _static_shape(value) for value in known}

    def _array(self, tensor: Any) -> np.ndarray:
        from onnx import numpy_helper

        claimed = math.prod(tensor.dims)
        if claimed < 0 or claimed * 4 > MOST_BYTES:
            raise ToileError(f"{self.source}: {tensor.name} claims {claimed:,} numbers")
        return np.asarray(numpy_helper.to_array(tensor))

    def left(self) -> Iterator[Node[OnnxStep]]:
        """The nodes that tensors go through, in order."""
        from onnx import helper

        for index, node in enumerate(self.model.graph.node):
            attributes = {
                attribute.name: helper.get_attribute_value(attribute)
                for attribute in node.attribute
            }
            if node.op_type == "Constant":
                self.values[node.output[0]] = self._constant(node, attributes)
                continue
            if node.op_type in FOLDED and self._fold(node):
                continue
            tensors = tuple(name for name in node.input if name and name not in self.values)
            step = OnnxStep(
                node.op_type,
                attributes,
                tuple(self.values.get(name) for name in node.input),
            )
            yield Node(
                node.name or f"{node.op_type}_{index}",
                tensors,
                node.output[0],
                step,
                node.op_type in ("Add", "Sum") and len(tensors) == 2,
            )

    def _constant(self, node: Any, attributes: Mapping[str, Any]) -> np.ndarray:
        if "value" in attributes:
            return self._array(attributes["value"])
        (value,) = attributes.values()
        return np.asarray(value)

    def _fold(self, node: Any) -> bool:
        """Compute the node where it follows from constants or shapes alone."""
        if node.op_type == "Shape" and node.input[0] not in self.values:
            shape = self._shapes.get(node.input[0])
            if shape is None or node.attribute:
                return False
            self.values[node.output[0]] = np.asarray(shape, np.int64)
            return True
        if not all(not name or name in self.values for name in node.input):
            return False
        from onnx.reference import ReferenceEvaluator

        model = _model_of(node, self.model.opset_import)
        operands = {name: self.values[name] for name in node.input if name}
        self._folded += _result_size(node, self.values)
        if self._folded > MOST_FOLDED:
            raise ToileError(f"{self.source} computes too much of its own constants")
        results = ReferenceEvaluator(model).run(None, operands)
        self.values |= dict(zip(node.output, map(np.asarray, results), strict=True))
        return True


def _result_size(node: Any, values: Mapping[str, np.ndarray]) -> int:
    """How many bytes the node's result has at most, eight for each number."""
    arrays = [values[name] for name in node.input if name]
    if node.op_type in ("Add", "Sub", "Mul", "Div"):
        return 8 * math.prod(np.broadcast_shapes(*(array.shape for array in arrays)))
    if node.op_type == "ConstantOfShape":
        return 8 * math.prod(int(side) for side in arrays[0])
    if node.op_type == "Gather":
        data, indices = arrays
        return 8 * data.size * max(1, indices.size)
    return 8 * sum(array.size for array in arrays)


def _model_of(node: Any, opsets: Any) -> Any:
    from onnx import helper

    inputs = [helper.make_empty_tensor_value_info(name) for name in node.input if name]
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.output]
    graph = helper.make_graph([node], "constant", inputs, outputs)
    return helper.make_model(graph, opset_imports=opsets)


def _static_shape(value: Any) -> tuple[int, ...] | None:
    if not value.type.tensor_type.HasField("shape"):
        return None
    sides = [side.dim_value for side in value.type.tensor_type.shape.dim]
    return tuple(sides) if all(side > 0 for side in sides) else None


def _fused(nodes: Iterator[Node[OnnxStep]], last: str) -> Iterator[Node[OnnxStep]]:
    """`nodes` with those that compute one activation together as one node."""
    listed = list(nodes)
    readers: dict[str, list[int]] = {}
    for index, node in enumerate(listed):
        for tensor in node.inputs:
            readers.setdefault(tensor, []).append(index)
    inside: set[int] = set()
    for index, node in enumerate(listed):
        if index in inside:
            continue
        function = (
            _function(listed, readers, node, last) if node.content.operator in FUNCTIONS else None
        )
        if function is None:
            yield node
            continue
        passed, output, layer = function
        inside |= passed
        yield Node(node.name, (_only(node.inputs),), output, OnnxStep("function", layer=layer))


def _only(inputs: Sequence[str]) -> str:
    return next(iter(dict.fromkeys(inputs)))


def _function(
    nodes: Sequence[Node[OnnxStep]],
    readers: Mapping[str, list[int]],
    node: Node[OnnxStep],
    last: str,
) -> tuple[set[int], str, layers.Layer] | None:
    """The nodes from `node` on that are an activation of one tensor, their output, and which."""
    if len(set(node.inputs)) != 1:
        return None
    begin = _only(node.inputs)
    values = {begin: POINTS}
    passed: set[int] = set()
    best = None
    ahead = list(readers.get(begin, []))
    while ahead and len(passed) <= MOST_FUSED:
        index = min(ahead)
        ahead.remove(index)
        candidate = nodes[index]
        step = candidate.content
        operands = _operands(candidate, values)
        if step.operator not in FUNCTIONS or operands is None or step.attributes:
            continue
        with np.errstate(all="ignore"):
            values[candidate.output] = FUNCTIONS[step.operator](*operands)
        passed.add(index)
        ahead += [reader for reader in readers.get(candidate.output, []) if reader not in ahead]
        left = {
            reader
            for tensor in values
            for reader in readers.get(tensor, [])
            if reader not in passed
        }
        is_read_outside = any(
            reader not in passed
            for tensor in values
            if tensor != candidate.output
            for reader in readers.get(tensor, [])
        )
        if is_read_outside or last in values.keys() - {candidate.output}:
            continue
        layer = activation_like(values[candidate.output])
        if layer is not None:
            best = set(passed), candidate.output, layer
        if not left:
            break
    return best


def _operands(node: Node[OnnxStep], values: Mapping[str, np.ndarray]) -> list[Any] | None:
    """What the node takes, tensors by `values` and single numbers; None where it is another's."""
    tensors = iter(node.inputs)
    operands: list[Any] = []
    for constant in node.content.constants:
        if constant is not None:
            if constant.size != 1:
                return None
            operands.append(float(constant.ravel()[0]))
            continue
        tensor = next(tensors, None)
        if tensor is None or tensor not in values:
            return None
        operands.append(values[tensor])
    return operands if any(isinstance(operand, np.ndarray) for operand in operands) else None
