"""The last hidden layer in a plane."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from tests.inspection.conftest import NETWORKS, left_as_it_was, network_of, noise
from toile.errors import ToileError
from toile.inspection import embedding, watch


def test_principal_components_are_scikit_learns():
    network, images = network_of(NETWORKS["plain"]), noise(40)
    with left_as_it_was(network):
        found = embedding(network, images.split(7))
    assert found.before == "dense2"
    with watch(network, ["relu3"]) as seen:
        network(images)
    np.testing.assert_allclose(found.features, seen["relu3"], rtol=1e-4, atol=1e-5)
    reference = PCA(2).fit(found.features.astype(np.float64))
    np.testing.assert_allclose(found.explained, reference.explained_variance_ratio_, rtol=1e-6)
    points = reference.transform(found.features.astype(np.float64))
    np.testing.assert_allclose(np.abs(found.points), np.abs(points), rtol=1e-4, atol=1e-6)


def test_a_pooled_and_a_narrow_layer_have_a_plane_too():
    assert embedding(network_of(NETWORKS["residual"]), [noise(5)]).features.shape == (5, 6)
    narrow = network_of(["flatten", {"dense": 1}, "relu", {"dense": "classes"}])
    found = embedding(narrow, [noise(5)])
    assert found.points.shape == (5, 2)
    assert not found.points[:, 1].any()


def test_neighbours_stay_neighbours_by_t_sne_and_the_seed_decides_it():
    network = network_of(["flatten", {"dense": 4}, {"dense": "classes"}], shape=(1, 2, 2))
    # Three heaps far apart.
    images = noise(60, (1, 2, 2)) * 0.05 + torch.arange(3.0).repeat(20)[:, None, None, None] * 5
    found = embedding(network, [images], "tsne", seed=1)
    again = embedding(network, [images], "tsne", seed=1)
    assert np.array_equal(found.points, again.points)
    assert found.explained is None
    gaps = np.linalg.norm(found.points[:, None] - found.points, axis=2)
    np.fill_diagonal(gaps, np.inf)
    assert (gaps.argmin(1) % 3 == np.arange(60) % 3).all()


def test_what_cannot_be_laid_out_is_refused():
    network = network_of(NETWORKS["plain"])
    with pytest.raises(ToileError, match="--by is umap; it is pca or tsne"):
        embedding(network, [noise(5)], "umap")
    with pytest.raises(ToileError, match="2 pictures are too few for a map"):
        embedding(network, [noise(2)])
    with pytest.raises(ToileError, match="there are no pictures"):
        embedding(network, [])
