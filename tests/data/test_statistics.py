"""Scale, border and margins of a few pixels, by hand."""

import numpy as np
import pytest

from toile.data import Images, Margins, pixel_statistics
from toile.data.statistics import count_values, mean_and_sd


def images(*pixels) -> Images:
    stacked = np.array(pixels, np.uint8)
    return Images(stacked if stacked.ndim == 4 else stacked[:, None], np.zeros(len(pixels), int))


def test_mean_and_sd_are_of_the_pixels_over_255():
    found = pixel_statistics(images([[0, 255], [0, 255]], [[0, 0], [0, 0]]))
    assert found.mean == pytest.approx((0.25,))
    assert found.sd == pytest.approx((3**0.5 / 4,))  # a quarter ones: sqrt(1/4 * 3/4)


def test_each_channel_has_its_own():
    red, green, blue = (np.full((4, 4), grey) for grey in (255, 51, 0))
    found = pixel_statistics(images([red, green, blue]))
    assert found.mean == pytest.approx((1.0, 0.2, 0.0))
    assert found.sd == (0.0, 0.0, 0.0)
    assert found.border_grey == (255.0, 51.0, 0.0)


def test_the_border_counts_each_pixel_of_the_frame_once():
    framed = np.full((4, 4), 10)
    framed[0, 0] = 130  # one of twelve frame pixels: (11 * 10 + 130) / 12
    framed[1:3, 1:3] = 255
    assert pixel_statistics(images(framed)).border_grey == (20.0,)


def test_margins_are_empty_rows_and_columns_on_each_side():
    drawn = np.zeros((8, 8), int)
    drawn[1:5, 3:6] = 200
    assert pixel_statistics(images(drawn)).margins == Margins(1.0, 2.0, 3.0, 3.0)


def test_up_to_16_levels_from_the_border_are_empty():
    faint, drawn = np.zeros((2, 6, 6), int)
    faint[2, 2] = 16
    drawn[2, 2] = 17
    assert pixel_statistics(images(faint)).margins == Margins(0.0, 0.0, 0.0, 0.0)
    assert pixel_statistics(images(drawn)).margins == Margins(2.0, 3.0, 3.0, 2.0)


def test_margins_are_the_median_over_images_that_hold_something():
    blank, near, far = np.zeros((3, 8, 8), int)
    near[1, 1] = far[3, 3] = 255
    assert pixel_statistics(images(blank, near, far)).margins == Margins(2.0, 5.0, 5.0, 2.0)


def test_dark_drawings_on_white_have_margins_too():
    drawn = np.full((6, 6), 255)
    drawn[2, 3] = 0
    assert pixel_statistics(images(drawn)).margins == Margins(2.0, 2.0, 3.0, 3.0)


def test_many_pieces_give_the_figures_of_one():
    pixels = np.random.default_rng(0).integers(0, 256, (700, 3, 64, 64), dtype=np.uint8)
    found = pixel_statistics(Images(pixels, np.zeros(700, np.int64)))
    assert found.mean == pytest.approx(pixels.mean(axis=(0, 2, 3)) / 255)
    assert found.sd == pytest.approx(pixels.std(axis=(0, 2, 3)) / 255)


def test_of_no_pixels_there_is_no_mean():
    counts = count_values(np.empty((0, 3, 3), np.uint8))
    assert np.isnan(mean_and_sd(counts)).all()
