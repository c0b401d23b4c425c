"""Kernels by filter and by the channel that they see."""

import pytest
import torch

from tests.inspection.conftest import NETWORKS, network_of
from toile.errors import ToileError
from toile.inspection import kernels


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
