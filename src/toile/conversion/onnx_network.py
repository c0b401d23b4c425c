"""An ONNX file as our layers: chains as torch, Keras and Toile itself write them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from toile.conversion.activations import activation_layers
from toile.conversion.builder import NetworkBuilder, unheld
from toile.conversion.foreign import ForeignNetwork
from toile.conversion.graph import Chain, Fork, Node, chain_of
from toile.conversion.onnx_graph import OnnxStep, read_graph
from toile.conversion.onnx_input import FIRST, LAST, Axes, input_of
from toile.conversion.onnx_norms import GROUP_NORM, with_group_norms
from toile.conversion.onnx_runtime import onnx_runtime
from toile.conversion.refusals import refusals
from toile.errors import ToileError
from toile.recipe import layers

NOTHING = ("Identity", "Constant")
FLOATS = (1, 10, 11, 16)
"""Kinds of fractions in ONNX: float, float16, double, bfloat16."""


def read_onnx_network(
    content: bytes, source: str, data_shape: tuple[int, int, int]
) -> ForeignNetwork:
    """The network in an ONNX file; `data_shape` (c, h, w) fills in sides that it leaves open.

    Raises ToileError where the file is damaged, or naming the node that ours cannot hold.
    """
    graph = read_graph(content, source)
    with refusals(source, "a node is not as ONNX has it"):
        nodes = list(with_group_norms(graph.nodes))
        chain = chain_of(source, nodes, graph.first, graph.last)
        shape, axes, within = input_of(chain, graph.shape, data_shape, source)
        writer = _OnnxChainWriter(source, NetworkBuilder(source, shape), within)
        if len(within) == 2:
            writer.builder.flatten("the input", "first")
        writer.write(chain)
        network = writer.builder.finish()
    runtime, name = onnx_runtime(content, source, axes)
    return replace(network, runtime=runtime, runtime_name=name)


class _OnnxChainWriter:
    """Tells a builder of a graph's nodes; `axes` of (n, c, h, w) stand in the tensor now."""

    def __init__(self, source: str, builder: NetworkBuilder, axes: Axes) -> None:
        self.source, self.builder, self.axes = source, builder, axes
        self._edges: tuple[list[int], str] | None = None

    def write(self, chain: Chain[OnnxStep]) -> None:
        """The nodes of `chain`, blocks with what is inside them."""
        for part in chain.parts:
            if isinstance(part, Fork):
                self._pad()
                self.builder.block(
                    part.addition.name,
                    partial(self._path, chain=part.branch),
                    partial(self._path, chain=part.shortcut),
                )
            else:
                self._node(part)
        self._pad()

    def _path(self, builder: NetworkBuilder, chain: Chain[OnnxStep]) -> None:
        inner = _OnnxChainWriter(self.source, builder, self.axes)
        inner.write(chain)
        if inner.axes != self.axes:
            raise ToileError(f"{self.source}: the paths of a sum end in other orders of axes")

    def _node(self, node: Node[OnnxStep]) -> None:
        step = node.content
        if step.layer is not None:
            self._pad()
            self.builder.add(step.layer, node.name)
        elif step.operator == "Conv":
            self._conv(node)
        elif step.operator not in NOTHING:
            self._pad()
            if step.operator not in _WRITERS:
                is_int8 = "Linear" in step.operator
                why = "works on whole numbers, int8" if is_int8 else f"is a {step.operator}"
                raise unheld(self.source, node.name, why, _NEAREST.get(step.operator, ""))
            _WRITERS[step.operator](self, node.name, step)

    def _pad(self) -> None:
        if self._edges is not None:
            (edges, name), self._edges = self._edges, None
            self.builder.pad_alone(int(self.builder.pad(edges, name)), name)

    def expect_first(self, name: str) -> None:
        """Raise ToileError unless the tensor is (n, c, h, w)."""
        if self.axes != FIRST and len(self.builder.shape) == 3:
            raise unheld(self.source, name, "takes pictures whose axes are in another order")

    def _conv(self, node: Node[OnnxStep]) -> None:
        self.expect_first(node.name)
        step = node.content
        weight = _required(step, 1)
        edges = self.window_edges(node.name, step)
        if self._edges is not None:
            before, _ = self._edges
            self._edges = None
            if isinstance(edges, str):
                raise unheld(self.source, node.name, "pads in front of auto_pad")
            edges = [a + b for a, b in zip(before, edges, strict=True)]
        self.builder.conv(
            node.name,
            weight,
            step.constant(2),
            strides=step.attributes.get("strides", (1, 1)),
            padding=edges,
            groups=step.attributes.get("group", 1),
            dilation=step.attributes.get("dilations", (1, 1)),
        )

    def window_edges(self, name: str, step: OnnxStep) -> list[int] | str:
        """The padding around a window's picture: top, bottom, left, right; or same."""
        auto = step.attributes.get("auto_pad", b"NOTSET").decode()
        if auto == "SAME_UPPER":
            return "same"
        if auto == "SAME_LOWER":
            raise unheld(self.source, name, "pads the odd pixel at the top", "the bottom")
        top, left, bottom, right = step.attributes.get("pads", (0, 0, 0, 0))
        return [0, 0, 0, 0] if auto == "VALID" else [top, bottom, left, right]

    def per_channel(self, name: str, values: np.ndarray) -> list[float]:
        """A constant that meets the tensor, as one number or one a channel."""
        if values.size == 1:
            return [float(values.ravel()[0])]
        rank = len(self.axes)
        shape = (1,) * (rank - values.ndim) + values.shape
        dim = self.axes.index(1) if 1 in self.axes else 0
        if len(shape) != rank or any(s != 1 for i, s in enumerate(shape) if i != dim):
            raise unheld(
                self.source, name, f"has constants of shape {values.shape}", "one a channel"
            )
        return [float(value) for value in values.ravel()]


Write = Callable[[_OnnxChainWriter, str, OnnxStep], None]


def _required(step: OnnxStep, index: int) -> np.ndarray:
    values = step.constant(index)
    if values is None:
        raise ValueError(f"{step.operator} has no constant at its input {index + 1}")
    return values


def _cast(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    if step.attributes["to"] not in FLOATS:
        raise unheld(writer.source, name, "makes whole numbers of fractions")


def _gemm(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    weight = _required(step, 1) * np.float32(step.attributes.get("alpha", 1.0))
    weight = weight if step.attributes.get("transB") else weight.T
    if step.attributes.get("transA"):
        raise unheld(writer.source, name, "turns its pictures over (transA)")
    bias = step.constant(2)
    if bias is not None:
        bias = np.broadcast_to(bias.ravel(), (len(weight),))
        bias = bias * np.float32(step.attributes.get("beta", 1.0))
    writer.builder.dense(name, weight, bias)


def _matmul(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    weight = _required(step, 1)
    if weight.ndim != 2 or (len(writer.axes) == 4 and writer.axes[-1] != 1):
        raise unheld(writer.source, name, "multiplies along pictures' sides")
    writer.builder.dense(name, weight.T, None)


def _arithmetic(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    """Add, Sub, Mul and Div with a constant, from either side."""
    index = 0 if step.constant(0) is not None else 1
    values = np.asarray(writer.per_channel(name, _required(step, index)), np.float64)
    ones = np.ones_like(values)
    match step.operator, index:
        case "Add", _:
            writer.builder.shift(values.tolist(), name)
        case "Sub", 1:
            writer.builder.shift((-values).tolist(), name)
        case "Sub", _:
            writer.builder.rescale((-ones).tolist(), values.tolist(), name)
        case "Mul", _:
            writer.builder.rescale(values.tolist(), (0 * ones).tolist(), name)
        case "Div", 1 if (values != 0).all():
            writer.builder.rescale((1 / values).tolist(), (0 * ones).tolist(), name)
        case _:
            raise unheld(writer.source, name, "divides a constant by what it takes")


def _batch_norm(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    writer.expect_first(name)
    if step.attributes.get("training_mode"):
        raise unheld(writer.source, name, "norms by the batch it is given (training_mode)")
    gamma, beta, mean, variance = (_required(step, index) for index in range(1, 5))
    epsilon = float(step.attributes.get("epsilon", 1e-5))
    momentum = 1 - float(step.attributes.get("momentum", 0.9))
    writer.builder.batch_norm(name, gamma, beta, mean, variance, epsilon, momentum)


def _layer_norm(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    axis = step.attributes.get("axis", -1) % len(writer.axes)
    if axis != len(writer.axes) - 1 or (len(writer.axes) == 4 and writer.axes[-1] != 1):
        raise unheld(writer.source, name, "norms over more than the channels")
    gamma = _required(step, 1)
    beta = step.constant(2)
    layer = layers.LayerNorm(epsilon=float(step.attributes.get("epsilon", 1e-5)))
    writer.builder.norm(name, layer, gamma, np.zeros_like(gamma) if beta is None else beta)


def _group_norm(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    writer.expect_first(name)
    gamma, beta = _required(step, 1), _required(step, 2)
    if "shape" in step.attributes and writer.builder.shape != step.attributes["shape"]:
        raise unheld(writer.source, name, f"norms pictures of {step.attributes['shape']}")
    if len(gamma) != writer.builder.shape[0]:
        raise unheld(writer.source, name, "has one factor a group", "one a channel")
    layer = layers.GroupNorm(
        groups=step.attributes["num_groups"], epsilon=float(step.attributes.get("epsilon", 1e-5))
    )
    writer.builder.norm(name, layer, gamma, beta)


def _instance_norm(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    """Each channel of a picture by itself: a group norm of as many groups."""
    channels = {"num_groups": writer.builder.shape[0]}
    _group_norm(writer, name, replace(step, attributes={**step.attributes, **channels}))


def _pool(kind: type[layers.Pool]) -> Write:
    def write(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
        writer.expect_first(name)
        size = step.attributes["kernel_shape"]
        strides = step.attributes.get("strides", (1, 1))
        edges = writer.window_edges(name, step)
        if any(step_px != 1 for step_px in step.attributes.get("dilations", ())):
            raise unheld(writer.source, name, "has a dilation", "dilation 1")
        if step.attributes.get("ceil_mode") and not isinstance(edges, str):
            padded = [
                side + edges[2 * index] + edges[2 * index + 1]
                for index, side in enumerate(writer.builder.shape[1:])
            ]
            if any((p - s) % t for p, s, t in zip(padded, size, strides, strict=True)):
                raise unheld(
                    writer.source, name, "rounds its sides up (ceil_mode)", "padding: same"
                )
        counts = kind is layers.AvgPool and bool(step.attributes.get("count_include_pad"))
        writer.builder.pool(name, kind, size, strides, edges, counts)

    return write


def _global_pool(of: str) -> Write:
    def write(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
        writer.expect_first(name)
        writer.builder.global_pool(name, of)

    return write


def _reduce(of: str) -> Write:
    """A mean or a maximum over both sides of the picture."""

    def write(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
        axes = step.attributes.get("axes")
        axes = step.constant(1) if axes is None else axes
        rank = len(writer.axes)
        dims = [int(axis) % rank for axis in np.ravel(axes)] if axes is not None else []
        if {writer.axes[dim] for dim in dims} != {2, 3}:
            raise unheld(writer.source, name, f"reduces the axes {dims}", "globalpool")
        writer.builder.global_pool(name, of)
        if not step.attributes.get("keepdims", 1):
            writer.axes = (0, 1)

    return write


def _transpose(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    rank = len(writer.axes)
    order = step.attributes.get("perm", range(rank)[::-1])
    if len(order) != rank or order[0] != 0:
        raise unheld(writer.source, name, f"turns the axes {list(order)}")
    writer.axes = tuple(writer.axes[index] for index in order)


def _to_row(writer: _OnnxChainWriter, name: str) -> None:
    """All numbers in a row, in the order in which the tensor has them."""
    orders = {FIRST: "first", LAST: "last", (0, 2, 3): "first", (0, 1): "first"}
    if len(writer.builder.shape) == 3:
        if writer.axes not in orders:
            raise unheld(writer.source, name, "flattens pictures that are transposed")
        writer.builder.flatten(name, orders[writer.axes])
    writer.axes = (0, 1)


def _flatten(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    if step.attributes.get("axis", 1) != 1:
        raise unheld(writer.source, name, "flattens from another axis")
    _to_row(writer, name)


def _reshape(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    target = [int(side) for side in np.ravel(_required(step, 1))][1:]
    shape = writer.builder.shape
    size = math.prod(shape)
    if target.count(-1) == 1:
        target[target.index(-1)] = size // max(1, -math.prod(target))
    if math.prod(target) != size:
        raise unheld(writer.source, name, f"makes {target} of {size} numbers")
    if len(target) == 1:
        _to_row(writer, name)
    elif len(target) == 3 and [side for side in target if side != 1] in ([size], []):
        # One number a channel, with two sides of 1.
        writer.axes = FIRST if target[0] == size else LAST
    elif len(target) == 3 and len(writer.axes) == 3:
        writer.axes = FIRST if target[0] == 1 else LAST
    elif len(target) == 3 and tuple(target) == tuple(_sides(writer)):
        pass
    elif writer.axes in (FIRST, LAST) and shape[0] == 1 and target == list(shape):
        # Of one channel tf2onnx turns the axes so, as nothing moves.
        writer.axes = FIRST
    elif writer.axes in (FIRST, LAST) and shape[0] == 1 and target == [*shape[1:], 1]:
        writer.axes = LAST
    else:
        raise unheld(writer.source, name, f"makes {target} of pictures", "flatten")


def _sides(writer: _OnnxChainWriter) -> Sequence[int]:
    shape = (1, *writer.builder.shape)
    if len(shape) != 4:
        return ()
    return [shape[axis] for axis in writer.axes[1:]] if len(writer.axes) == 4 else []


def _squeeze(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    if len(writer.builder.shape) == 1:
        writer.axes = (0, 1)
    elif writer.builder.shape[0] == 1 and len(writer.axes) == 4:
        writer.axes = (0, 2, 3)
    else:
        raise unheld(writer.source, name, "takes axes away from pictures", "flatten")


def _unsqueeze(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    axes = step.attributes.get("axes")
    dims = [int(axis) for axis in np.ravel(_required(step, 1) if axes is None else axes)]
    if writer.axes == (0, 2, 3) and dims in ([1], [-3]):
        writer.axes = FIRST
    elif writer.axes == (0, 2, 3) and dims in ([3], [-1]):
        writer.axes = LAST
    elif len(writer.builder.shape) == 1 and sorted(dim % 4 for dim in dims) == [2, 3]:
        writer.axes = FIRST
    else:
        raise unheld(writer.source, name, f"adds the axes {dims}")


def _pad(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    writer.expect_first(name)
    pads = step.attributes.get("pads")
    sides = [int(side) for side in np.ravel(_required(step, 1) if pads is None else pads)]
    value = step.constant(2)
    is_zero = value is None or not np.any(value)
    if step.attributes.get("mode", b"constant") != b"constant" or not is_zero or len(sides) != 8:
        raise unheld(writer.source, name, "pads with other numbers than zeros", "zeros")
    _, _, top, left, _, _, bottom, right = sides
    if any(sides[dim] for dim in (0, 1, 4, 5)) or min(sides) < 0:
        raise unheld(writer.source, name, f"pads by {sides}", "padding of a convolution")
    writer._edges = [top, bottom, left, right], name


def _end(kind: str) -> Write:
    def write(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
        axis = step.attributes.get("axis", -1)
        if axis % max(len(writer.axes), 2) != (writer.axes.index(1) if 1 in writer.axes else 1):
            raise unheld(writer.source, name, f"is a {kind} over the axis {axis}", "the classes")
        writer.builder.softmax(name, kind)

    return write


def _activation(kind: str, **settings: str) -> Write:
    """An activation of ONNX's; `settings` are its attributes by Keras's names for them."""

    def write(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
        tensor = {keras: step.attributes[onnx] for keras, onnx in settings.items()
                 if onnx in step.attributes}  # fmt: skip
        if kind == "LeakyReLU":
            tensor.setdefault("negative_slope", 0.01)
        if kind == "GELU":
            tensor = {"approximate": tensor.get("approximate", b"none") == b"tanh"}
        ours = activation_layers(kind, tensor)
        assert ours is not None
        for layer in ours:
            writer.builder.add(layer, name)

    return write


def _clip(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    low, high = (
        step.constant(dim) if step.constant(dim) is not None else step.attributes.get(key)
        for dim, key in ((1, "min"), (2, "max"))
    )
    is_relu = low is not None and float(np.ravel(low)[0]) == 0
    if not is_relu or (high is not None and float(np.ravel(high)[0]) < 1e30):
        raise unheld(writer.source, name, f"clips to {low} and {high}", "relu")
    writer.builder.add(layers.ReLU(), name)


def _dropout(writer: _OnnxChainWriter, name: str, step: OnnxStep) -> None:
    ratio = step.attributes.get("ratio", step.constant(1))
    rate = 0.5 if ratio is None else float(np.ravel(ratio)[0])
    writer.builder.add(layers.Dropout(rate=rate), name)


_WRITERS: dict[str, Write] = {
    "Cast": _cast,
    "Gemm": _gemm,
    "MatMul": _matmul,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), _arithmetic),
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    GROUP_NORM: _group_norm,
    "InstanceNormalization": _instance_norm,
    "MaxPool": _pool(layers.MaxPool),
    "AveragePool": _pool(layers.AvgPool),
    "GlobalAveragePool": _global_pool("average"),
    "GlobalMaxPool": _global_pool("max"),
    "ReduceMean": _reduce("average"),
    "ReduceMax": _reduce("max"),
    "Transpose": _transpose,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Pad": _pad,
    "Softmax": _end("softmax"),
    "LogSoftmax": _end("log_softmax"),
    "Relu": _activation("ReLU"),
    "LeakyRelu": _activation("LeakyReLU", negative_slope="alpha"),
    "Elu": _activation("ELU", alpha="alpha"),
    "Selu": _activation("SELU"),
    "Sigmoid": _activation("Sigmoid"),
    "Tanh": _activation("Tanh"),
    "Gelu": _activation("GELU", approximate="approximate"),
    "Clip": _clip,
    "Dropout": _dropout,
}
_NEAREST = {
    "Concat": "Add, a sum of two paths", "ConvTranspose": "Conv",
    "HardSwish": "silu, torch's SiLU, which is nearly the same"}  # fmt: skip
