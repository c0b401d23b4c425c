import pytest
import torch

from toile.augmentation.augmentation import Draws, draw_epoch, vary, windows
from toile.recipe import Augmentation

BLACK = torch.zeros(1, 1, 1, 1)


def draws(n=1, **given):
    """Draws that change nothing, but for what is given."""
    neutral = {
        "shift": torch.zeros(n, 2, dtype=torch.int64),
        "flip": torch.zeros(n, dtype=torch.bool),
        "warp": torch.eye(2).repeat(n, 1, 1),
        "brightness": torch.ones(n),
        "corner": torch.zeros(n, 2, dtype=torch.int64),
    }
    return Draws(**{**neutral, **given})


def noise():
    return torch.Generator().manual_seed(0)


def picture(rows):
    return torch.tensor(rows, dtype=torch.float32)[None, None]


def test_a_window_moved_down_and_right_shows_the_picture_up_and_left():
    padded = torch.zeros(1, 1, 4, 4, dtype=torch.uint8)
    padded[0, 0, 1:3, 1:3] = torch.tensor([[1, 2], [3, 4]])
    moved = windows(padded, torch.tensor([0]), draws(shift=torch.tensor([[1, 1]])), reach=1)
    assert moved[0, 0].tolist() == [[4, 0], [0, 0]]


def test_a_flipped_picture_is_its_mirror_image():
    pixels = torch.tensor([[1, 2, 3], [4, 5, 6]], dtype=torch.uint8)[None, None]
    flipped = windows(pixels, torch.tensor([0]), draws(flip=torch.tensor([True])), reach=0)
    assert flipped[0, 0].tolist() == [[3, 2, 1], [6, 5, 4]]


def test_colours_stay_together():
    pixels = torch.arange(12, dtype=torch.uint8).view(1, 3, 2, 2)
    assert torch.equal(windows(pixels, torch.tensor([0]), draws(), reach=0), pixels)


def test_alternating_flips_show_every_picture_both_ways_in_two_epochs():
    settings = Augmentation(flip="alternate")
    first, second, third = (draw_epoch(settings, 50, (8, 8), 0, epoch).flip for epoch in range(3))
    assert (first ^ second).all()
    assert torch.equal(first, third)
    assert 10 < first.sum() < 40


def test_random_flips_are_drawn_anew_each_epoch():
    settings = Augmentation(flip="random")
    first, second = (draw_epoch(settings, 50, (8, 8), 0, epoch).flip for epoch in range(2))
    assert 5 < (first ^ second).sum() < 45


def test_an_epochs_draws_follow_from_seed_and_epoch_alone():
    settings = Augmentation(shift=2, rotate=10, zoom=0.1, brightness=0.2, erase=3, flip="random")
    one, again, other = (draw_epoch(settings, 20, (8, 8), 1, epoch) for epoch in (3, 3, 4))
    for name in vars(one):
        assert torch.equal(getattr(one, name), getattr(again, name))
        assert not torch.equal(getattr(one, name), getattr(other, name))


def test_shifts_reach_all_places_within_their_bound_and_none_beyond():
    shift = draw_epoch(Augmentation(shift=1), 500, (8, 8), 0, 0).shift
    assert sorted(set(map(tuple, shift.tolist()))) == [
        (down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)
    ]


def test_a_quarter_turn_is_a_quarter_turn():
    image = picture([[1, 0, 0], [0, 0, 0], [0, 0, 0.5]])
    quarter = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])
    turned = vary(image, draws(warp=quarter), Augmentation(rotate=90), BLACK, noise())
    assert any(torch.allclose(turned[0, 0], torch.rot90(image[0, 0], k), atol=1e-6) for k in (1, 3))


def test_turning_in_a_wide_picture_keeps_lengths_in_pixels():
    image = torch.zeros(1, 1, 5, 9)
    image[0, 0, 2, 3:6] = 1
    quarter = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])
    turned = vary(image, draws(warp=quarter), Augmentation(rotate=90), BLACK, noise())
    assert torch.allclose(turned[0, 0, 1:4, 4], torch.ones(3), atol=1e-5)
    assert turned.sum() == pytest.approx(3, abs=1e-4)


def test_magnifying_by_two_shows_the_middle():
    image = torch.zeros(1, 1, 4, 4)
    image[0, 0, 1:3, 1:3] = 1
    bigger = vary(image, draws(warp=torch.eye(2)[None] / 2), Augmentation(zoom=0.5), BLACK, noise())
    assert bigger.sum() > 2 * image.sum()


def test_what_comes_in_from_outside_has_the_background_of_the_pictures():
    white = torch.ones(1, 1, 1, 1)
    turned = vary(
        torch.ones(2, 1, 6, 6),
        draw_epoch(Augmentation(rotate=40), 2, (6, 6), 0, 0),
        Augmentation(rotate=40),
        white,
        noise(),
    )
    assert torch.allclose(turned, torch.ones(2, 1, 6, 6), atol=1e-6)


def test_brightness_scales_greys_and_stays_in_range():
    image = picture([[0.2, 0.8]])
    bright = vary(
        image, draws(brightness=torch.tensor([1.5])), Augmentation(brightness=0.5), BLACK, noise()
    )
    assert bright[0, 0].tolist() == [pytest.approx([0.3, 1.0])]


def test_noise_has_the_sd_asked_for():
    image = torch.full((4, 1, 50, 50), 0.5)
    noisy = vary(image, draws(4), Augmentation(noise=0.1), BLACK, noise())
    assert (noisy - image).std().item() == pytest.approx(0.1, rel=0.05)


def test_erasing_wipes_a_square_at_its_corner():
    image = torch.ones(1, 1, 4, 4)
    erased = vary(
        image, draws(corner=torch.tensor([[1, 2]])), Augmentation(erase=2), BLACK, noise()
    )
    assert erased[0, 0].tolist() == [[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]


def test_settings_at_their_defaults_leave_pictures_bit_for_bit():
    image = torch.rand(3, 1, 5, 5)
    drawn = draw_epoch(Augmentation(), 3, (5, 5), 0, 0)
    assert torch.equal(vary(image, drawn, Augmentation(), BLACK, noise()), image)
