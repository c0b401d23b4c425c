"""Light or dark paper, worked by hand on a few pixels."""

import numpy as np
import pytest

from toile.prediction.polarity import border_of, is_inverted

BLACK, WHITE = np.array([0.0]), np.array([255.0])


def picture(border: int, inside: int) -> np.ndarray:
    levels = np.full((1, 5, 5), border, np.uint8)
    levels[:, 1:4, 1:4] = inside
    return levels


@pytest.mark.parametrize(
    ("border", "inside", "on_black"),
    [
        (255, 0, True),
        (0, 255, False),
        (200, 90, True),
        # Middle greys: the foreground has to be lighter than a black background.
        (120, 30, True),
        (140, 230, False),
        # A sheet without anything drawn is of the paper it is nearer to.
        (120, 120, False),
        (140, 140, True),
    ],
)
def test_the_border_tells_and_where_it_is_grey_the_mean(border, inside, on_black):
    levels = picture(border, inside)
    assert is_inverted(levels, 255, BLACK, 1) is on_black
    assert is_inverted(levels, 255, WHITE, 1) is not on_black
    assert is_inverted(255 - levels, 255, BLACK, 1) is not on_black


def test_a_garment_that_touches_less_than_half_of_the_border_does_not_mislead():
    levels = picture(0, 255)
    levels[0, :, 1:3] = 255  # 4 of 16 border pixels
    levels[0, 2] = 255  # and two more
    assert not is_inverted(levels, 255, BLACK, 1)


def test_a_picture_just_like_its_inverse_is_told_from_it_by_its_first_pixel():
    halves = np.array([[[0, 255], [255, 0]]], np.uint8)
    assert is_inverted(halves, 255, BLACK, 1) != is_inverted(255 - halves, 255, BLACK, 1)
    # In thousandths there is a middle grey, which tells nothing.
    later = np.array([[[127_500, 255_000], [0, 127_500]]], np.int32)
    assert is_inverted(later, 255_000, BLACK, 1)
    assert not is_inverted(255_000 - later, 255_000, BLACK, 1)


def test_thousandths_are_judged_as_levels_are():
    assert is_inverted(1000 * picture(200, 90).astype(np.int32), 255_000, BLACK, 1)
    assert not is_inverted(1000 * picture(55, 90).astype(np.int32), 255_000, BLACK, 1)


def test_every_border_pixel_is_counted_once():
    levels = np.arange(20).reshape(1, 4, 5)
    assert sorted(border_of(levels, 1)[0]) == [0, 1, 2, 3, 4, 5, 9, 10, 14, 15, 16, 17, 18, 19]
