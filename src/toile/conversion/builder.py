"""Foreign layers, one after another, made into ours."""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int

from toile.conversion.foreign import ForeignNetwork, InputScale
from toile.errors import ToileError
from toile.recipe import (
    LayerContext,
    layer_arithmetic,
    layers,
    padded_side,
    shape_text,
)

Shape = tuple[int, ...]
Weights = Mapping[str, np.ndarray]
# What torch calls methods and attributes of a module, which no layer inside it may be called.
RESERVED = frozenset({
    "T_destination", "add_module", "append", "apply", "bfloat16", "buffers", "call_super_init",
    "children", "compile", "cpu", "cuda", "double", "dump_patches", "eval", "extend",
    "extra_repr", "float", "forward", "get_buffer", "get_extra_state", "get_parameter",
    "get_submodule", "half", "insert", "ipu", "load_state_dict", "modules", "mtia",
    "named_buffers", "named_children", "named_modules", "named_parameters", "parameters", "pop",
    "register_backward_hook", "register_buffer", "register_forward_hook",
    "register_forward_pre_hook", "register_full_backward_hook",
    "register_full_backward_pre_hook", "register_load_state_dict_post_hook",
    "register_load_state_dict_pre_hook", "register_module", "register_parameter",
    "register_state_dict_post_hook", "register_state_dict_pre_hook", "requires_grad_",
    "set_extra_state", "set_submodule", "share_memory", "state_dict", "to", "to_empty", "train",
    "training", "type", "xpu", "zero_grad",
})  # fmt: skip
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")


@dataclass(eq=False)
class _BuiltLayer:
    """A layer with its weights, or a block with the steps inside it."""

    layer: layers.Layer
    weights: Weights = field(default_factory=dict)
    origin: str = ""
    branch: "list[_BuiltLayer]" = field(default_factory=list)
    shortcut: "list[_BuiltLayer]" = field(default_factory=list)


def unheld(source: str, name: str, why: str, nearest: str = "") -> ToileError:
    """The refusal of a layer that no layer of ours holds, with what is nearest."""
    return ToileError(
        f"{source}: its layer {name} {why}, which no network here holds"
        f"{f'; nearest is {nearest}' if nearest else ''}. Nothing was imported"
    )


class NetworkBuilder:
    """Layers as a file has them come in, ours come out. Everything is channels first.

    Each method raises ToileError, naming the layer, where ours cannot hold it.
    """

    def __init__(
        self, source: str, shape: tuple[int, int, int], block_shape: Shape | None = None
    ) -> None:
        """`block_shape` is what a path inside a block starts from."""
        self.source, self.input = source, shape
        self.shape: Shape = block_shape or shape
        self._is_inside = block_shape is not None
        self.scale = InputScale((1.0,) * shape[0], (0.0,) * shape[0])
        self.output_kind = "logits"
        self.notes: list[str] = []
        self._steps: list[_BuiltLayer] = []
        # Where each value of a row that the file holds stands in ours; None where alike.
        self._order: Int[np.ndarray, " features"] | None = None
        self._is_after_softmax = False
        self._is_nonnegative = False

    def add(self, layer: layers.Layer, origin: str, weights: Weights | None = None) -> None:
        """One more layer of ours, with its weights in torch's shapes."""
        self._refuse_after_softmax(origin)
        context = LayerContext(f"{self.source}: {origin}", self.shape, "the layer before it", 1)
        sums = layer_arithmetic(layer, context)
        tensors = {key: np.array(value, np.float32) for key, value in (weights or {}).items()}
        for key, value in tensors.items():
            if not np.isfinite(value).all():
                raise ToileError(
                    f"{self.source}: {key} of its layer {origin} has values that are not finite"
                )
        self._steps.append(_BuiltLayer(layer, tensors, origin))
        self.shape = sums.output
        keeps_sign = isinstance(
            layer, layers.Pool | layers.GlobalPool | layers.Flatten | layers.Dropout
        )
        is_floor = isinstance(layer, layers.ReLU | layers.Sigmoid)
        self._is_nonnegative = is_floor or (self._is_nonnegative and keeps_sign)

    def _refuse_after_softmax(self, origin: str) -> None:
        if self._is_after_softmax:
            raise unheld(self.source, origin, "comes behind a softmax, and ours end with logits")

    def rescale(self, factor: Sequence[float], offset: Sequence[float], origin: str) -> None:
        """`factor * x + offset`, of one number or one a channel."""
        channels = self.shape[0]
        factors, offsets = (
            np.broadcast_to(np.asarray(value, np.float64).ravel(), (channels,))
            for value in (factor, offset)
        )
        if not self._steps and not self._is_inside and len(self.shape) == 3:
            self.scale = InputScale(
                tuple((factors * self.scale.factor).tolist()),
                tuple((factors * self.scale.offset + offsets).tolist()),
            )
        elif np.ptp(factors) == 0 and np.ptp(offsets) == 0:
            layer = layers.Scale(factor=float(factors[0]), offset=float(offsets[0]))
            if layer.factor != 1 or layer.offset != 0:
                self.add(layer, origin)
        elif len(self.shape) == 3:
            self._per_channel(factors, offsets, 0, origin)
        else:
            self.batch_norm(origin, factors, offsets, np.zeros(channels), np.ones(channels), 0.0)

    def shift(self, values: Sequence[float], origin: str) -> None:
        """`values` added, one or one a channel: to the biases of the layer before, where it can."""
        self._refuse_after_softmax(origin)
        step = self._steps[-1] if self._steps else None
        if step is None or not isinstance(step.layer, layers.Conv | layers.Dense):
            self.rescale([1.0], values, origin)
            return
        bias = np.broadcast_to(np.asarray(values, np.float32).ravel(), self.shape[:1])
        step.layer = step.layer.model_copy(update={"bias": True})
        step.weights = {**step.weights, "bias": step.weights.get("bias", 0) + bias}

    def _per_channel(
        self, factors: np.ndarray, offsets: np.ndarray, padding: int, origin: str
    ) -> None:
        channels = self.shape[0]
        layer = layers.Conv(filters=channels, kernel=1, groups=channels, padding=padding)
        weights = {"weight": factors.reshape(-1, 1, 1, 1), "bias": offsets}
        self.add(layer, origin, weights)

    def pad(self, edges: Sequence[int], origin: str, then: layers.Layer | None = None) -> int | str:
        """Zeros around the picture (top, bottom, left, right), for the layer `then` to take in.

        Returns the padding that `then` is to have.
        """
        _, height, width = self._picture(origin)
        if min(edges) < 0:
            raise unheld(self.source, origin, "cuts edges off (pads below 0)", "data.size_px")
        if len(set(edges)) == 1:
            return edges[0]
        if isinstance(then, layers.Conv):
            wanted = [
                padded_side(side, then.kernel, then.stride, "same")[1:] for side in (height, width)
            ]
            if list(edges) == [edge for pair in wanted for edge in pair]:
                return "same"
        raise unheld(
            self.source,
            origin,
            f"pads by {', '.join(map(str, edges))} (top, bottom, left, right)",
            "the same number on every side, or padding: same",
        )

    def pad_alone(self, edge: int, origin: str) -> None:
        """Zeros around the picture that no convolution behind takes in."""
        if edge:
            channels = self.shape[0]
            self._per_channel(np.ones(channels), np.zeros(channels), edge, origin)
            self.notes.append(f"{origin}: its zeros are added by a convolution of one pixel")

    def conv(
        self,
        origin: str,
        weight: np.ndarray,
        bias: np.ndarray | None,
        *,
        strides: Sequence[int],
        padding: Sequence[int] | str,
        groups: int = 1,
        dilation: Sequence[int] = (1, 1),
    ) -> None:
        """A convolution; `weight` (filters, channels / groups, h, w), `padding` edges or same."""
        if len(self.shape) == 1 and weight.shape[2:] == (1, 1) and groups == 1:
            self.dense(origin, weight[:, :, 0, 0], bias)
            return
        channels, *_ = self._picture(origin)
        if weight.shape[1] * groups != channels:
            raise ToileError(
                f"{self.source}: its layer {origin} takes {weight.shape[1] * groups} channels and "
                f"is given {channels}; import it with pictures of as many, as by data.colour"
            )
        kernel = self._square(weight.shape[2:], "a kernel of", origin)
        stride = self._square(strides, "strides of", origin)
        if any(step != 1 for step in dilation):
            raise unheld(self.source, origin, f"has a dilation of {dilation[0]}", "dilation 1")
        layer = layers.Conv(
            filters=weight.shape[0],
            kernel=kernel,
            stride=stride,
            groups=groups,
            bias=bias is not None,
        )
        edge = padding if isinstance(padding, str) else self.pad(padding, origin, layer)
        self.add(layer.model_copy(update={"padding": edge or "valid"}), origin, _both(weight, bias))

    def dense(self, origin: str, weight: np.ndarray, bias: np.ndarray | None) -> None:
        """A dense layer; `weight` (outputs, inputs)."""
        if len(self.shape) == 3:
            if math.prod(self.shape[1:]) > 1:
                # Keras's on a picture works on each pixel's channels.
                self.conv(
                    origin, weight[:, :, None, None], bias, strides=(1, 1), padding=(0, 0, 0, 0)
                )
                return
            self.flatten(origin, "first")
        if weight.shape[1] != self.shape[0]:
            raise ToileError(
                f"{self.source}: its layer {origin} takes {weight.shape[1]} numbers and gets "
                f"{self.shape[0]}"
            )
        ours = weight
        if self._order is not None:
            ours = np.empty_like(weight)
            ours[:, self._order] = weight
            self._order = None
        layer = layers.Dense(units=weight.shape[0], bias=bias is not None)
        self.add(layer, origin, _both(ours, bias))

    def flatten(self, origin: str, channels: str) -> None:
        """All numbers in a row, with the channels "first" or "last" in the file's order."""
        if len(self.shape) == 1:
            return
        shape = self._picture(origin)
        self.add(layers.Flatten(), origin)
        if channels == "last" and shape[0] > 1 and math.prod(shape[1:]) > 1:
            indices = np.arange(math.prod(shape)).reshape(shape)
            self._order = indices.transpose(1, 2, 0).ravel()

    def pool(
        self,
        origin: str,
        kind: type[layers.Pool],
        size: Sequence[int],
        strides: Sequence[int],
        padding: Sequence[int] | str,
        counts_zeros: bool = False,
    ) -> None:
        """A max or mean pool; `padding` edges (top, bottom, left, right), "valid" or "same"."""
        side, stride = (
            self._square(value, text, origin)
            for value, text in ((size, "windows of"), (strides, "strides of"))
        )
        if padding == "same" and counts_zeros:
            _, *sides = self._picture(origin)
            padding = [edge for px in sides for edge in padded_side(px, side, stride, "same")[1:]]
        if not isinstance(padding, str):
            padding = self._pool_padding(origin, kind, (side, stride), padding, counts_zeros)
        layer = kind(size=side, stride=None if stride == side else stride)
        self.add(layer.model_copy(update={"padding": padding}), origin)

    def _pool_padding(
        self,
        origin: str,
        kind: type[layers.Pool],
        window: tuple[int, int],
        edges: Sequence[int],
        counts_zeros: bool,
    ) -> str:
        if not any(edges):
            return "valid"
        _, height, width = self._picture(origin)
        same = [padded_side(side, *window, "same")[1:] for side in (height, width)]
        if list(edges) == [edge for pair in same for edge in pair] and not counts_zeros:
            return "same"
        # Zeros are as good as nothing beneath a maximum that is never below 0.
        zeros_do = counts_zeros or (kind is layers.MaxPool and self._is_nonnegative)
        if len(set(edges)) == 1 and zeros_do:
            self.pad_alone(edges[0], origin)
            return "valid"
        raise unheld(
            self.source,
            origin,
            f"pools with {', '.join(map(str, edges))} pixels around the picture",
            "padding: same or valid",
        )

    def global_pool(self, origin: str, of: str) -> None:
        """One number a channel: its "average" or "max"."""
        if len(self.shape) == 3:
            self.add(layers.GlobalPool.model_validate({"of": of}), origin)

    def batch_norm(
        self,
        origin: str,
        gamma: np.ndarray,
        beta: np.ndarray,
        mean: np.ndarray,
        variance: np.ndarray,
        epsilon: float,
        momentum: float = 0.1,
    ) -> None:
        """A batch norm with its running statistics; `momentum` is the newest batch's weight."""
        if (np.asarray(variance) < 0).any():
            raise ToileError(f"{self.source}: its layer {origin} has a variance below 0")
        layer = layers.BatchNorm(
            momentum=min(max(momentum, 1e-6), 1.0), epsilon=max(epsilon, 1e-12)
        )
        names = ("weight", "bias", "running_mean", "running_var")
        values = (gamma, beta, mean, variance)
        tensors = {name: self._features(value) for name, value in zip(names, values, strict=True)}
        self.add(layer, origin, tensors)

    def norm(
        self, origin: str, layer: layers.LayerNorm | layers.GroupNorm, gamma: np.ndarray,
        beta: np.ndarray,
    ) -> None:  # fmt: skip
        """A layer or group norm."""
        if isinstance(layer, layers.GroupNorm) and self._order is not None:
            raise unheld(self.source, origin, "norms groups of a flattened picture, channels last")
        weights = {"weight": self._features(gamma), "bias": self._features(beta)}
        self.add(layer, origin, weights)

    def softmax(self, origin: str, kind: str) -> None:
        """The end of a network that gives probabilities; ours gives what came before."""
        self.output_kind, self._is_after_softmax = kind, True
        self.notes.append(
            f"{origin}: the {kind} at the end is left out, as outputs are logits here"
        )

    def block(
        self,
        origin: str,
        branch: Callable[["NetworkBuilder"], None],
        shortcut: Callable[["NetworkBuilder"], None],
    ) -> None:
        """The sum of two paths from here; each is called with a builder of its own."""
        if self._order is not None:
            raise unheld(self.source, origin, "adds rows of a flattened picture, channels last")
        paths = []
        for make in (branch, shortcut):
            builder = NetworkBuilder(self.source, self.input, self.shape)
            builder._is_nonnegative = self._is_nonnegative
            make(builder)
            if builder._order is not None or builder._is_after_softmax:
                raise unheld(self.source, origin, "adds rows of a flattened picture")
            self.notes += builder.notes
            paths.append((builder._steps, builder.shape))
        (inside, shape), (around, around_shape) = paths
        if not inside:
            raise unheld(self.source, origin, "adds a tensor to itself", "scale: 2")
        if shape != around_shape:
            raise ToileError(
                f"{self.source}: its layer {origin} adds {shape_text(shape)} and "
                f"{shape_text(around_shape)} numbers"
            )
        model = layers.Residual(
            layers=tuple(step.layer for step in inside),
            shortcut=tuple(step.layer for step in around),
        )
        self._steps.append(_BuiltLayer(model, {}, origin, inside, around))
        self.shape, self._is_nonnegative = shape, False

    def finish(self) -> ForeignNetwork:
        """The whole network. Raises ToileError where it does not end with a row of numbers."""
        if len(self.shape) == 3 and math.prod(self.shape[1:]) == 1 and self._steps:
            self._is_after_softmax = False
            self.flatten("the end", "first")
        self._without_sigmoid()
        self._with_two_outputs()
        if len(self.shape) != 1 or self._order is not None:
            raise ToileError(
                f"{self.source}: the network ends with {shape_text(self.shape)} numbers; it must "
                "end with one for each class"
            )
        steps = self._steps
        _name(steps)
        weights: dict[str, np.ndarray] = {}
        origins: dict[str, str] = {}
        _collect(steps, "", weights, origins)
        return ForeignNetwork(
            self.source,
            tuple(step.layer for step in steps),
            weights,
            self.input,
            self.shape[0],
            self.scale,
            origins,
            self.output_kind,
            tuple(self.notes),
        )

    def _without_sigmoid(self) -> None:
        """Outputs as logits where each ends in a sigmoid, by which their order stays."""
        if (
            self.output_kind == "logits"
            and self._steps
            and isinstance(self._steps[-1].layer, layers.Sigmoid)
        ):
            step = self._steps.pop()
            self.output_kind = "sigmoid"
            self.notes.append(
                f"{step.origin}: the sigmoid at the end is left out, as outputs are logits here, "
                "of which probabilities are made that sum to 1"
            )

    def _with_two_outputs(self) -> None:
        """One output of a dense layer, the second class's logit, becomes two: 0 and it."""
        step = self._steps[-1] if self._steps else None
        if self.shape != (1,) or step is None or not isinstance(step.layer, layers.Dense):
            return
        weight, bias = step.weights["weight"], step.weights.get("bias", np.zeros(1, np.float32))
        step.layer = step.layer.model_copy(update={"units": 2, "bias": True})
        step.weights = {
            "weight": np.concatenate([0 * weight, weight]),
            "bias": np.concatenate([0 * bias, bias]),
        }
        self.shape = (2,)
        self.notes.append(f"{step.origin}: its one output is the second class's; the first has 0")

    def _picture(self, origin: str) -> tuple[int, int, int]:
        if len(self.shape) != 3:
            raise unheld(self.source, origin, f"works on a row of {self.shape[0]} numbers")
        channels, height, width = self.shape
        return channels, height, width

    def _square(self, sides: Sequence[int], what: str, origin: str) -> int:
        if len(sides) != 2 or sides[0] != sides[1]:
            text = " x ".join(map(str, sides))
            raise unheld(self.source, origin, f"has {what} {text}", "a square")
        return int(sides[0])

    def _features(self, values: np.ndarray) -> np.ndarray:
        """One value a channel or feature, in our order."""
        values = np.asarray(values, np.float32).ravel()
        if self._order is None or len(values) != len(self._order):
            return values
        ours = np.empty_like(values)
        ours[self._order] = values
        return ours


def _both(weight: np.ndarray, bias: np.ndarray | None) -> Weights:
    return {"weight": weight} if bias is None else {"weight": weight, "bias": bias}


def _name(steps: list[_BuiltLayer]) -> None:
    """Keep the file's names where they can all be layers' names here."""
    layered = [step for step in steps if step.origin]
    wanted = [step.origin for step in layered]
    counts = Counter(wanted)
    named = [
        step.layer.model_copy(update={"name": step.origin})
        if NAME.fullmatch(step.origin) and counts[step.origin] == 1 and step.origin not in RESERVED
        else step.layer
        for step in steps
    ]
    if len(set(layers.layer_names(named))) == len(named) and "shortcut" not in layers.layer_names(
        named
    ):
        for step, layer in zip(steps, named, strict=True):
            step.layer = layer
    for step in steps:
        if isinstance(step.layer, layers.Residual):
            _name(step.branch)
            _name(step.shortcut)
            step.layer = step.layer.model_copy(
                update={
                    "layers": tuple(inside.layer for inside in step.branch),
                    "shortcut": tuple(inside.layer for inside in step.shortcut),
                }
            )


def _collect(
    steps: list[_BuiltLayer], prefix: str, weights: dict[str, np.ndarray], origins: dict[str, str]
) -> None:
    """Weights and origins by the dotted names that a plan gives these steps."""
    for name, step in zip(layers.layer_names([step.layer for step in steps]), steps, strict=True):
        origins[f"{prefix}{name}"] = step.origin
        weights |= {f"{prefix}{name}.{key}": value for key, value in step.weights.items()}
        if isinstance(step.layer, layers.BatchNorm):
            weights[f"{prefix}{name}.num_batches_tracked"] = np.zeros((), np.int64)
        _collect(step.branch, f"{prefix}{name}.", weights, origins)
        _collect(step.shortcut, f"{prefix}{name}.shortcut.", weights, origins)
