"""Kernels by filter and by the channel that they see."""

import numpy as np
import pytest
import torch

from tests.inspection.conftest import (
    CLASSES,
    NETWORKS,
    SHAPE,
    TAIL,
    left_as_it_was,
    network_of,
    noise,
)
from toile.errors import ToileError
from toile.inspection import activations, cut_channels, kernels, pixel
from toile.network import build_network
from toile.recipe import plan_network, recipe_of


def test_the_first_convolution_is_shown_where_none_is_named():
    network = network_of(NETWORKS["plain"])
    found = kernels(network)
    assert found.layer == "conv1"
    assert torch.equal(torch.from_numpy(found.weights), network.conv1.weight.detach())
    assert found.first_channels == (0, 0, 0, 0)
    assert kernels(network, "conv2").weights.shape == (6, 4, 3, 3)


def test_filters_of_groups_see_channels_of_their_own():
    found = kernels(network_of(NETWORKS["groups"]), "conv2")
    assert found.first_channels == (0, 0, 1, 1, 2, 2, 3, 3)


def test_what_has_no_kernels_is_refused():
    with pytest.raises(ToileError, match="the network has no convolution"):
        kernels(network_of(NETWORKS["dense"]))
    with pytest.raises(ToileError, match="dense1 has no kernels; convolutions are conv1, conv2"):
        kernels(network_of(NETWORKS["plain"]), "dense1")


def test_what_is_shown_can_be_changed_without_a_change_of_network_or_picture():
    network, images = network_of(NETWORKS["groups"]), noise(2)
    dense, before = network_of(NETWORKS["dense"]), images.clone()
    with left_as_it_was(network), left_as_it_was(dense):
        kernels(network).weights[:] = 7
        for result in (
            pixel(network, images[0], "conv1", 0),
            pixel(network, images[0], "dense1", 0),
            pixel(dense, images[0], "dense1", 0),
        ):
            result.kernel[:] = 7
            result.window[:] = 7
        activations(dense, images, "flatten1").maps[:] = 7
    assert torch.equal(images, before)


def test_a_network_that_was_cut_shares_no_array_with_the_one_before():
    entries = [{"conv": 4}, "batchnorm", "relu", {"conv": 4}, "layernorm", *TAIL]
    plan = plan_network(recipe_of({"network": entries}).network, SHAPE, CLASSES)
    weights = {name: tensor.numpy() for name, tensor in build_network(plan, 0).state_dict().items()}
    cut = cut_channels(plan, weights, {"dense1": [1]})
    for name, array in cut.weights.items():
        assert not np.shares_memory(array, weights[name]), name
