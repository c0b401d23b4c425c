"""How far a picture lies from the training images, against scikit-learn's probabilistic PCA."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from toile.data import Images, novelty
from toile.data.principal_components import NUM_COMPONENTS, _values

RNG = np.random.default_rng(0)


def images(num: int, channels: int = 1, side: int = 8) -> Images:
    """Pictures that vary in some directions more than in others."""
    size = channels * side * side
    greys = 128 + RNG.normal(size=(num, size)) @ RNG.normal(0, 4, (size, size))
    pixels = np.clip(greys, 0, 255).astype(np.uint8).reshape(num, channels, side, side)
    return Images(pixels, np.zeros(num, np.int64))


def test_distances_are_those_of_probabilistic_pca():
    known, other = images(300), images(50).pixels
    reference = PCA(NUM_COMPONENTS, svd_solver="full").fit(known.pixels.reshape(300, -1) / 255)
    rows = other.reshape(50, -1) / 255 - reference.mean_
    # Divided by n, where scikit-learn divides by n - 1.
    covariance = reference.get_covariance() * 299 / 300
    expected = np.sqrt(np.einsum("nd,de,ne->n", rows, np.linalg.inv(covariance), rows) / 64)
    assert novelty(known).distances(other) == pytest.approx(expected, rel=1e-3)


def test_the_training_images_lie_about_1_away_and_noise_far():
    known = images(500)
    noise = RNG.integers(0, 256, (20, 1, 8, 8), dtype=np.uint8)
    found = novelty(known)
    assert np.median(found.distances(known.pixels)) == pytest.approx(1, abs=0.1)
    assert found.distances(noise).min() > np.quantile(found.distances(known.pixels), 0.99)


def test_large_pictures_are_averaged_over_squares_that_end_where_the_picture_does():
    pixels = np.arange(25, dtype=np.uint8).reshape(1, 1, 5, 5)
    # The first square of two rows and columns is 0, 1, 5, 6; the last, of one, is 24.
    averaged = 255 * _values(pixels, 2)
    assert averaged[0] == pytest.approx([3, 5, 6.5, 13, 15, 16.5, 20.5, 22.5, 24])


@pytest.mark.parametrize(("channels", "side", "factor"), [(1, 28, 1), (1, 33, 2), (3, 64, 4)])
def test_it_fits_pictures_of_its_own_shape_alone(channels, side, factor):
    found = novelty(images(4, channels, side) if side < 30 else flat(channels, side))
    assert found.factor == factor
    assert found.fits((channels, side, side))
    assert not found.fits((channels, side + 2 * factor, side))


def flat(channels: int, side: int) -> Images:
    """A few pictures of one grey each."""
    pixels = np.full((4, channels, side, side), 9, np.uint8)
    return Images(pixels, np.zeros(4, np.int64))


def test_pictures_all_alike_give_a_distance_for_others():
    known = flat(1, 8)
    found = novelty(known)
    assert found.distances(known.pixels) == pytest.approx(0)
    assert np.isfinite(found.distances(known.pixels + 1)).all()
    assert found.distances(known.pixels + 1).min() > 1
