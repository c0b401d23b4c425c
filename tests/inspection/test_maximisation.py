"""A picture that drives a channel, inside what the data looks like."""

import pytest
import torch

from tests.inspection.conftest import NETWORKS, left_as_it_was, network_of, noise
from toile.errors import ToileError
from toile.inspection import maximise


def test_it_drives_the_channel_further_than_where_it_began_and_stays_in_the_datas_range():
    network, images = network_of(NETWORKS["plain"]), noise(60)
    # A pixel that is the same in all pictures stays so.
    images[:, 0, 0, 0] = 0.25
    with left_as_it_was(network):
        found = maximise(network, images, "conv2", 1, steps=60)
    assert found.value > found.start
    assert found.value > found.images.mean()
    picture = torch.from_numpy(found.picture)
    assert (picture <= images.amax(0) + 1e-6).all()
    assert (picture >= images.amin(0) - 1e-6).all()
    assert picture[0, 0, 0] == pytest.approx(0.25, abs=1e-5)
    assert found.distance <= 1.01


def test_of_a_weighted_sum_it_goes_where_the_weights_point():
    network = network_of(["flatten", {"dense": "classes"}], shape=(1, 2, 2), classes=2)
    with torch.no_grad():
        network.dense1.weight[0] = torch.tensor([1.0, -1, 0, 0])
    images = noise(200, (1, 2, 2))
    found = maximise(network, images, "dense1", 0)
    picture = found.picture[0]
    assert picture[0, 0] > 0.75
    assert picture[0, 1] < 0.25
    assert found.images.shape == (200,)
    assert found.strongest == found.images.max()


def test_the_same_seed_makes_the_same_picture_and_what_is_not_there_is_refused():
    network, images = network_of(NETWORKS["views"]), noise(30)
    one, two = (maximise(network, images, "relu1", 0, steps=5, seed=2) for _ in range(2))
    assert (one.picture == two.picture).all()
    with pytest.raises(ToileError, match="relu1 has no channel 4"):
        maximise(network, images, "relu1", 4)
    with pytest.raises(ToileError, match="no layer relu7"):
        maximise(network, images, "relu7", 4)
    with pytest.raises(ToileError, match="1 pictures have no range"):
        maximise(network, images[:1], "relu1", 0)
