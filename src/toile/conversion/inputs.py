"""The scales in which networks take their pictures, and a network that takes ours."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from toile.conversion.foreign import ForeignNetwork
from toile.recipe import layers

INPUT_LAYERS = ("input_scale", *(f"input_scale_{number}" for number in range(2, 1002)))


@dataclass(frozen=True)
class Scaling:
    """`factor * x + offset` of pixels in [0, 1], or of those standardised by the training part.

    Both are of one number, or of one for each of three channels.
    """

    words: str
    factor: tuple[float, ...]
    offset: tuple[float, ...]
    is_standard: bool = False

    def fits(self, channels: int) -> bool:
        """Whether pictures of so many channels can be scaled so."""
        return len(self.factor) in (1, channels)


IMAGENET_MEAN, IMAGENET_SD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of pixels in [0, 1], red, green and blue: what torchvision's networks and their like expect."""


SCALINGS: Mapping[str, Scaling] = MappingProxyType(
    {
        "unit": Scaling("0 to 1", (1.0,), (0.0,)),
        "bytes": Scaling("0 to 255", (255.0,), (0.0,)),
        "symmetric": Scaling("-1 to 1", (2.0,), (-1.0,)),
        "standard": Scaling("standardised by the training images", (1.0,), (0.0,), True),
        "imagenet": Scaling(
            "standardised by ImageNet's mean and SD",
            tuple(1 / sd for sd in IMAGENET_SD),
            tuple(-mean / sd for mean, sd in zip(IMAGENET_MEAN, IMAGENET_SD, strict=True)),
        ),
        "unit-inverted": Scaling("0 to 1, inverted", (-1.0,), (1.0,)),
        "bytes-inverted": Scaling("0 to 255, inverted", (-255.0,), (255.0,)),
        "symmetric-inverted": Scaling("-1 to 1, inverted", (-2.0,), (1.0,)),
        "standard-inverted": Scaling(
            "standardised by the training images, inverted", (-1.0,), (0.0,), True
        ),
    }
)
"""How pictures may have been scaled that a network was trained on, the likeliest first."""


def scaled_inputs(network: ForeignNetwork, scaling: Scaling) -> ForeignNetwork:
    """`network` behind a layer that brings our pictures to the scale it takes.

    What it takes then are pixels in [0, 1], or standardised ones where `scaling` is so. Where they
    are in its scale already, no layer is added.
    """
    total = network.scale.after(scaling.factor, scaling.offset)
    channels = len(total.factor)
    unscaled = replace(network, scale=type(total)((1.0,) * channels, (0.0,) * channels))
    if total == unscaled.scale:
        return unscaled
    weights: dict[str, np.ndarray] = {}
    used = layers.layer_names(network.layers)
    name = next(name for name in INPUT_LAYERS if name not in used)
    first: layers.Layer
    if len({*total.factor}) == 1 and len({*total.offset}) == 1:
        first = layers.Scale(name=name, factor=total.factor[0], offset=total.offset[0])
    else:
        first = layers.Conv(name=name, filters=channels, kernel=1, groups=channels)
        weights[f"{name}.weight"] = np.reshape(total.factor, (-1, 1, 1, 1)).astype("f4")
        weights[f"{name}.bias"] = np.asarray(total.offset, np.float32)
    chain = (first, *network.layers)
    # A name by count moves on where a layer of its kind comes before it.
    before, after = layers.layer_names(network.layers), layers.layer_names(chain)[1:]
    renamed = dict(zip(before, after, strict=True))
    for key, value in network.weights.items():
        weights[_renamed(key, renamed)] = value
    origins = {_renamed(key, renamed): origin for key, origin in network.origins.items()}
    return replace(unscaled, layers=chain, weights=weights, origins=origins)


def _renamed(key: str, names: Mapping[str, str]) -> str:
    layer, dot, within = key.partition(".")
    return f"{names[layer]}{dot}{within}"
