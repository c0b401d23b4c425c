"""A network with the weights of a training."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from toile.errors import ToileError
from toile.network.build import build_network
from toile.network.views import with_views
from toile.recipe import Plan

Network = nn.Module
"""Layers one after another, `nn.Sequential`, or these with views around them."""


def trained_network(plan: Plan, weights: Mapping[str, np.ndarray]) -> Network:
    """The network of `plan` with `weights` by name, float32, in evaluation mode, on the CPU.

    Raises ToileError where they are not all of this network's tensors and no others.
    """
    network = build_network(plan, 0)
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    shapes = {name: value.shape for name, value in weights.items()}
    for name in sorted({*expected, *shapes}):
        if shapes.get(name) != expected.get(name):
            raise ToileError(
                f"the weights are of another network: {name} has shape "
                f"{shapes.get(name, 'none')}, and {expected.get(name, 'none')} is asked for"
            )
    # Copied into the laid-out network: assigned, they would lose their memory layout.
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return with_views(network.eval(), plan)
