"""Layers taken out of training."""

from collections.abc import Iterable

from torch import nn


def freeze(network: nn.Module, layers: Iterable[str]) -> None:
    """Take `layers` out of training, in place."""
    for name in layers:
        network.get_submodule(name).requires_grad_(False)
