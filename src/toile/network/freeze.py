"""Layers taken out of training."""

from collections.abc import Iterable

from torch import nn

from toile.torch_private import BatchNorm


def freeze(network: nn.Module, layers: Iterable[str]) -> None:
    """Take `layers` out of training, in place."""
    for name in layers:
        network.get_submodule(name).requires_grad_(False)


def set_training_mode(network: nn.Module, frozen: Iterable[str]) -> None:
    """Set every layer to training, but batch norms in `frozen`, which compute as when scoring."""
    network.train()
    for name in frozen:
        for module in network.get_submodule(name).modules():
            if isinstance(module, BatchNorm):
                module.eval()
