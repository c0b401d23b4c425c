"""The nearest pictures in the last hidden layer."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from tests.inspection.conftest import NETWORKS, left_as_it_was, network_of, noise
from toile.errors import ToileError
from toile.inspection import nearest_images, watch


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("batch", [1, 7, 50])
def test_they_are_scikit_learns_for_batches_of_any_size(metric, batch):
    network, images, others = network_of(NETWORKS["smooth"]), noise(6), noise(50).flip(3)
    with left_as_it_was(network):
        found = nearest_images(network, images, others.split(batch), 4, metric)
    assert found.before == "dense5"
    features = []
    for pictures in (images, others):
        with watch(network, ["leaky_relu1"]) as outputs:
            network(pictures)
        features.append(outputs["leaky_relu1"].numpy())
    reference = NearestNeighbors(n_neighbors=4, metric=metric, algorithm="brute")
    distances, indices = reference.fit(features[1]).kneighbors(features[0])
    assert found.indices.tolist() == indices.tolist()
    np.testing.assert_allclose(found.distances, distances, rtol=1e-3, atol=1e-6)


def test_the_first_of_equally_near_ones_is_taken_and_no_more_than_there_are():
    network = network_of(["flatten", {"dense": 4}, {"dense": "classes"}], shape=(1, 2, 2))
    with torch.no_grad():
        # Sums of whole numbers, which no order of adding changes.
        network.dense1.weight.fill_(1)
        network.dense1.bias.fill_(0)
    pictures = torch.tensor([1.0, 5, 1, 7, 1])[:, None, None, None].expand(5, 1, 2, 2)
    found = nearest_images(network, pictures[:1], pictures.split(2), 3, "euclidean")
    assert found.indices.tolist() == [[0, 2, 4]]
    assert found.distances.tolist() == [[0, 0, 0]]
    assert found.num_nearest.tolist() == [3]
    few = nearest_images(network, pictures[1:2], pictures.split(2), 9, "euclidean")
    assert few.indices.tolist() == [[1, 3, 0, 2, 4]]
    assert few.num_nearest.tolist() == [1]
    # A nearer one in a later batch is counted anew.
    later = nearest_images(network, pictures[3:4], pictures.split(2), 3, "euclidean")
    assert later.num_nearest.tolist() == [1]


def test_a_picture_of_which_all_numbers_are_0_is_at_right_angles_to_all():
    network = network_of(["flatten", {"dense": 4}, "relu", {"dense": "classes"}], shape=(1, 2, 2))
    with torch.no_grad():
        network.dense1.bias.fill_(0)
    found = nearest_images(network, torch.zeros(1, 1, 2, 2), [noise(3, (1, 2, 2))], 2)
    assert found.indices.tolist() == [[0, 1]]
    assert found.distances.tolist() == [[1, 1]]
    assert found.num_nearest.tolist() == [3]


def test_another_metric_is_refused():
    network = network_of(NETWORKS["plain"])
    with pytest.raises(ToileError, match="metric is manhattan; it is cosine or euclidean"):
        nearest_images(network, noise(1), [noise(2)], metric="manhattan")
