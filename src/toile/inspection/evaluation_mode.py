"""A network in evaluation mode for a while, without gradients of its weights."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """`network` in evaluation mode, without gradients of its weights; restored afterwards."""
    modes = [(module, module.training) for module in network.modules()]
    wanting = [weight for weight in network.parameters() if weight.requires_grad]
    network.eval()
    try:
        for weight in wanting:
            weight.requires_grad_(False)
        yield
    finally:
        for weight in wanting:
            weight.requires_grad_(True)
        for module, mode in modes:
            module.training = mode
