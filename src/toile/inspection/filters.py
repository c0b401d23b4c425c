"""The kernels of a convolution: what each filter has learnt to look for."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from torch import nn

from toile.errors import ToileError
from toile.inspection.layers import layer_names, layer_of


@dataclass(frozen=True, eq=False)
class Kernels:
    """The weights of convolution `layer`: a kernel for each filter and channel that it sees.

    With groups, filter f sees the channels from `first_channels[f]` on.
    """

    layer: str
    weights: Float32[np.ndarray, "filters seen h w"]
    first_channels: tuple[int, ...]


def kernels(network: nn.Module, layer: str | None = None) -> Kernels:
    """The kernels of convolution `layer`; of the first one unless said.

    Raises ToileError where the network has none, or `layer` is no convolution.
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
        module.weight.detach().numpy(),
        tuple(index // a_group * num_channels for index in range(filters)),
    )
