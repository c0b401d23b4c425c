"""The kernels of a convolution."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from torch import nn

from toile.errors import ToileError
from toile.inspection.layers import layer_names, layer_of


@dataclass(frozen=True, eq=False)
class Kernels:
    """The weights of convolution `layer`: a kernel for each filter and input channel.

    With groups, the input channels of filter f start at `first_channels[f]`.
    """

    layer: str
    weights: Float32[np.ndarray, "filters seen h w"]
    first_channels: tuple[int, ...]


def kernels(network: nn.Module, layer: str | None = None) -> Kernels:
    """The kernels of the convolution `layer`, by default the first.

    Raises ToileError if the network has no convolution, or if `layer` is none.
    """
    convolutions = [
        name for name in layer_names(network) if isinstance(layer_of(network, name), nn.Conv2d)
    ]
    if not convolutions:
        raise ToileError("the network has no convolution, and so no kernels")
    name = convolutions[0] if layer is None else layer
    module = layer_of(network, name)
    if not isinstance(module, nn.Conv2d):
        raise ToileError(f"{name} has no kernels; convolutions are {', '.join(convolutions)}")
    filters, num_channels = module.weight.shape[:2]
    a_group = filters // module.groups
    return Kernels(
        name,
        module.weight.detach().numpy().copy(),
        tuple(index // a_group * num_channels for index in range(filters)),
    )
