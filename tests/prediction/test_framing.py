"""Boxes, centres and windows by hand."""

import numpy as np
import pytest

from toile.data import FeatureRange, Framing
from toile.prediction.framing import Region, find_region, is_framed, window, without_specks


def drawn(box: tuple[int, ...], mass: tuple[int, int] = (0, 0)) -> Region:
    left, top, right, bottom = map(float, box)
    return Region((left, top, right, bottom), (float(mass[0]), float(mass[1])))


def just(middle: float) -> FeatureRange:
    return FeatureRange(low=middle, middle=middle, high=middle)


def framing(extent: float, by: str = "box", x: float = 0.5) -> Framing:
    return Framing(size=just(extent), centred_by=by, centre_x=just(x), centre_y=just(0.5))


def test_the_box_and_the_centre_of_mass_are_of_what_is_drawn():
    apart = np.zeros((6, 10), np.float32)
    apart[2, 3] = 100
    apart[3, 7] = 300
    apart[0, 0] = 5  # below the threshold
    found = find_region(apart, apart > 16)
    assert found == Region((3.0, 2.0, 8.0, 4.0), (0.25 * 3.5 + 0.75 * 7.5, 0.25 * 2.5 + 0.75 * 3.5))
    assert find_region(apart, apart > 500) is None


def test_specks_go_and_a_thin_line_and_a_dot_stay():
    drawn = np.zeros((200, 200), bool)
    drawn[20:150, 50] = True  # a line of 130 px, one px wide
    drawn[10:14, 49:52] = True  # the dot on an i: 12 px
    drawn[180, 180] = True
    kept = without_specks(drawn)
    assert not kept[180, 180]
    assert kept.sum() == 142


def test_what_is_dust_beside_something_large_is_a_dot_beside_something_small():
    drawn = np.zeros((200, 200), bool)
    drawn[20:24, 50:53] = True  # 12 px
    drawn[100:110, 50:60] = True
    assert without_specks(drawn)[20, 50]
    drawn[100:160, 50:110] = True  # 3600 px, of which .5 % are 18
    assert not without_specks(drawn)[20, 50]


def test_the_window_makes_the_longer_side_span_the_extent_and_centres_the_box():
    # 40 x 20 px in the middle of a window of 80 x 80: half of each side.
    found = drawn((10, 30, 50, 50))
    assert window(found, framing(0.5), (28, 28)) == pytest.approx((-10, 0, 70, 80))


def test_or_the_centre_of_mass_where_the_training_images_are_centred_by_it():
    found = drawn((10, 30, 50, 50), (20, 45))
    assert window(found, framing(0.5, "mass"), (28, 28)) == pytest.approx((-20, 5, 60, 85))
    assert window(found, framing(0.5, "mass", x=0.25), (28, 28)) == pytest.approx((0, 5, 80, 85))


def test_in_wide_training_images_the_window_is_wide():
    found = drawn((0, 0, 40, 40))
    # 40 px of height have to be all of 20: 2 px each, and so 60 wide.
    assert window(found, framing(1), (30, 20)) == pytest.approx((-10, 0, 50, 40))


@pytest.mark.parametrize(
    ("box", "picture", "is_so"),
    [
        ((0, 10, 100, 90), (100, 100), True),
        ((3, 10, 97, 90), (100, 100), False),  # 94 of 100: two pixels too little
        ((2, 10, 99, 90), (100, 100), True),  # 97 of 100: a pixel
        ((0, 20, 100, 100), (100, 100), False),  # 10 of 100 too low
        ((0, 10, 100, 90), (100, 120), False),  # the picture is no square
    ],
)
def test_a_picture_is_framed_already_to_within_a_pixel_of_the_training_images(box, picture, is_so):
    assert is_framed(drawn(box), picture, framing(1), (28, 28)) is is_so
