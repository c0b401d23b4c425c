"""Training runs the layers in another order, and gives the same numbers."""

import torch
from torch import nn

from toile.network import build_network
from toile.network.padding import MaxPool2d
from toile.network.sequence import as_trained
from toile.recipe import plan_network, recipe_of

LAYERS = [
    {"conv": {"filters": 4}},
    "relu",
    {"maxpool": 2},
    {"conv": {"filters": 6, "padding": "same"}},
    {"leaky_relu": 0.1},
    {"maxpool": {"size": 3, "stride": 2, "padding": "same"}},
    "flatten",
    {"dense": "classes"},
]


def network_of(layers):
    plan = plan_network(recipe_of({"network": layers}).network, (1, 14, 14), 3)
    return build_network(plan, 0)


def gradients(network, images, training: bool) -> list[torch.Tensor]:
    network.train(training)
    made = network(images)
    return [made, *torch.autograd.grad(made.square().sum(), list(network.parameters()))]


def test_training_gives_the_numbers_and_gradients_of_the_layers_as_written():
    network = network_of(LAYERS)
    images = torch.randn(5, 1, 14, 14).to(memory_format=torch.channels_last)
    for mine, other in zip(
        gradients(network, images, True), gradients(network, images, False), strict=True
    ):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


def test_a_pool_goes_before_the_relu_in_front_of_it_and_no_further():
    relu, gelu, other, pool = nn.ReLU(), nn.GELU(), nn.ELU(), MaxPool2d(2, 2, (0, 0, 0, 0))
    assert as_trained([other, relu, pool, gelu]) == [other, pool, relu, gelu]
    assert as_trained([gelu, pool, relu]) == [gelu, pool, relu]


def test_outside_training_each_layer_sees_what_the_recipe_says():
    network = network_of(LAYERS).eval()
    seen = {}
    for name in ("conv1", "relu1"):
        network.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: seen.update({name: output.shape[-1]})
        )
    network(torch.randn(1, 1, 14, 14))
    assert seen == {"conv1": 12, "relu1": 12}


def test_a_flattened_gradient_comes_back_in_the_pictures_memory_layout():
    network = network_of(LAYERS)
    pictures = torch.randn(2, 6, 4, 4).to(memory_format=torch.channels_last).requires_grad_()
    rows = network.flatten1(pictures)
    assert torch.equal(rows, pictures.flatten(1))
    (gradient,) = torch.autograd.grad(rows, pictures, torch.arange(192.0).view(2, 96))
    assert gradient.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(gradient.flatten(1), torch.arange(192.0).view(2, 96))
