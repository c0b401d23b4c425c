import math

import numpy as np
import pytest

from toile.statistics.variance import level_variance, pair_variance, seed_correlation


def draw(
    rng: np.random.Generator, seeds: np.ndarray, images: np.ndarray, shift: float = 0.0
) -> np.ndarray:
    """Hits whose chance is .5, moved by the reading's and by the image's own effect."""
    chance = 0.5 + shift + seeds[:, None] + images[None, :]
    assert chance.min() >= 0
    assert chance.max() <= 1
    return rng.random(chance.shape) < chance


def test_by_hand_readings_that_differ_and_images_that_do_not():
    # One reading right on all, one on none: the whole noise is the readings'.
    noise = level_variance(np.array([[True] * 4, [False] * 4]))
    assert noise.seed_sd == pytest.approx(math.sqrt(0.5))
    assert noise.seed_error == pytest.approx(0.5)
    assert noise.image_error == 0
    assert noise.error == pytest.approx(0.5)


def test_by_hand_images_that_differ_and_readings_that_do_not():
    # Each reading right on the same two of four: a variance of 1/3 over 4 images.
    noise = level_variance(np.array([[True, True, False, False]] * 3))
    assert noise.seed_sd == 0
    assert noise.image_error == pytest.approx(math.sqrt(1 / 3 / 4))
    assert noise.error == pytest.approx(noise.image_error)


def test_one_reading_leaves_its_noise_open():
    noise = level_variance(np.ones((1, 4), bool))
    assert math.isnan(noise.error)
    assert math.isnan(pair_variance(np.ones((1, 4), bool), np.ones((2, 4), bool)).error)


def test_the_errors_are_those_of_drawing_seeds_and_images_anew():
    """What it says of one table is what means of 600 tables spread by."""
    rng = np.random.default_rng(0)
    r, n, seed_sd, image_sd = 5, 400, 0.03, 0.2
    means, told = [], []
    for _ in range(600):
        hits = draw(
            rng, rng.uniform(-1, 1, r) * seed_sd * 3**0.5, rng.choice([-1, 1], n) * image_sd
        )
        means.append(hits.mean())
        told.append(level_variance(hits))
    error = math.sqrt(np.mean([one.error**2 for one in told]))
    images = math.sqrt(np.mean([one.image_error**2 for one in told]))
    assert error == pytest.approx(np.std(means), rel=0.08)
    assert images == pytest.approx(image_sd / math.sqrt(n), rel=0.03)
    # On the same images readings differ by their seed's effect and the luck of each image.
    on_these = math.sqrt(seed_sd**2 + (0.25 - image_sd**2 - seed_sd**2) / n)
    spread = math.sqrt(np.mean([one.seed_sd**2 for one in told]))
    assert spread == pytest.approx(on_these, rel=0.05)


def test_with_many_readings_the_images_noise_remains():
    rng = np.random.default_rng(1)
    images = rng.choice([-1, 1], 400) * 0.2
    few, many = (level_variance(draw(rng, rng.uniform(-0.05, 0.05, r), images)) for r in (10, 1000))
    assert many.error < few.error
    assert many.error == pytest.approx(0.2 / math.sqrt(400), rel=0.05)


def test_images_hard_for_both_levels_leave_their_difference_alone():
    rng = np.random.default_rng(2)
    differences, told = [], []
    for _ in range(600):
        images = rng.choice([-1, 1], 400) * 0.3
        own = rng.choice([-1, 1], 400) * 0.05
        first = draw(rng, rng.uniform(-0.03, 0.03, 4), images + own, shift=0.05)
        second = draw(rng, rng.uniform(-0.03, 0.03, 6), images)
        differences.append(first.mean() - second.mean())
        told.append(pair_variance(first, second))
    error = math.sqrt(np.mean([one.error**2 for one in told]))
    assert np.mean([one.difference for one in told]) == pytest.approx(0.05, abs=0.004)
    assert error == pytest.approx(np.std(differences), rel=0.08)
    images = math.sqrt(np.mean([one.image_error**2 for one in told]))
    assert images < 0.3 / math.sqrt(400) / 2
    assert told[0].seed_error > 0


def test_the_correlation_is_the_mean_of_numpys_over_pairs_with_seeds_in_common():
    nan = math.nan
    scores = np.array([[1.0, 2, 3, 4], [2, 4, 6, 9], [4, 3, 2, nan], [1, nan, nan, 2]])
    found = seed_correlation(scores)
    expected = [
        np.corrcoef(scores[0], scores[1])[0, 1],
        -1.0,
        np.corrcoef(scores[1, :3], [4, 3, 2])[0, 1],
    ]
    assert found.mean == pytest.approx(np.mean(expected))
    assert (found.pairs, found.seeds) == (3, 4)


@pytest.mark.parametrize("scores", [[[1.0, 2], [2, 1]], [[1.0, 2, 3]], [[1.0, 1, 1], [1, 2, 3]]])
def test_without_three_seeds_in_common_or_a_spread_there_is_no_correlation(scores):
    assert seed_correlation(np.array(scores)) is None
