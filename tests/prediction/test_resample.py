"""Parts of pictures at another size."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from toile.prediction.resample import resampled

BLACK = np.array([0.0])
SMALL = np.random.default_rng(0).integers(0, 256, (1, 10, 10)).astype(np.float32)
WHOLE = (0.0, 0.0, 90.0, 90.0)


def enlarged(by: Image.Resampling) -> np.ndarray:
    return np.asarray(Image.fromarray(SMALL[0]).resize((90, 90), by))[None]


def test_what_was_enlarged_in_blocks_comes_back_exactly():
    back, was_smooth = resampled(enlarged(Image.Resampling.NEAREST), WHOLE, (10, 10), BLACK)
    assert back == pytest.approx(SMALL, abs=1e-3)
    assert not was_smooth


@pytest.mark.parametrize("by", ["BICUBIC", "BILINEAR", "LANCZOS"])
def test_what_was_enlarged_smoothly_comes_back_sharper_than_its_mean(by):
    large = enlarged(Image.Resampling[by])
    back, was_smooth = resampled(large, WHOLE, (10, 10), BLACK)
    mean = np.asarray(Image.fromarray(large[0]).reduce(9))
    assert was_smooth
    assert np.abs(back - SMALL).mean() < 0.6 * np.abs(mean - SMALL).mean()


def test_beyond_the_picture_there_is_paper():
    part = (-20.0, 0.0, 20.0, 40.0)
    small, _ = resampled(np.full((1, 40, 40), 9, np.float32), part, (4, 4), np.array([250.0]))
    assert small[0].tolist() == [[250, 250, 9, 9]] * 4


def test_a_part_far_larger_than_its_picture_takes_little_memory():
    # 16 times the picture: 128 px of it a pixel, and so 4 x 4 of 64 x 64 hold it all.
    picture, part = np.full((1, 512, 512), 200, np.float32), (-3840.0, -3840.0, 4352.0, 4352.0)
    tracemalloc.start()
    small, _ = resampled(picture, part, (64, 64), np.array([7.0]))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    expected = np.full((1, 64, 64), 7.0)
    expected[:, 30:34, 30:34] = 200
    np.testing.assert_allclose(small, expected, atol=1e-3)
    assert most < 100e6


def test_of_a_part_to_one_side_only_that_side_is_paper():
    picture = np.full((1, 10, 20), 9, np.float32)
    small, _ = resampled(picture, (10.0, -5.0, 30.0, 15.0), (4, 4), np.array([250.0]))
    around, half = [250] * 4, [9, 9, 250, 250]
    assert small[0].tolist() == [around, half, half, around]
