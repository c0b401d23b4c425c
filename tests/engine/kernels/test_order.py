"""A step runs pools before ReLUs, and gives the same numbers."""

import torch
from torch import nn

from tests.network.test_sequence import LAYERS, network_of
from toile.engine.kernels.order import pools_first
from toile.network import MaxPool2d


def gradients(layers, network, images) -> list[torch.Tensor]:
    outputs = images
    for layer in layers:
        outputs = layer(outputs)
    return [outputs, *torch.autograd.grad(outputs.square().sum(), list(network.parameters()))]


def test_pools_first_gives_the_numbers_and_gradients_of_the_layers_as_written():
    network = network_of(LAYERS)
    images = torch.randn(5, 1, 14, 14).to(memory_format=torch.channels_last)
    for mine, other in zip(
        gradients(pools_first(network), network, images),
        gradients(network, network, images),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


def test_a_pool_goes_before_the_relu_in_front_of_it_and_no_further():
    relu, gelu, other, pool = nn.ReLU(), nn.GELU(), nn.ELU(), MaxPool2d(2, 2, (0, 0, 0, 0))
    assert pools_first([other, relu, pool, gelu]) == [other, pool, relu, gelu]
    assert pools_first([gelu, pool, relu]) == [gelu, pool, relu]
