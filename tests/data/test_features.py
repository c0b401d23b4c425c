"""How images look as a whole, by hand on a few pixels."""

import numpy as np
import pytest

from toile.data import (
    FeatureRange,
    Images,
    appearance,
    foreground_boxes,
    load_data,
    mass_centres,
    picture_features,
)


def images(pixels: np.ndarray) -> Images:
    return Images(pixels.astype(np.uint8), np.zeros(len(pixels), np.int64))


def on_paper(paper: int, ink: int, places: list[tuple[int, int]]) -> Images:
    """A block of 4 x 2 px (width, height) on 12 x 10 px, with its corner at each of `places`."""
    pixels = np.full((len(places), 1, 10, 12), paper)
    for image, (left, top) in zip(pixels, places, strict=True):
        image[0, top : top + 2, left : left + 4] = ink
    return images(pixels)


def test_paper_is_the_median_of_the_border_and_plain_the_share_like_it():
    pixels = np.full((1, 1, 4, 4), 10)
    pixels[0, 0, 0] = 255  # 4 of 12 border pixels
    pixels[0, 0, 3, 3] = 26  # within 16 of 10
    looks = appearance(images(pixels))
    assert looks.background == (10.0,)
    assert looks.plain == pytest.approx(8 / 12)


@pytest.mark.parametrize(("paper", "ink"), [(0, 200), (255, 20)])
def test_framing_is_extent_and_centre_as_shares_of_the_sides(paper, ink):
    framing = appearance(on_paper(paper, ink, [(2, 4), (4, 4), (6, 4)])).framing
    assert framing.size == FeatureRange(low=1 / 3, middle=1 / 3, high=1 / 3)  # 4 of 12, not 2 of 10
    assert framing.centre_x.middle == pytest.approx(6 / 12)
    assert framing.centre_y.middle == pytest.approx(5 / 10)
    # 998 of 1000 lie a thousandth in from the ends, and so do the quantiles of three.
    assert framing.centre_x.low == pytest.approx((4 + 0.002 * 2) / 12)
    assert framing.centre_x.high == pytest.approx((8 - 0.002 * 2) / 12)


def test_it_is_centred_by_what_varies_less():
    by_box = np.zeros((2, 1, 9, 9))
    by_box[:, 0, 2:7, 2:7] = 20
    by_box[0, 0, 2, 2] = by_box[1, 0, 6, 6] = 255  # one box, two centres of mass
    framing = appearance(images(by_box)).framing
    assert framing.centred_by == "box"
    assert framing.centre_x == FeatureRange(low=0.5, middle=0.5, high=0.5)
    by_mass = np.zeros((2, 1, 9, 9))
    by_mass[:, 0, 3:6, 3:6] = 255
    by_mass[0, 0, 4, 0] = by_mass[1, 0, 4, 8] = 17  # faint, but drawn: the box moves by 3
    framing = appearance(images(by_mass)).framing
    assert framing.centred_by == "mass"
    assert framing.centre_x.high - framing.centre_x.low < 0.01  # the box's would be a third


def test_photographs_and_middle_grey_paper_have_no_framing():
    noise = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8))
    photographs = appearance(images(noise))
    assert photographs.framing is None
    assert set(photographs.features) == {"mean grey", "contrast", "roughness"}
    assert appearance(on_paper(128, 255, [(2, 4)])).framing is None


def test_blank_images_are_left_out_of_the_framing_and_all_blank_have_none():
    some = on_paper(0, 200, [(4, 4), (4, 4)])
    some.pixels[1] = 0
    assert appearance(some).framing.centre_x.low == pytest.approx(0.5)
    assert appearance(images(np.zeros((3, 1, 8, 8)))).framing is None


def test_features_by_hand():
    pixels = np.array([[[[0, 0, 100], [0, 0, 100]]]], np.uint8)
    found = {name: one.item() for name, one in picture_features(pixels, np.zeros(1)).items()}
    assert found["mean grey"] == pytest.approx(100 / 3)
    assert found["contrast"] == pytest.approx(100 * 2**0.5 / 3)
    assert found["foreground fraction"] == pytest.approx(1 / 3)
    # Across: 0, 100 twice, so 50; down: nothing.
    assert found["roughness"] == pytest.approx(25)


def test_boxes_and_centres_are_in_pixels_from_the_corner():
    drawn = np.zeros((1, 5, 7), bool)
    drawn[0, 1, 2] = drawn[0, 3, 5] = True
    assert foreground_boxes(drawn).tolist() == [[2, 1, 6, 4]]
    assert mass_centres(drawn.astype(np.float32)).tolist() == [[4.0, 2.5]]


def test_of_many_images_evenly_spaced_ones_are_looked_at_from_first_to_last():
    pixels = np.zeros((30_000, 1, 4, 4), np.uint8)
    pixels[0], pixels[-1] = 40, 80
    ends = appearance(images(pixels)).features["mean grey"]
    assert ends.middle == 0
    assert appearance(images(pixels[[0, -1]])).features["mean grey"].middle == 60


def test_garments_of_fashion_mnist_fill_their_images_and_are_centred_by_their_box():
    framing = appearance(load_data("fashion-sample").train).framing
    assert framing.size.middle == 1
    assert framing.centred_by == "box"
