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
"""Who gives the first layer what it takes."""


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
class Place:
    """Where a layer stands: its name, what it is given and by whom, and the number of classes."""

    name: str
    shape: Shape
    giver: str
    classes: int

    def refuse(self, why: str) -> ToileError:
        """The refusal of this layer, named."""
        return ToileError(f"{self.name}: {why}")


def layer_arithmetic(layer: Layer, place: Place) -> Arithmetic:
    """What `layer` makes there. Raises ToileError with the arithmetic where it cannot work."""
    return _ARITHMETIC[type(layer)](layer, place)


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


def _picture(place: Place) -> tuple[int, int, int]:
    if len(place.shape) != 3:
        raise place.refuse(
            f"it works on pictures, and {place.giver} gives {shape_text(place.shape)} numbers in a "
            "row; put it before flatten, globalpool and dense"
        )
    channels, height, width = place.shape
    return channels, height, width


def _windows(place: Place, kernel: int, stride: int, padding: str | int) -> Shape:
    channels, height, width = _picture(place)
    out = tuple(padded_side(side, kernel, stride, padding)[0] for side in (height, width))
    if min(out) < 1:
        extra = f" padded by {padding}" if isinstance(padding, int) and padding else ""
        raise place.refuse(
            f"kernel {kernel} does not fit the {height} x {width} it is given by {place.giver}"
            f"{extra}"
        )
    return (channels, *out)


def _conv(layer: layers.Conv, place: Place) -> Arithmetic:
    channels, height, width = _windows(place, layer.kernel, layer.stride, layer.padding)
    if channels % layer.groups or layer.filters % layer.groups:
        raise place.refuse(
            f"groups {layer.groups} must divide both its {channels} channels from {place.giver} "
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


def _dense(layer: layers.Dense, place: Place) -> Arithmetic:
    if len(place.shape) != 1:
        raise place.refuse(
            f"it takes numbers in a row, and {place.giver} gives {shape_text(place.shape)}; "
            "put flatten or globalpool before it"
        )
    units = place.classes if layer.units == "classes" else layer.units
    weights = place.shape[0] * units
    return Arithmetic(
        (units,), parameters=weights + units * layer.bias, macs=weights, sees_all=True
    )


def _pool(layer: layers.Pool, place: Place) -> Arithmetic:
    stride = layer.stride or layer.size
    output = _windows(place, layer.size, stride, layer.padding)
    return Arithmetic(output, kernel=layer.size, stride=stride)


def _norm(layer: Layer, place: Place) -> Arithmetic:
    return Arithmetic(place.shape, parameters=2 * place.shape[0])


# Scale and shift are learnt; the running mean and variance are not.
def _batch_norm(layer: Layer, place: Place) -> Arithmetic:
    channels = place.shape[0]
    return Arithmetic(place.shape, parameters=4 * channels, untrained=2 * channels)


def _group_norm(layer: layers.GroupNorm, place: Place) -> Arithmetic:
    if place.shape[0] % layer.groups:
        raise place.refuse(
            f"groups {layer.groups} must divide the {place.shape[0]} channels from {place.giver}"
        )
    return _norm(layer, place)


def _flatten(layer: Layer, place: Place) -> Arithmetic:
    return Arithmetic((math.prod(place.shape),))


def _global_pool(layer: Layer, place: Place) -> Arithmetic:
    return Arithmetic((_picture(place)[0],), sees_all=True)


def _spatial_dropout(layer: Layer, place: Place) -> Arithmetic:
    return Arithmetic(_picture(place))


def _views(layer: layers.Views, place: Place) -> Arithmetic:
    if place.giver != DATA:
        raise place.refuse(
            f"it is given what {place.giver} gives; views are of the picture itself, so it stands "
            "before all other layers"
        )
    _, height, width = _picture(place)
    for shift, side, what in ((layer.shift_x, width, "wide"), (layer.shift_y, height, "high")):
        if shift >= side:
            raise place.refuse(f"a picture {side} pixels {what} cannot be moved by {shift}")
    return Arithmetic(place.shape)


def _unchanged(layer: Layer, place: Place) -> Arithmetic:
    return Arithmetic(place.shape)


_ARITHMETIC: dict[type[Layer], Callable[[Any, Place], Arithmetic]] = {
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
