"""Pictures made harder to read: worked by hand on small ones, and the same for every process."""

import numpy as np
import pytest
from scipy import stats

from toile.errors import ToileError
from toile.evaluation import CORRUPTIONS, corrupt, corrupt_by_strength, corruptions
from toile.evaluation.distortions import (
    add_noise,
    blur,
    brighten,
    cover,
    flatten_contrast,
    rotate,
    scale,
    shift,
)
from toile.streams import numpy_stream

PAPER = np.array([7.0, 9.0])


def pictures(n: int = 3, shape=(2, 6, 6), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_at_its_identity_every_picture_stays_as_it_is(name):
    images = pictures()
    same = corrupt(images, name, CORRUPTIONS[name].identity, PAPER)
    assert same.dtype == np.uint8
    np.testing.assert_array_equal(same, images)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_at_each_of_its_five_strengths_pictures_change_and_more_so(name):
    images = pictures(40, (1, 14, 14))
    strengths = CORRUPTIONS[name].strengths(14, 14)
    assert len(set(strengths)) == 5
    away = [abs(strength - CORRUPTIONS[name].identity) for strength in strengths]
    assert away == sorted(away)
    before = images.copy()
    changed = [corrupt(images, name, strength, np.zeros(1)) for strength in strengths]
    assert all((one != images).any((1, 2, 3)).all() for one in changed)
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_same_seed_gives_the_same_bits_among_any_other_pictures(name):
    images, indices = pictures(6), np.array([40, 41, 42, 50, 60, 70])
    strength = CORRUPTIONS[name].strengths(6, 6)[2]
    together = corrupt(images, name, strength, PAPER, indices, seed=3)
    alone = corrupt(images[4:], name, strength, PAPER, indices[4:], seed=3)
    np.testing.assert_array_equal(together[4:], alone)


@pytest.mark.parametrize("name", ["shift", "rotate", "brightness", "noise", "occlusion"])
def test_another_seed_or_place_draws_otherwise(name):
    images = np.repeat(pictures(1, (1, 9, 9)), 20, axis=0)
    first, other = (corrupt(images, name, 3, np.zeros(1), seed=seed) for seed in (0, 1))
    assert (first != other).any()
    assert (first[0] != first).any()


def test_no_stream_ever_draws_another_corruption():
    images = np.full((2, 1, 4, 4), 100, np.uint8)
    noisy = corrupt(images, "noise", 16, np.zeros(1), np.array([5, 9]))
    assert noisy[:, 0, 0].tolist() == [[103, 76, 92, 95], [104, 86, 106, 101]]


def test_what_is_drawn_is_what_every_version_drew():
    where, black = np.array([3, 4, 5, 6]), np.zeros(1)
    dot = np.zeros((4, 1, 5, 5), np.uint8)
    dot[:, 0, 2, 2] = 255
    moved = corrupt(dot, "shift", 1, black, where, seed=2)
    assert np.argwhere(moved)[:, 2:].tolist() == [[3, 2], [1, 2], [2, 1], [2, 1]]
    top = np.roll(dot, -2, axis=2)
    turned = corrupt(top, "rotate", 90, black, where, seed=2)
    assert np.argwhere(turned > 100)[:, 2:].tolist() == [[2, 4], [2, 0], [2, 0], [2, 4]]
    grey, white = np.full((2, 4, 1, 5, 5), [[[[[60]]]], [[[[255]]]]], np.uint8)
    bright = corrupt(grey, "brightness", 2, black, where, seed=2)
    assert bright[:, 0, 0, 0].tolist() == [120, 120, 120, 30]
    covered = corrupt(white, "occlusion", 2, black, where, seed=2)
    firsts = [np.argwhere(each[0] == 0)[0].tolist() for each in covered]
    assert firsts == [[1, 0], [0, 1], [0, 0], [2, 0]]
    noisy = corrupt(grey, "noise", 16, black, where, seed=2)
    assert noisy[:, 0, 0, :3].tolist() == [[58, 52, 64], [61, 64, 68], [38, 61, 37], [60, 49, 12]]


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_several_strengths_are_each_alone_and_each_stream_is_begun_once(name, monkeypatch):
    images, strengths = pictures(4), CORRUPTIONS[name].strengths(6, 6)
    alone = [corrupt(images, name, strength, PAPER) for strength in strengths]
    begun = []

    def counted(seed, purpose, index):
        begun.append(index)
        return numpy_stream(seed, purpose, index)

    monkeypatch.setattr(corruptions, "numpy_stream", counted)
    together = list(corrupt_by_strength(images, name, strengths, PAPER))
    np.testing.assert_array_equal(together, alone)
    assert begun in ([], [0, 1, 2, 3])


@pytest.mark.parametrize(("down", "right"), [(2, 0), (-2, 0), (0, 3), (0, -1), (1, -2)])
def test_a_shift_rolls_and_fills_with_paper(down, right):
    image = pictures(1)
    moved = shift(image, np.array([[down, right]]), PAPER)
    rolled = np.roll(image, (down, right), (2, 3))
    rows, columns = np.arange(6) - down, np.arange(6) - right
    inside = ((rows >= 0) & (rows < 6))[:, None] & ((columns >= 0) & (columns < 6))
    np.testing.assert_array_equal(moved, np.where(inside, rolled, PAPER[:, None, None]))


def test_moved_out_of_sight_only_paper_is_left():
    moved = shift(pictures(1), np.array([[9, 0]]), PAPER)
    np.testing.assert_array_equal(moved[0, :, 0, 0], PAPER)
    assert (moved == moved[:, :, :1, :1]).all()


@pytest.mark.parametrize("name", ["shift", "rotate"])
def test_pictures_go_every_way(name):
    dot = np.zeros((80, 1, 9, 9), np.uint8)
    dot[:, 0, 1, 4] = 255
    gone = corrupt(dot, name, 1 if name == "shift" else 90, np.zeros(1))
    places = {tuple(np.argwhere(one[0])[0]) for one in gone}
    ways = {"shift": {(0, 4), (2, 4), (1, 3), (1, 5)}, "rotate": {(4, 1), (4, 7)}}
    assert places == ways[name]


@pytest.mark.parametrize("side", [5, 6])
def test_quarter_turns_are_those_of_numpy(side):
    images = pictures(3, (2, side, side))
    turned = rotate(images, np.array([90.0, -90.0, 180.0]), PAPER)
    for index, quarters in enumerate((1, -1, 2)):
        np.testing.assert_array_equal(turned[index], np.rot90(images[index], quarters, (1, 2)))


def test_a_turned_picture_shows_paper_in_its_corners():
    turned = rotate(np.full((1, 2, 9, 9), 200, np.uint8), np.array([45.0]), PAPER)[0]
    np.testing.assert_array_equal(turned[:, 0, 0], PAPER)
    np.testing.assert_array_equal(turned[:, 4, 4], 200)


def test_at_half_its_size_a_picture_has_a_quarter_of_its_pixels():
    image = np.full((1, 1, 8, 8), 200, np.uint8)
    small = scale(image, np.array([0.5]), np.zeros(1))[0, 0]
    assert (small[2:6, 2:6] == 200).all()
    assert not small[:2].any()
    assert not small[:, 6:].any()


def test_brightness_is_a_factor_that_ends_at_white():
    image = np.array([[[[0, 10, 100, 200]]]], np.uint8)
    assert brighten(image, np.array([1.5])).ravel().tolist() == [0, 15, 150, 255]
    assert brighten(image, np.array([0.5])).ravel().tolist() == [0, 5, 50, 100]
    one_of_both = corrupt(np.repeat(image, 30, 0), "brightness", 2, np.zeros(1))[:, 0, 0, 2]
    assert set(one_of_both.tolist()) == {50, 200}


def test_contrast_shrinks_towards_the_mean_of_each_picture():
    image = np.array([[[[0, 100]]], [[[200, 240]]]], np.uint8)
    flat = flatten_contrast(image, np.array([0.5, 0.1]))
    assert flat.reshape(2, 2).tolist() == [[25, 75], [218, 222]]


def test_a_blurred_dot_is_a_gaussian_of_that_sd():
    dot = np.zeros((1, 1, 21, 21), np.uint8)
    dot[0, 0, 10, 10] = 255
    line = blur(dot, 1.5)[0, 0, 10].astype(float)
    shape = stats.norm.pdf(np.arange(21) - 10, scale=1.5)
    np.testing.assert_allclose(line / line.max(), shape / shape.max(), atol=0.03)


@pytest.mark.parametrize("sd", [8, 24])
def test_noise_has_the_sd_asked_for(sd):
    grey = np.full((50, 2, 20, 20), 128, np.uint8)
    noise = corrupt(grey, "noise", sd, PAPER).astype(float) - 128
    # Of 40,000 draws an SD lies within 1.5 % but once in 10,000; rounding adds a twelfth.
    assert noise.std() == pytest.approx(np.hypot(sd, 12**-0.5), rel=0.015)
    assert abs(noise.mean()) < 4 * sd / 200
    assert abs(np.corrcoef(noise[:, 0].ravel(), noise[:, 1].ravel())[0, 1]) < 0.03


def test_noise_ends_at_black_and_white():
    image = np.array([[[[0, 250]]]], np.uint8)
    assert add_noise(image, np.array([[[[-9.0, 9.0]]]])).ravel().tolist() == [0, 255]


def test_a_square_is_covered_and_nothing_else():
    image = pictures(1)
    covered = cover(image, np.array([[1, 3]]), 2, PAPER)
    changed = np.zeros((6, 6), bool)
    changed[1:3, 3:5] = True
    np.testing.assert_array_equal(covered, np.where(changed, PAPER[:, None, None], image))


def test_the_whole_square_lies_inside_every_picture():
    covered = corrupt(np.full((60, 1, 9, 7), 255, np.uint8), "occlusion", 4, np.zeros(1))
    assert ((covered == 0).sum((1, 2, 3)) == 16).all()
    firsts = {tuple(np.argwhere(one[0] == 0)[0]) for one in covered}
    assert {row for row, _ in firsts} == set(range(6))
    assert {column for _, column in firsts} == set(range(4))


def test_strengths_in_pixels_grow_with_the_picture_and_are_never_alike():
    shifts = CORRUPTIONS["shift"].strengths
    assert shifts(28, 28) == (1, 2, 3, 4, 6)
    assert shifts(56, 70) == (2, 4, 6, 8, 12)
    assert shifts(8, 8) == (1, 2, 3, 4, 5)
    assert CORRUPTIONS["blur"].strengths(56, 56) == (1, 2, 3, 4, 6)
    assert CORRUPTIONS["blur"].strengths(8, 8) == CORRUPTIONS["blur"].strengths(28, 28)
    assert CORRUPTIONS["rotate"].strengths(56, 56) == CORRUPTIONS["rotate"].strengths(8, 8)


def test_a_corruption_that_is_not_there_is_refused_with_a_near_one():
    with pytest.raises(ToileError, match=r"corruption is rotat; .*did you mean rotate\?$"):
        corrupt(pictures(), "rotat", 1, PAPER)
