"""Looking into a network while it computes, and leaving it as it was."""

import pytest
import torch
from torch import nn

from tests.inspection.conftest import NETWORKS, left_as_it_was, network_of, noise
from toile.errors import ToileError
from toile.inspection import (
    channel_of,
    evaluating,
    layer_names,
    layer_of,
    watch,
)
from toile.network import single_view
from toile.recipe import plan_network, recipe_of


def test_layers_have_the_names_of_the_plan():
    entries = NETWORKS["residual"]
    plan = plan_network(recipe_of({"network": entries}).network, (2, 9, 8), 3)
    assert sorted(layer_names(network_of(entries))) == sorted(one.name for one in plan.walk())


def test_every_layer_gives_what_it_computes_alone(network, images):
    names = layer_names(network)
    with left_as_it_was(network), watch(network, names) as seen:
        network(images)
    looked = single_view(network)
    outputs = images
    for name, layer in looked.named_children():
        with torch.no_grad():
            outputs = layer(outputs)
        # Batches of another size may be summed in another order.
        torch.testing.assert_close(seen[name], outputs)
    assert set(seen) == set(names)


@pytest.mark.parametrize("behind", ["maxpool1", "dropout1", "conv2"])
def test_the_layer_shown_is_the_one_named_also_behind_pooling_and_dropout(behind):
    # A tool that counts weighted layers, or skips dropout, shows the neighbour's maps.
    network = network_of(
        [{"conv": 3}, "relu", {"maxpool": 2}, {"dropout": 0.5}, {"conv": 5}, "flatten",
         {"dense": "classes"}]
    )  # fmt: skip
    images = noise(2)
    with watch(network, [behind]) as seen:
        network(images)
    before = network[: list(dict(network.named_children())).index(behind) + 1]
    assert torch.equal(seen[behind], before(images).detach())


def test_a_module_that_writes_in_place_does_not_change_what_the_layer_before_it_gave():
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(inplace=True))
    images = noise(2)
    with watch(network, ["0"]) as seen:
        network(images)
    assert torch.equal(seen["0"], network[0](images))
    assert (seen["0"] < 0).any()


def test_a_training_network_is_watched_as_it_scores_and_goes_on_training():
    network = network_of(NETWORKS["groups"]).train()
    network.batchnorm1.eval()
    images = noise(4)
    with left_as_it_was(network), watch(network, ["batchnorm1"]) as seen:
        network(images)
    assert not seen["batchnorm1"].requires_grad
    assert network.training
    assert not network.batchnorm1.training


def test_a_gradient_that_was_there_before_is_still_there_and_grew_by_nothing():
    network = network_of(NETWORKS["dense"])
    network(noise(2)).sum().backward()
    before = network.dense1.weight.grad.clone()
    images = noise(2).requires_grad_()
    with evaluating(network):
        network(images).sum().backward()
    assert torch.equal(network.dense1.weight.grad, before)
    assert images.grad is not None


def test_hooks_are_gone_after_an_exception(network):
    with left_as_it_was(network):
        with pytest.raises(ToileError, match="pictures of 7 x 9 x 8"), watch(network, []):
            network(torch.zeros(1, 7, 9, 8))
        with pytest.raises(RuntimeError, match="mine"), watch(network, layer_names(network)):
            raise RuntimeError(f"mine, of {len(network(noise(1)))}")
        with pytest.raises(KeyError), watch(network, layer_names(network)):
            raise KeyError
        with pytest.raises(ToileError), watch(network, [*layer_names(network), "conv9"]):
            pass


def test_a_layer_or_channel_that_is_not_there_is_refused_with_those_that_are():
    network = network_of(NETWORKS["plain"])
    with pytest.raises(
        ToileError, match=r"no layer relu9; it has conv1, rel.*; did you mean relu3\?$"
    ):
        layer_of(network, "relu9")
    with pytest.raises(ToileError, match="conv1 has no channel 4; it has 4, from 0 to 3"):
        channel_of("conv1", 4, 4)
    with pytest.raises(ToileError, match="conv1 has no channel -1"):
        channel_of("conv1", -1, 4)
