"""The seal: a test part that says how many images it holds, and nothing more."""

import numpy as np
import pytest

import toile.data
from toile.data import Images
from toile.data.sealed import Sealed, open_sealed

IMAGES = Images(np.full((3, 1, 4, 4), 5, np.uint8), np.array([0, 1, 1]))


def test_the_length_is_public():
    assert len(Sealed(IMAGES)) == 3
    assert repr(Sealed(IMAGES)) == "Sealed(3 images)"


@pytest.mark.parametrize("name", ["pixels", "labels", "take", "shape", "__getitem__", "__iter__"])
def test_pixels_and_labels_are_not(name):
    assert not hasattr(Sealed(IMAGES), name)


def test_hashes_outlast_the_pixels():
    resized = Images(IMAGES.pixels, IMAGES.labels, np.arange(6, dtype=np.uint64).reshape(3, 2))
    part = Sealed(resized)
    assert len(part.hashes) == 7  # each file's and full-size picture's, and that of the pixels here
    assert np.array_equal(part.without_pixels().hashes, part.hashes)


def test_the_key_is_not_on_the_rooms_surface():
    assert not hasattr(toile.data, "open_sealed")
    assert open_sealed(Sealed(IMAGES)) is IMAGES
