"""A network is its layers one after another, for whoever runs or watches it."""

import pytest
import torch

from toile.network import build_network
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


@pytest.mark.parametrize("training", [True, False])
def test_the_network_a_loop_over_its_layers_and_a_slice_agree(training):
    network = network_of(LAYERS).train(training)
    images = torch.randn(5, 1, 14, 14)
    outputs = images
    for layer in network:
        outputs = layer(outputs)
    assert torch.equal(network(images), outputs)
    assert torch.equal(network[3:](network[:3](images)), outputs)


@pytest.mark.parametrize("training", [True, False])
def test_a_hook_sees_what_the_recipe_says(training):
    network = network_of(LAYERS).train(training)
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
