"""A chain of links makes what the layers make, and has the gradients that autograd has."""

import pytest
import torch
from torch import nn

from toile.engine.kernels.blocks import AutogradBlock, DenseBlock, DropoutBlock
from toile.engine.kernels.compiled_network import CompiledNetwork
from toile.engine.kernels.first_block import FirstBlock
from toile.engine.kernels.inner_conv import InnerConvBlock
from toile.engine.kernels.max_pool import MaxPoolBlock
from toile.network import build_network, reseed_dropout
from toile.recipe import plan_network, recipe_of

CONV = {"conv": {"filters": 4, "padding": "same"}}
NETWORKS = {
    "block, tape, dense": [CONV, "relu", {"maxpool": 2}, CONV, "gelu", "flatten", {"dense": 5}],
    "dropout between": [CONV, "relu", {"dropout": 0.4}, "flatten", {"dense": 9}, {"dropout": 0.5}],
    "spatial dropout": [CONV, {"spatial_dropout": 0.5}, {"maxpool": 2}, "flatten"],
    "batch norm": [CONV, {"maxpool": 2}, "batchnorm", "relu", "flatten", {"dense": 6}, "relu"],
    "residual": [CONV, {"residual": {"layers": [CONV, "batchnorm"]}}, {"globalpool": "average"}],
    "dense alone": ["flatten", {"dense": {"units": 7, "bias": False}}, "relu"],
    "a large first kernel": [{"conv": {"filters": 3, "kernel": 9}}, "relu", "flatten"],
    "a pool of three": [CONV, "relu", {"maxpool": {"size": 3, "stride": 2}}, "flatten"],
    "dropout first": [{"dropout": 0.2}, CONV, "flatten", {"dense": 6}, "tanh"],
    "few channels": [
        {"conv": {"filters": 8, "padding": "same"}},
        "relu",
        {"maxpool": 2},
        {"conv": {"filters": 16, "kernel": 2, "padding": "same"}},
        "relu",
        {"maxpool": 2},
        {"conv": {"filters": 8, "kernel": 2, "bias": False}},
        "relu",
        "flatten",
    ],
    "few images": [CONV, "flatten", {"dense": 2}],
}


def network_of(layers: list) -> nn.Sequential:
    plan = plan_network(
        recipe_of({"network": [*layers, {"dense": "classes"}]}).network, (1, 12, 10), 3
    )
    return build_network(plan, 0).train()


def images_of(n: int = 4) -> torch.Tensor:
    draw = torch.Generator().manual_seed(1)
    return torch.randn(n, 1, 12, 10, generator=draw).to(memory_format=torch.channels_last)


def by_autograd(network: nn.Sequential, images: torch.Tensor, toward: torch.Tensor):
    reseed_dropout(network, 0, 1)
    outputs = network(images)
    weights = [one for one in network.parameters() if one.requires_grad]
    return outputs, dict(
        zip(weights, torch.autograd.grad(outputs, weights, toward.to(outputs.dtype)), strict=True)
    )


def by_chain(compiled: CompiledNetwork, images: torch.Tensor, toward: torch.Tensor):
    reseed_dropout(compiled.network, 0, 1)
    outputs = compiled.forward(images)
    return outputs, dict(zip(compiled.weights, compiled.backward(toward), strict=True))


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_and_gradients_are_those_of_autograd(name):
    network, toward = network_of(NETWORKS[name]), torch.randn(4, 3)
    expected, theirs = by_autograd(network, images_of(), toward)

    outputs, mine = by_chain(CompiledNetwork(network, torch.float32), images_of(), toward)

    torch.testing.assert_close(outputs, expected)
    assert set(mine) == set(theirs)
    for weight, gradient in theirs.items():
        torch.testing.assert_close(mine[weight], gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_in_bfloat16_gradients_are_as_near_as_autocast_has_them(name):
    network, toward = network_of(NETWORKS[name]), torch.randn(64, 3)
    _, exact = by_autograd(network, images_of(64), toward)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        _, theirs = by_autograd(network, images_of(64), toward)

    _, mine = by_chain(CompiledNetwork(network, torch.bfloat16), images_of(64), toward)

    names = {weight: name for name, weight in network.named_parameters()}
    for weight, right in exact.items():
        assert mine[weight].dtype == torch.float32
        error, other = (mine[weight] - right).norm(), (theirs[weight] - right).norm()
        assert error <= 1.5 * other + 0.01 * right.norm() + 0.02, names[weight]


def kinds(layers: list, dtype: torch.dtype = torch.float32) -> list[type]:
    return [type(block) for block in CompiledNetwork(network_of(layers), dtype).blocks]


def test_common_layers_are_links_of_their_own_and_the_rest_is_taped_together():
    layers = [CONV, "relu", {"maxpool": 2}, {"dropout": 0.2}, CONV, "gelu", CONV, "relu", "flatten"]
    assert kinds([*layers, {"dense": 5}, "relu"]) == [
        FirstBlock,
        DropoutBlock,
        AutogradBlock,
        DenseBlock,
        DenseBlock,
    ]
    assert kinds([{"conv": {"filters": 3, "kernel": 9}}, "flatten"]) == [AutogradBlock, DenseBlock]
    assert kinds([CONV, "batchnorm", "flatten"]) == [FirstBlock, AutogradBlock, DenseBlock]
    few = NETWORKS["few channels"]
    assert kinds(few) == [FirstBlock, AutogradBlock, DenseBlock]
    in_half = [FirstBlock, InnerConvBlock, MaxPoolBlock, InnerConvBlock, AutogradBlock, DenseBlock]
    assert kinds(few, torch.bfloat16) == in_half


def test_off_the_cpu_all_layers_are_one_link_of_autograds():
    layers = [CONV, "relu", {"maxpool": 2}, {"dropout": 0.2}, "flatten"]
    (block,) = CompiledNetwork(network_of(layers).to("meta"), torch.float32).blocks
    assert isinstance(block, AutogradBlock)


def asking(asked: list, place: int, backward):
    """`backward`, and it is kept whether the gradient of the inputs was wanted there."""

    def ask(gradient, wanted):
        asked.append((place, wanted))
        return backward(gradient, wanted)

    return ask


def test_frozen_layers_get_no_gradient_and_nothing_goes_back_below_the_lowest_trained():
    network = network_of([CONV, "relu", "flatten", {"dense": 6}, "relu"])
    for weight in network.conv1.parameters():
        weight.requires_grad_(False)
    toward = torch.randn(4, 3)
    _, theirs = by_autograd(network, images_of(), toward)
    compiled = CompiledNetwork(network, torch.float32)
    asked = []
    for place, block in enumerate(compiled.blocks):
        block.backward = asking(asked, place, block.backward)

    _, mine = by_chain(compiled, images_of(), toward)

    assert asked == [(2, True), (1, False)]
    assert (
        set(mine)
        == set(theirs)
        == set(network.dense1.parameters()) | set(network.dense2.parameters())
    )
    for weight, gradient in theirs.items():
        torch.testing.assert_close(mine[weight], gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("num_images", [3, 20])
def test_a_dense_layer_gives_pictures_their_gradient_in_their_own_memory_layout(num_images):
    """Of more images than there are units weights are moved, of fewer the pictures."""
    dense = nn.Linear(4 * 3 * 5, 8)
    pictures = torch.randn(num_images, 4, 3, 5).to(memory_format=torch.channels_last)
    toward = torch.randn(num_images, 8)
    expected = torch.autograd.grad(
        dense(given := pictures.clone().flatten(1).requires_grad_()), given, toward
    )[0]
    block = DenseBlock(dense, False, torch.float32)
    with torch.no_grad():
        block.forward(pictures)
        below, _ = block.backward(toward, True)
    assert below.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(below.flatten(1), expected)
