"""A plan's layers in Keras: class names, settings and weights, channels last.

Both Keras 2.15 and Keras 3 know everything here; other layers are refused by name.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int

from toile.errors import ToileError
from toile.recipe import LayerPlan, Plan, layers, padded_side, shape_text

Config = dict[str, Any]
Weights = dict[str, np.ndarray]
Call = tuple[tuple[str, int], ...]
"""The inputs of a layer's call: each a layer's name and the number of its call, from 0."""


@dataclass(frozen=True)
class KerasLayer:
    """One layer: its Keras class, its settings, the inputs of each call, its weights in order."""

    name: str
    class_name: str
    config: Config
    calls: tuple[Call, ...]
    weights: Weights

    @property
    def document(self) -> Config:
        """The layer as an entry of a functional model's configuration."""
        nodes = [[[name, call, 0, {}] for name, call in inputs] for inputs in self.calls]
        config = {"name": self.name, "dtype": "float32", **self.config}
        return {
            "class_name": self.class_name,
            "config": config,
            "name": self.name,
            "inbound_nodes": nodes,
        }


def keras_layers(plan: Plan, arrays: Mapping[str, np.ndarray]) -> list[KerasLayer]:
    """The network of `plan` with its weights, followed by a softmax.

    Raises ToileError that names a layer which Keras cannot express.
    """
    names = {layer.name for layer in plan.layers}
    channels, height, width = plan.input
    config = {"batch_input_shape": [None, height, width, channels]}
    writer = _Writer(arrays)
    pictures = writer.add(_free("pictures", names), "InputLayer", config)
    if plan.views is None:
        logits = writer.add_all(plan.layers, pictures)
    else:
        logits = _mean_over_views(writer, plan, plan.views, pictures)
    writer.add(_free("probabilities", names), "Activation", {"activation": "softmax"}, (logits,))
    return writer.layers


def _free(name: str, names: set[str]) -> str:
    """`name`, with underscores added until it differs from all `names`."""
    return name if name not in names else _free(f"{name}_", names)


@dataclass
class _Writer:
    """Writes one layer after another.

    After a flatten, `order` has for each feature its index with channels first; None means the same
    order. Each layer is called `times` times, on the outputs of the same call before it.
    """

    arrays: Mapping[str, np.ndarray]
    layers: list[KerasLayer] = field(default_factory=list)
    order: Int[np.ndarray, " features"] | None = None
    times: int = 1

    def add(
        self,
        name: str,
        class_name: str,
        config: Config,
        inputs: tuple[str, ...] = (),
        weights: Weights | None = None,
    ) -> str:
        """Add a layer and return its name, without dots, which Keras on torch does not allow."""
        times = range(self.times) if inputs else ()
        calls = tuple(tuple((name, time) for name in inputs) for time in times)
        return self.add_called(name, class_name, config, calls, weights)

    def add_called(
        self,
        name: str,
        class_name: str,
        config: Config,
        calls: tuple[Call, ...],
        weights: Weights | None = None,
    ) -> str:
        """Add a layer with the inputs `calls`, and return its name."""
        name = name.replace(".", "-")
        self.layers.append(KerasLayer(name, class_name, config, calls, weights or {}))
        return name

    def add_all(self, plans: Sequence[LayerPlan], giver: str) -> str:
        """Add layers one after another, and return the name of the last."""
        for index, plan in enumerate(plans):
            if isinstance(plan.layer, layers.Residual):
                ends = (self.add_all(plan.branch, giver), self.add_all(plan.shortcut, giver))
                giver = self.add(plan.name, "Add", {}, ends)
            elif isinstance(plan.layer, layers.Flatten):
                giver = self.flatten(plan, giver, plans[index + 1 :])
            else:
                giver = _WRITERS[type(plan.layer)](self, plan, plan.layer, giver)
        return giver

    def flatten(self, plan: LayerPlan, giver: str, behind: Sequence[LayerPlan]) -> str:
        """Add a flatten, which Keras does channels last; reorder later weights, or the picture."""
        if len(plan.input) == 3 and min(plan.input[0], math.prod(plan.input[1:])) > 1:
            if _ignores_order(behind):
                indices = np.arange(math.prod(plan.input)).reshape(plan.input)
                self.order = indices.transpose(1, 2, 0).ravel()
            else:
                giver = self.add(f"{plan.name}-permute", "Permute", {"dims": [3, 1, 2]}, (giver,))
        return self.add(plan.name, "Flatten", {"data_format": "channels_last"}, (giver,))

    def weight(self, plan: LayerPlan, name: str) -> np.ndarray:
        """A weight of the layer in torch's layout, in float32."""
        return np.asarray(self.arrays[f"{plan.name}.{name}"], np.float32)

    def channel_weights(self, plan: LayerPlan, **names: str) -> Weights:
        """Weights with one value per channel or feature, by Keras's names."""
        weights = {keras: self.weight(plan, torch) for keras, torch in names.items()}
        if self.order is None:
            return weights
        return {keras: array[self.order] for keras, array in weights.items()}


def _mean_over_views(writer: _Writer, plan: Plan, views: layers.Views, pictures: str) -> str:
    """The layers after the views, called once per view, and the mean of their outputs."""
    first, *remaining = plan.layers
    _, height, width = plan.input
    moves = []
    for rows, columns in views.view_indices(height, width):
        moved = [("across", [1, 3, 2], columns), ("down", [3, 2, 1], rows)]
        moves.append([move for move in moved if list(move[2]) != list(range(len(move[2])))])
    view_outputs = [pictures for _ in moves]
    # Keras assigns the file's weights to layers by their distance from the output, farthest first.
    for left in (2, 1):
        for number, moved in enumerate(moves):
            if len(moved) >= left:
                name = f"{first.name}-{number}"
                view_outputs[number] = _moved(writer, name, *moved[-left], view_outputs[number])
    calls = tuple(((view, 0),) for view in view_outputs)
    looked_at = writer.add_called(first.name, "Activation", {"activation": "linear"}, calls)
    writer.times = len(calls)
    logits = writer.add_all(remaining, looked_at)
    writer.times = 1
    mean: Call = tuple((logits, time) for time in range(len(calls)))
    return writer.add_called(f"{first.name}-mean", "Average", {}, (mean,))


def _moved(
    writer: _Writer, view: str, way: str, last: list[int], indices: Sequence[int], giver: str
) -> str:
    """The pictures with the rows or columns `indices`; `last` is a permutation that puts them last.

    Keras has no layer that selects rows, but a dense layer with a single 1 per output does.
    """
    name = f"{view}-{way}"
    kernel = np.zeros((len(indices), len(indices)), np.float32)
    kernel[list(indices), range(len(indices))] = 1
    transposed = writer.add(f"{name}-there", "Permute", {"dims": last}, (giver,))
    # Not trainable, so that further training does not change the views.
    config = {"units": len(indices), "use_bias": False, "trainable": False}
    chosen = writer.add(name, "Dense", config, (transposed,), {"kernel": kernel})
    return writer.add(f"{name}-back", "Permute", {"dims": last}, (chosen,))


def _ignores_order(behind: Sequence[LayerPlan]) -> bool:
    """Whether a later dense layer can undo another order of the features."""
    for plan in behind:
        if isinstance(plan.layer, layers.Dense):
            return True
        # A residual block adds to the unordered row, and a group norm groups neighbours in it.
        if isinstance(plan.layer, layers.Residual | layers.GroupNorm):
            return False
    return False


def _conv(writer: _Writer, plan: LayerPlan, layer: layers.Conv, giver: str) -> str:
    if isinstance(layer.padding, int) and layer.padding > 0:
        around = {"padding": layer.padding, "data_format": "channels_last"}
        giver = writer.add(f"{plan.name}-padding", "ZeroPadding2D", around, (giver,))
    weights = {"kernel": writer.weight(plan, "weight").transpose(2, 3, 1, 0)}
    if layer.bias:
        weights["bias"] = writer.weight(plan, "bias")
    config = {
        "filters": layer.filters,
        "kernel_size": [layer.kernel, layer.kernel],
        "strides": [layer.stride, layer.stride],
        "padding": "same" if layer.padding == "same" else "valid",
        "data_format": "channels_last",
        "groups": layer.groups,
        "use_bias": layer.bias,
    }
    return writer.add(plan.name, "Conv2D", config, (giver,), weights)


def _dense(writer: _Writer, plan: LayerPlan, layer: layers.Dense, giver: str) -> str:
    kernel = writer.weight(plan, "weight").T
    weights = {"kernel": kernel if writer.order is None else kernel[writer.order]}
    writer.order = None
    if layer.bias:
        weights["bias"] = writer.weight(plan, "bias")
    config = {"units": plan.output[0], "use_bias": layer.bias}
    return writer.add(plan.name, "Dense", config, (giver,), weights)


def _pool(writer: _Writer, plan: LayerPlan, layer: layers.Pool, giver: str) -> str:
    kind = "MaxPooling2D" if isinstance(layer, layers.MaxPool) else "AveragePooling2D"
    stride = layer.stride or layer.size
    edges = [padded_side(side, layer.size, stride, layer.padding)[1:] for side in plan.input[1:]]
    uneven = any(before != after for before, after in edges)
    # Keras 3.15 on torch repeats the border and counts it: github.com/keras-team/keras/pull/23233.
    # In a window of two the border is the only pixel, so its mean is right.
    if uneven and layer.size > 2 and isinstance(layer, layers.AvgPool):
        raise ToileError(
            f"{plan.name}: its windows go beyond its input of {shape_text(plan.input[1:])} by one "
            "pixel at one edge only, where Keras on torch and on TensorFlow compute different "
            "means; export to onnx, or train with "
            f"--set network.{plan.name}.padding=valid"
        )
    config = {
        "pool_size": [layer.size, layer.size],
        "strides": [stride, stride],
        "padding": layer.padding,
        "data_format": "channels_last",
    }
    return writer.add(plan.name, kind, config, (giver,))


def _batch_norm(writer: _Writer, plan: LayerPlan, layer: layers.BatchNorm, giver: str) -> str:
    weights = writer.channel_weights(
        plan,
        gamma="weight",
        beta="bias",
        moving_mean="running_mean",
        moving_variance="running_var",
    )
    config = {"axis": -1, "momentum": 1 - layer.momentum, "epsilon": layer.epsilon}
    return writer.add(plan.name, "BatchNormalization", config, (giver,), weights)


def _layer_norm(writer: _Writer, plan: LayerPlan, layer: layers.LayerNorm, giver: str) -> str:
    weights = writer.channel_weights(plan, gamma="weight", beta="bias")
    config = {"axis": -1, "epsilon": layer.epsilon}
    return writer.add(plan.name, "LayerNormalization", config, (giver,), weights)


def _group_norm(writer: _Writer, plan: LayerPlan, layer: layers.GroupNorm, giver: str) -> str:
    weights = writer.channel_weights(plan, gamma="weight", beta="bias")
    config = {"groups": layer.groups, "axis": -1, "epsilon": layer.epsilon}
    return writer.add(plan.name, "GroupNormalization", config, (giver,), weights)


def _leaky_relu(writer: _Writer, plan: LayerPlan, layer: layers.LeakyReLU, giver: str) -> str:
    # The setting of LeakyReLU is alpha in Keras 2 and negative_slope in Keras 3.
    config = {"max_value": None, "negative_slope": layer.slope, "threshold": 0.0}
    return writer.add(plan.name, "ReLU", config, (giver,))


def _gelu(writer: _Writer, plan: LayerPlan, layer: layers.GELU, giver: str) -> str:
    if layer.approximation == "tanh":
        raise ToileError(
            f"{plan.name}.approximation is tanh, which no Keras layer computes; export to onnx, or "
            f"train with --set network.{plan.name}.approximation=none"
        )
    return writer.add(plan.name, "Activation", {"activation": "gelu"}, (giver,))


def _global_pool(writer: _Writer, plan: LayerPlan, layer: layers.GlobalPool, giver: str) -> str:
    kind = {"average": "GlobalAveragePooling2D", "max": "GlobalMaxPooling2D"}[layer.of]
    return writer.add(plan.name, kind, {"data_format": "channels_last"}, (giver,))


def _scale(writer: _Writer, plan: LayerPlan, layer: layers.Scale, giver: str) -> str:
    config = {"scale": layer.factor, "offset": layer.offset}
    return writer.add(plan.name, "Rescaling", config, (giver,))


def _plain(class_name: str, **settings: str) -> Callable[[_Writer, LayerPlan, Any, str], str]:
    """A layer without weights; `settings` are Keras's names for the layer's fields."""

    def write(writer: _Writer, plan: LayerPlan, layer: Any, giver: str) -> str:
        config = {keras: getattr(layer, ours) for keras, ours in settings.items()}
        return writer.add(plan.name, class_name, config, (giver,))

    return write


def _activation(name: str) -> Callable[[_Writer, LayerPlan, Any, str], str]:
    return lambda writer, plan, layer, giver: writer.add(
        plan.name, "Activation", {"activation": name}, (giver,)
    )


_WRITERS: dict[type[layers.Layer], Callable[[_Writer, LayerPlan, Any, str], str]] = {
    layers.Conv: _conv,
    layers.Dense: _dense,
    layers.BatchNorm: _batch_norm,
    layers.LayerNorm: _layer_norm,
    layers.GroupNorm: _group_norm,
    layers.ReLU: _activation("relu"),
    layers.LeakyReLU: _leaky_relu,
    layers.ELU: _plain("ELU", alpha="alpha"),
    layers.GELU: _gelu,
    # The only name in Keras 2, and a second name of silu in Keras 3.
    layers.SiLU: _activation("swish"),
    layers.Tanh: _activation("tanh"),
    layers.Sigmoid: _activation("sigmoid"),
    layers.MaxPool: _pool,
    layers.AvgPool: _pool,
    layers.GlobalPool: _global_pool,
    layers.Dropout: _plain("Dropout", rate="rate"),
    layers.SpatialDropout: _plain("SpatialDropout2D", rate="rate"),
    layers.Scale: _scale,
}
