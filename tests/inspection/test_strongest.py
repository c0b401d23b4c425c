"""Which pictures of a set drive a channel most, and where."""

import numpy as np
import pytest
import torch

from tests.inspection.conftest import NETWORKS, left_as_it_was, network_of, noise
from toile.errors import ToileError
from toile.inspection import activations, layer_names, top_images


def test_the_brightest_patch_is_found_by_hand():
    network = network_of(
        [{"conv": {"filters": 1, "kernel": 2, "stride": 2}}, "flatten", {"dense": "classes"}],
        shape=(1, 4, 6),
    )
    with torch.no_grad():
        network.conv1.weight.fill_(1)
        network.conv1.bias.zero_()
    images = torch.zeros(5, 1, 4, 6)
    images[3, 0, 2:4, 4:6] = 1
    images[1, 0, 0:2, 2:4] = 0.5
    found = top_images(network, images.split(2), "conv1", count=3)
    # Of the three that are all 0 the first is left.
    assert found.indices.tolist() == [[3, 1, 0]]
    assert found.values.tolist() == [[4, 2, 0]]
    assert found.patches[0, :2].tolist() == [[2, 4, 4, 6], [0, 2, 2, 4]]


@pytest.mark.parametrize("batch", [1, 7, 50])
def test_batches_of_any_size_find_the_same(network, batch):
    images = noise(50)
    layer = "relu1"
    if layer not in layer_names(network):
        layer = "gelu1"
    with left_as_it_was(network):
        found = top_images(network, images.split(batch), layer)
    maps = activations(network, images, layer).maps
    greatest = maps.reshape(*maps.shape[:2], -1).max(2).T
    for channel, numbers in enumerate(greatest):
        order = np.argsort(-numbers, kind="stable")[:9]
        np.testing.assert_allclose(found.values[channel], numbers[order], rtol=1e-4, atol=1e-6)


def test_a_patch_at_the_edge_ends_there_and_a_dense_unit_sees_all():
    network = network_of(NETWORKS["residual"])
    found = top_images(network, noise(20).split(8), "residual1", count=2)
    low, high, left, right = found.patches.reshape(-1, 4).T
    assert (low >= 0).all()
    assert (left >= 0).all()
    assert (high <= 9).all()
    assert (right <= 8).all()
    assert (low < high).all()
    dense = top_images(network_of(NETWORKS["dense"]), noise(20).split(8), "relu1", count=2)
    assert (dense.patches == [0, 9, 0, 8]).all()


def test_a_set_smaller_than_what_is_asked_for_gives_all_and_none_is_refused():
    network = network_of(NETWORKS["plain"])
    assert top_images(network, [noise(4)], "relu1").indices.shape == (4, 4)
    with pytest.raises(ToileError, match="there are no pictures"):
        top_images(network, [], "relu1")
