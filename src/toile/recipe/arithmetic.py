"""What each kind of layer does to a shape, and what it costs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from toile.errors import ToileError
from toile.recipe import layers
from toile.recipe.layers.layer import Layer

Shape = tuple[int, ...]
DATA = "the data"
"""What the first layer reads from."""


@dataclass(frozen=True)
class Arithmetic:
    """A layer's output shape, parameters, multiply-adds for one image, and its window.

    As Keras counts them, parameters hold a batch norm's running mean and variance, which training
    moves but does not learn; `untrained` says how many. The window is its kernel and stride, or
    `sees_all` where every output comes from every place.
    """

    output: Shape
    parameters: int = 0
    untrained: int = 0
    macs: int = 0
    kernel: int = 1
    stride: int = 1
    sees_all: bool = False


@dataclass(frozen=True)
class LayerContext:
    """Where a layer stands: its name, its input's shape and source, and the number of classes."""

    name: str
    shape: Shape
    source: str
    classes: int

    def refuse(self, why: str) -> ToileError:
        """The refusal of this layer, named."""
        return ToileError(f"{self.name}: {why}")


def layer_arithmetic(layer: Layer, context: LayerContext) -> Arithmetic:
    """The output of `layer` there, and its cost.

    Raises ToileError with the arithmetic where it cannot work.
    """
    return _ARITHMETIC[type(layer)](layer, context)


def shape_text(shape: Shape) -> str:
    """`32 x 13 x 13`."""
    return " x ".join(map(str, shape))


def padded_side(side: int, kernel: int, stride: int, padding: str | int) -> tuple[int, int, int]:
    """Pixels that come out of `side`, and the padding before and after it.

    `same` gives ceil(side / stride), the odd pixel after, as in Keras.
    """
    if padding == "same":
        out = math.ceil(side / stride)
        total = max((out - 1) * stride + kernel - side, 0)
        return out, total // 2, total - total // 2
    edge = padding if isinstance(padding, int) else 0
    return (side + 2 * edge - kernel) // stride + 1, edge, edge


def _picture(context: LayerContext) -> tuple[int, int, int]:
    if len(context.shape) != 3:
        raise context.refuse(
            f"it works on pictures, and {context.source} gives {shape_text(context.shape)} numbers "
            "in a row; put it before flatten, globalpool and dense"
        )
    channels, height, width = context.shape
    return channels, height, width


def _windows(context: LayerContext, kernel: int, stride: int, padding: str | int) -> Shape:
    channels, height, width = _picture(context)
    out = tuple(padded_side(side, kernel, stride, padding)[0] for side in (height, width))
    if min(out) < 1:
        extra = f" padded by {padding}" if isinstance(padding, int) and padding else ""
        raise context.refuse(
            f"kernel {kernel} does not fit the {height} x {width} it is given by {context.source}"
            f"{extra}"
        )
    return (channels, *out)


def _conv(layer: layers.Conv, context: LayerContext) -> Arithmetic:
    channels, height, width = _windows(context, layer.kernel, layer.stride, layer.padding)
    if channels % layer.groups or layer.filters % layer.groups:
        raise context.refuse(
            f"groups {layer.groups} must divide both its {channels} channels from {context.source} "
            f"and its {layer.filters} filters"
        )
    weights = layer.filters * (channels // layer.groups) * layer.kernel**2
    return Arithmetic(
        (layer.filters, height, width),
        parameters=weights + layer.filters * layer.bias,
        macs=weights * height * width,
        kernel=layer.kernel,
        stride=layer.stride,
    )


def _dense(layer: layers.Dense, context: LayerContext) -> Arithmetic:
    if len(context.shape) != 1:
        raise context.refuse(
            f"it takes numbers in a row, and {context.source} gives {shape_text(context.shape)}; "
            "put flatten or globalpool before it"
        )
    units = context.classes if layer.units == "classes" else layer.units
    weights = context.shape[0] * units
    return Arithmetic(
        (units,), parameters=weights + units * layer.bias, macs=weights, sees_all=True
    )


def _pool(layer: layers.Pool, context: LayerContext) -> Arithmetic:
    stride = layer.stride or layer.size
    output = _windows(context, layer.size, stride, layer.padding)
    return Arithmetic(output, kernel=layer.size, stride=stride)


def _norm(layer: Layer, context: LayerContext) -> Arithmetic:
    return Arithmetic(context.shape, parameters=2 * context.shape[0])


# Scale and shift are learnt; the running mean and variance are not.
def _batch_norm(layer: Layer, context: LayerContext) -> Arithmetic:
    channels = context.shape[0]
    return Arithmetic(context.shape, parameters=4 * channels, untrained=2 * channels)


def _group_norm(layer: layers.GroupNorm, context: LayerContext) -> Arithmetic:
    if context.shape[0] % layer.groups:
        raise context.refuse(
            f"groups {layer.groups} must divide the {context.shape[0]} channels from "
            f"{context.source}"
        )
    return _norm(layer, context)


def _flatten(layer: Layer, context: LayerContext) -> Arithmetic:
    return Arithmetic((math.prod(context.shape),))


def _global_pool(layer: Layer, context: LayerContext) -> Arithmetic:
    return Arithmetic((_picture(context)[0],), sees_all=True)


def _spatial_dropout(layer: Layer, context: LayerContext) -> Arithmetic:
    return Arithmetic(_picture(context))


def _views(layer: layers.Views, context: LayerContext) -> Arithmetic:
    if context.source != DATA:
        raise context.refuse(
            f"it is given what {context.source} gives; views are of the picture itself, so it "
            "stands before all other layers"
        )
    _, height, width = _picture(context)
    for shift, side, dimension in ((layer.shift_x, width, "wide"), (layer.shift_y, height, "high")):
        if shift >= side:
            raise context.refuse(f"a picture {side} pixels {dimension} cannot be moved by {shift}")
    return Arithmetic(context.shape)


def _unchanged(layer: Layer, context: LayerContext) -> Arithmetic:
    return Arithmetic(context.shape)


_ARITHMETIC: dict[type[Layer], Callable[[Any, LayerContext], Arithmetic]] = {
    **dict.fromkeys(layers.KINDS.values(), _unchanged),
    layers.Conv: _conv,
    layers.Dense: _dense,
    layers.MaxPool: _pool,
    layers.AvgPool: _pool,
    layers.BatchNorm: _batch_norm,
    layers.LayerNorm: _norm,
    layers.GroupNorm: _group_norm,
    layers.Flatten: _flatten,
    layers.GlobalPool: _global_pool,
    layers.SpatialDropout: _spatial_dropout,
    layers.Views: _views,
}
