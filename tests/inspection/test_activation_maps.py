"""What layers make of pictures, and which channels say nothing."""

import numpy as np
import torch

from tests.inspection.conftest import NETWORKS, left_as_it_was, network_of, noise
from toile.inspection import activations, dead_channels, layer_names


def test_no_channel_is_dropped_whatever_their_count():
    # Seven fill no square of 2 x 2 or 3 x 3.
    network = network_of([{"conv": 7}, "relu", "flatten", {"dense": "classes"}])
    found = activations(network, noise(2), "relu1")
    assert found.maps.shape == (2, 7, 7, 6)
    assert activations(network, noise(2), "dense1").maps.shape == (2, 3)


def test_a_channel_that_never_fires_is_dead_and_one_that_fires_on_another_picture_is_silent():
    network = network_of([{"conv": 3}, "relu", {"maxpool": 2}, "flatten", {"dense": "classes"}])
    images = noise(2)
    with torch.no_grad():
        network.conv1.weight[0] = 1
        network.conv1.bias[:2] = torch.tensor([0.0, -100])
        # The second picture alone is bright enough.
        network.conv1.weight[2] = 1
        network.conv1.bias[2] = -18
        images[1] += 1.5
    for layer in ("relu1", "maxpool1"):
        with left_as_it_was(network):
            found = activations(network, images, layer)
            dead = dead_channels(network, images, layer)
        assert found.silent.tolist() == [[False, True, True], [False, True, False]], layer
        assert dead.tolist() == [False, True, False], layer
        assert np.isfinite(found.maps).all()


def test_a_unit_is_silent_at_zero_and_not_for_being_one_number():
    network = network_of([*NETWORKS["dense"]])
    with torch.no_grad():
        network.dense1.bias[3] = -100
    assert activations(network, noise(3), "relu1").silent[:, 3].all()
    assert not activations(network, noise(3), "dense1").silent.any()
    assert dead_channels(network, noise(3), "relu1")[3]


def test_dead_means_over_all_batches():
    network = network_of(NETWORKS["dense"])
    images = torch.zeros(301, 2, 9, 8)
    assert dead_channels(network, images, "dense1").all()
    images[300] = noise(1)[0]
    assert not dead_channels(network, images, "dense1").any()


def test_every_layer_of_every_network_has_activations(network, images):
    for layer in layer_names(network):
        with left_as_it_was(network):
            found = activations(network, images, layer)
        assert len(found.maps) == len(images)
        assert found.silent.shape == found.maps.shape[:2]
