"""A Keras model as our layers: a Sequential, or a functional model that is a chain."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from toile.conversion.activations import activation_layers
from toile.conversion.builder import NetworkBuilder, unheld
from toile.conversion.foreign import ForeignNetwork
from toile.conversion.graph import Chain, Fork, Node
from toile.conversion.keras_chain import ReadLayer, keras_chain
from toile.conversion.keras_file import Config, is_keras
from toile.conversion.keras_process import read_keras_apart
from toile.conversion.refusals import refusals
from toile.errors import ToileError
from toile.recipe import layers

Weights = Mapping[str, np.ndarray]
# Keras gives these nothing to do once a network is trained.
IDLE = ("ActivityRegularization", "GaussianNoise", "GaussianDropout", "AlphaDropout")
# They change pictures at random while a network is trained.
RANDOM = (
    "AugMix", "CutMix", "MixUp", "RandAugment", "RandomBrightness", "RandomColorDegeneration",
    "RandomColorJitter", "RandomContrast", "RandomElasticTransform", "RandomErasing", "RandomFlip",
    "RandomGaussianBlur", "RandomGrayscale", "RandomHue", "RandomInvert", "RandomPerspective",
    "RandomPosterization", "RandomRotation", "RandomSaturation", "RandomSharpness", "RandomShear",
    "RandomTranslation", "RandomZoom",
)  # fmt: skip
# Of these data_format says where the channels of what comes in stand.
ORDERED = (
    "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "ZeroPadding2D", "MaxPooling2D",
    "AveragePooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D",
)  # fmt: skip


def read_keras_network(
    content: bytes, source: str, data_shape: tuple[int, int, int]
) -> ForeignNetwork:
    """The network in a Keras file; `data_shape` (c, h, w) fills in sides that it leaves open.

    Raises ToileError where the file is damaged, or naming the layer that ours cannot hold.
    """
    with refusals(source, "a layer's configuration or weights are not as Keras writes them"):
        model = read_keras_apart(content, source)
        chain, shape = keras_chain(model, source)
        writer = _KerasChainWriter(source, chain, shape, data_shape)
        if writer.is_row:
            writer.builder.flatten("the input", "last")
        writer.write(writer.builder, chain)
        return writer.builder.finish()


class _KerasChainWriter:
    """Tells a builder of Keras's layers, one after another."""

    def __init__(
        self,
        source: str,
        chain: Chain[ReadLayer],
        shape: list[Any],
        data_shape: tuple[int, int, int],
    ) -> None:
        self.source = source
        self.is_last = not _is_channels_first(chain)
        self.builder = NetworkBuilder(source, self._input(chain, shape, data_shape))
        self._edges: tuple[list[int], str] | None = None

    def _input(
        self, chain: Chain[ReadLayer], shape: list[Any], data_shape: tuple[int, int, int]
    ) -> tuple[int, int, int]:
        """The pictures' (c, h, w)."""
        first = chain.parts[0] if chain.parts else None
        self.is_row = is_row = len(shape) == 1
        self.has_channels = len(shape) != 2
        if is_row and isinstance(first, Node) and first.content.kind == "Reshape":
            shape = self._reshaped(first.content.config["target_shape"], shape[0], data_shape)
            self.is_row = is_row = False
        if is_row:
            # A row of pixels: of the data's own shape where that has as many.
            if shape[0] in (None, math.prod(data_shape)):
                return data_shape
            side = math.isqrt(shape[0])
            if side * side == shape[0]:
                return 1, side, side
            raise ToileError(
                f"{self.source} takes {shape[0]} numbers in a row, which are no square picture of "
                f"one channel, and the data's pictures have {math.prod(data_shape)}"
            )
        if not self.has_channels:
            shape = [*shape, 1] if self.is_last else [1, *shape]
        if len(shape) != 3:
            raise ToileError(
                f"{self.source} takes inputs of shape {shape}; pictures have height, width and "
                "channels"
            )
        channels_first = [shape[2], shape[0], shape[1]] if self.is_last else shape
        channels, height, width = (
            side if side is not None else data_side
            for side, data_side in zip(channels_first, data_shape, strict=True)
        )
        return int(channels), int(height), int(width)

    @staticmethod
    def _reshaped(
        target: Sequence[int], size: int | None, data_shape: tuple[int, int, int]
    ) -> list[int]:
        """`target` with the side that Keras computes, -1, of a row of `size` numbers."""
        sides = [int(side) for side in target]
        if sides.count(-1) == 1:
            known = -math.prod(sides)
            sides[sides.index(-1)] = (size or math.prod(data_shape)) // max(known, 1)
        return sides

    def write(self, builder: NetworkBuilder, chain: Chain[ReadLayer]) -> None:
        """The layers of `chain`, blocks with what is inside them."""
        for part in chain.parts:
            if isinstance(part, Fork):
                self._pad(builder)
                builder.block(
                    part.addition.name,
                    partial(self.write, chain=part.branch),
                    partial(self.write, chain=part.shortcut),
                )
            else:
                self._layer(builder, part.content)
        self._pad(builder)

    def _pad(self, builder: NetworkBuilder) -> None:
        """Zeros that no convolution took in."""
        if self._edges is not None:
            (edges, name), self._edges = self._edges, None
            builder.pad_alone(int(builder.pad(edges, name)), name)

    def _layer(self, builder: NetworkBuilder, layer: ReadLayer) -> None:
        kind, config = layer.kind, layer.config
        is_last = config.get("data_format") != "channels_first"
        if kind in ORDERED and is_last is not self.is_last:
            raise unheld(
                self.source,
                layer.name,
                f"takes channels {'last' if is_last else 'first'}, where a layer before it has "
                f"them {'last' if self.is_last else 'first'}",
                "the same data_format in all layers",
            )
        if kind in _CONVOLUTIONS:
            _CONVOLUTIONS[kind](self, builder, layer, self._edges_for(config))
        else:
            self._pad(builder)
            if kind in IDLE:
                builder.notes.append(f"{layer.name}: {kind} does nothing once trained; left out")
                return
            if kind in RANDOM:
                builder.notes.append(
                    f"{layer.name}: {kind} varies pictures in training alone; left out, the "
                    "recipe's augmentation is for that"
                )
                return
            if kind not in _WRITERS:
                raise unheld(self.source, layer.name, f"is a {kind}", _NEAREST.get(kind, ""))
            _WRITERS[kind](self, builder, layer)
        if kind not in ("Activation", "ReLU") and "activation" in config:
            self._activation(builder, layer.name, config["activation"])

    def _edges_for(self, config: Config) -> list[int] | str:
        """The padding of a convolution, with zeros that stand before it."""
        edges, self._edges = self._edges, None
        if config["padding"] not in ("valid", "same"):
            raise ToileError(
                f"{self.source}: padding {config['padding']!r:.20} of {config['name']}"
            )
        if edges is None:
            return "same" if config["padding"] == "same" else [0, 0, 0, 0]
        if config["padding"] == "same":
            raise unheld(self.source, edges[1], "pads in front of padding: same")
        return edges[0]

    def _activation(self, builder: NetworkBuilder, name: str, activation: Any) -> None:
        """An activation given by name, or as a layer or function with settings."""
        settings: Config = {}
        if isinstance(activation, dict):
            inner = activation.get("config", {})
            settings = inner if isinstance(inner, dict) else {}
            kind = activation["class_name"]
            if kind == "function" or not is_keras(activation):
                raise unheld(
                    self.source, name, f"has the activation {inner!s:.40}, code of its own"
                )
        else:
            kind = "linear" if activation is None else str(activation)
        if str(kind).lower() in ("softmax", "log_softmax", "logsoftmax"):
            builder.softmax(name, str(kind).lower())
            return
        ours = activation_layers(str(kind), settings)
        if ours is None:
            raise unheld(self.source, name, f"has the activation {kind}", "relu or silu")
        for layer in ours:
            builder.add(layer, name)


def _is_channels_first(chain: Chain[ReadLayer]) -> bool:
    for part in chain.parts:
        if isinstance(part, Node) and part.content.kind in ORDERED:
            return bool(part.content.config.get("data_format") == "channels_first")
    return False


Edges = list[int] | str


def _conv(
    writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer, edges: Edges
) -> None:
    config = layer.config
    builder.conv(
        layer.name,
        layer.weights["kernel"].transpose(3, 2, 0, 1),
        layer.weights.get("bias"),
        strides=config["strides"],
        padding=edges,
        groups=int(config.get("groups", 1)),
        dilation=config.get("dilation_rate", (1, 1)),
    )


def _depthwise_kernel(kernel: np.ndarray) -> np.ndarray:
    """Keras's (h, w, channels, multiplier) as (channels times multiplier, 1, h, w)."""
    height, width, channels, multiplier = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)


def _depthwise(
    writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer, edges: Edges
) -> None:
    weights, config = layer.weights, layer.config
    kernel = weights["depthwise_kernel"] if "depthwise_kernel" in weights else weights["kernel"]
    builder.conv(
        layer.name,
        _depthwise_kernel(kernel),
        weights.get("bias"),
        strides=config["strides"],
        padding=edges,
        groups=kernel.shape[2],
        dilation=config.get("dilation_rate", (1, 1)),
    )


def _separable(
    writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer, edges: Edges
) -> None:
    _depthwise(
        writer,
        builder,
        ReadLayer(layer.kind, layer.config, {"kernel": layer.weights["depthwise_kernel"]}),
        edges,
    )
    pointwise = layer.weights["pointwise_kernel"].transpose(3, 2, 0, 1)
    builder.conv(
        f"{layer.name}_pointwise",
        pointwise,
        layer.weights.get("bias"),
        strides=(1, 1),
        padding=(0, 0, 0, 0),
    )


_CONVOLUTIONS: dict[str, Callable[[_KerasChainWriter, NetworkBuilder, ReadLayer, Edges], None]] = {
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
}


def _dense(writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer) -> None:
    if len(builder.shape) == 3 and not writer.is_last:
        raise unheld(writer.source, layer.name, "works on the rows of pictures", "flatten")
    _refuse_without_channels(writer, builder, layer)
    builder.dense(layer.name, layer.weights["kernel"].T, layer.weights.get("bias"))


def _zero_padding(writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer) -> None:
    padding = layer.config["padding"]
    rows, columns = (
        (side, side) if isinstance(side, int) else tuple(side)
        for side in ((padding, padding) if isinstance(padding, int) else padding)
    )
    writer._edges = [*map(int, (*rows, *columns))], layer.name


def _pool(kind: type[layers.Pool]) -> "Write":
    def write(writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer) -> None:
        config = layer.config
        size = config["pool_size"]
        builder.pool(layer.name, kind, size, config["strides"] or size, str(config["padding"]))

    return write


def _global_pool(of: str) -> "Write":
    return lambda writer, builder, layer: builder.global_pool(layer.name, of)


def _batch_norm(writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer) -> None:
    _refuse_other_axis(writer, builder, layer)
    mean = layer.weights["moving_mean"]
    builder.batch_norm(
        layer.name,
        layer.weights.get("gamma", np.ones_like(mean)),
        layer.weights.get("beta", np.zeros_like(mean)),
        mean,
        layer.weights["moving_variance"],
        float(layer.config["epsilon"]),
        1 - float(layer.config.get("momentum", 0.99)),
    )


def _layer_norm(writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer) -> None:
    if layer.config.get("rms_scaling"):
        raise unheld(writer.source, layer.name, "norms without a mean (rms_scaling)")
    _refuse_other_axis(writer, builder, layer)
    _norm(builder, layer, layers.LayerNorm(epsilon=float(layer.config["epsilon"])))


def _group_norm(writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer) -> None:
    _refuse_other_axis(writer, builder, layer)
    groups = int(layer.config["groups"])
    channels = builder.shape[0]
    ours = layers.GroupNorm(
        groups=channels if groups == -1 else groups, epsilon=float(layer.config["epsilon"])
    )
    _norm(builder, layer, ours)


def _norm(
    builder: NetworkBuilder, layer: ReadLayer, ours: layers.LayerNorm | layers.GroupNorm
) -> None:
    ones = np.ones(builder.shape[0], np.float32)
    gamma, beta = layer.weights.get("gamma", ones), layer.weights.get("beta", 0 * ones)
    builder.norm(layer.name, ours, gamma, beta)


def _refuse_other_axis(
    writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer
) -> None:
    _refuse_without_channels(writer, builder, layer)
    axis = layer.config.get("axis", -1)
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = len(builder.shape) + 1
    channels = 1 if not writer.is_last and rank == 4 else rank - 1
    if [index % rank for index in axes] != [channels]:
        raise unheld(writer.source, layer.name, f"norms over the axes {axes}", "the channels' axis")


def _refuse_without_channels(
    writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer
) -> None:
    """Raise ToileError where the last axis is that of a picture's columns."""
    if not writer.has_channels and len(builder.shape) == 3:
        raise unheld(
            writer.source,
            layer.name,
            "works on the columns of pictures that have no axis of channels",
            "the same behind a Reshape to height, width and 1",
        )


def _rescaling(writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer) -> None:
    scale, offset = (
        np.asarray(layer.config[key], np.float64).ravel().tolist() for key in ("scale", "offset")
    )
    builder.rescale(scale, offset, layer.name)


def _normalization(writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer) -> None:
    mean, variance = (
        layer.weights[key] if key in layer.weights else np.atleast_1d(layer.config[key])
        for key in ("mean", "variance")
    )
    mean, variance = (np.asarray(value, np.float64).ravel() for value in (mean, variance))
    # keras/src/layers/preprocessing/normalization.py takes the SD as at least 1e-7.
    sd = np.maximum(np.sqrt(variance), 1e-7)
    channels = builder.shape[0]
    if len(mean) > 1:
        _refuse_other_axis(writer, builder, layer)
    if len(mean) not in (1, channels):
        raise unheld(writer.source, layer.name, f"has {len(mean)} means for {channels} channels")
    if layer.config.get("invert"):
        builder.rescale(sd.tolist(), mean.tolist(), layer.name)
    else:
        builder.rescale((1 / sd).tolist(), (-mean / sd).tolist(), layer.name)


def _reshape(writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer) -> None:
    # The layer, and the function of keras.ops, whose shape has the batch in it.
    config = layer.config
    sides = config["target_shape"] if "target_shape" in config else config["newshape"][1:]
    target = [int(side) for side in sides]
    size = math.prod(builder.shape)
    channels_last = [*builder.shape[1:], builder.shape[0]] if len(builder.shape) == 3 else []
    theirs = channels_last if writer.is_last else list(builder.shape)
    if -1 in target and size:
        known = -math.prod(target)
        target[target.index(-1)] = size // max(known, 1)
    if [side for side in target if side != 1] == [size] and len(builder.shape) == 1:
        return
    if target == [size]:
        _flatten(writer, builder, layer)
    elif target not in (theirs, theirs[:2] if theirs[2:] == [1] else theirs):
        raise unheld(writer.source, layer.name, f"makes {target} of {theirs or size}", "flatten")
    else:
        writer.has_channels = len(target) == 3


def _flatten(writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer) -> None:
    # Keras's own channels_first flattens as channels_last does.
    says_first = layer.config.get("data_format") == "channels_first"
    is_last = writer.is_last or (says_first and layer.kind == "Flatten")
    builder.flatten(layer.name, "last" if is_last else "first")


def _activation_layer(writer: _KerasChainWriter, builder: NetworkBuilder, layer: ReadLayer) -> None:
    kind, config = layer.kind, layer.config
    if kind == "Activation":
        writer._activation(builder, layer.name, config["activation"])
    else:
        writer._activation(builder, layer.name, {"class_name": kind, "config": config})


def _dropout(kind: type[layers.Dropout] | type[layers.SpatialDropout]) -> "Write":
    return lambda writer, builder, layer: builder.add(
        kind(rate=float(layer.config["rate"])), layer.name
    )


Write = Callable[[_KerasChainWriter, NetworkBuilder, ReadLayer], None]
_WRITERS: dict[str, Write] = {
    "Dense": _dense,
    "ZeroPadding2D": _zero_padding,
    "MaxPooling2D": _pool(layers.MaxPool),
    "AveragePooling2D": _pool(layers.AvgPool),
    "GlobalAveragePooling2D": _global_pool("average"),
    "GlobalMaxPooling2D": _global_pool("max"),
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "GroupNormalization": _group_norm,
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Identity": lambda writer, builder, layer: None,
    "Dropout": _dropout(layers.Dropout),
    "SpatialDropout2D": _dropout(layers.SpatialDropout),
    **dict.fromkeys(
        ("Activation", "ReLU", "LeakyReLU", "ELU", "Softmax", "PReLU"), _activation_layer
    ),
}
_NEAREST = {
    "Conv2DTranspose": "conv",
    "Conv1D": "conv on pictures",
    "Add": "a Rescaling layer, for a constant",
    "Subtract": "a Rescaling layer, for a constant",
    "TrueDivide": "a Rescaling layer, for a constant",
    "Concatenate": "residual, a sum of two paths",
    "Multiply": "a Rescaling layer, for a constant",
    "Lambda": "scale or an activation; a Lambda holds code, which is not run",
    "Sequential": "its layers one by one in the model itself",
    "Functional": "its layers one by one in the model itself",
    "Resizing": "data.size_px, by which pictures are resized before",
    "Cropping2D": "data.size_px",
    "CenterCrop": "data.size_px",
    "RandomCrop": "data.size_px, by which pictures are resized before",
    "UpSampling2D": "conv",
}
