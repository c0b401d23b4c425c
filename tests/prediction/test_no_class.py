"""Pictures of no class: of every grey, and the same for the same seed."""

import numpy as np

from toile.prediction import blank_pictures, noise_pictures


def test_noise_has_every_grey_about_equally_often():
    counts = np.bincount(noise_pictures(100, (1, 28, 28)).ravel(), minlength=256)
    assert len(counts) == 256
    assert 200 < counts.min() < counts.max() < 420


def test_blank_pictures_are_of_one_colour_each_and_not_all_of_the_same():
    blank = blank_pictures(50, (3, 4, 5))
    assert blank.shape == (50, 3, 4, 5)
    assert (blank == blank[:, :, :1, :1]).all()
    assert len(np.unique(blank[:, :, 0, 0], axis=0)) > 40


def test_another_seed_gives_other_pictures():
    for make in (noise_pictures, blank_pictures):
        first, same, other = (make(9, (1, 4, 4), seed) for seed in (0, 0, 1))
        np.testing.assert_array_equal(first, same)
        assert (first != other).any()
