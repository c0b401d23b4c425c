"""Photographs made for the purpose come out as the training images they were made from."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from jaxtyping import UInt8
from PIL import Image

from toile.data import Picture, read_picture
from toile.prediction import prepare

NEAREST = Image.Resampling.NEAREST
Grey = UInt8[np.ndarray, "h w"]


def enlarged(garment: Grey, side: int = 900, by=Image.Resampling.BICUBIC) -> Grey:
    """Dark on white, many pixels for each of the garment's."""
    return 255 - np.asarray(Image.fromarray(garment).resize((side, side), by))


def noisy(photograph: Grey, sd: float) -> Grey:
    noise = np.random.default_rng(0).normal(0, sd, photograph.shape)
    return np.clip(np.rint(photograph + noise), 0, 255).astype(np.uint8)


def lit_from_the_left(photograph: Grey) -> Grey:
    return np.rint(photograph * np.linspace(1, 0.7, photograph.shape[1])).astype(np.uint8)


def in_margins(photograph: Grey) -> Grey:
    return np.pad(photograph, ((100, 250), (400, 50)), constant_values=255)


def in_blue_ink(photograph: Grey) -> UInt8[np.ndarray, "h w 3"]:
    ink = np.array([0, 0, 120])
    shares = photograph[..., None] / 255
    return np.rint(255 * shares + ink * (1 - shares)).astype(np.uint8)


# How it is photographed, and by how many of 255 levels a pixel may be off its original on average.
# Measured and rounded up; pixels of two garments are 60 to 90 apart, and of one moved by one 20.
PHOTOGRAPHS: dict[str, tuple[Callable[[Grey], np.ndarray], float]] = {
    "on white": (enlarged, 2),
    "on black": (lambda garment: 255 - enlarged(garment), 2),
    "in blocks": (lambda garment: enlarged(garment, by=NEAREST), 1),
    "with some noise": (lambda garment: noisy(enlarged(garment), 8), 4),
    "with much noise": (lambda garment: noisy(enlarged(garment), 16), 4),
    "on grey paper": (lambda garment: np.rint(enlarged(garment) * 0.7).astype(np.uint8), 2),
    "unevenly lit": (lambda garment: lit_from_the_left(enlarged(garment)), 2),
    "in wide margins": (lambda garment: in_margins(enlarged(garment, 500)), 14),
    "in all of these": (
        lambda garment: noisy(255 - lit_from_the_left(in_margins(enlarged(garment, 500))), 8),
        14,
    ),
}


@pytest.mark.parametrize("how", PHOTOGRAPHS)
def test_a_photograph_of_a_garment_comes_out_as_the_garment(how, facts, garments):
    photograph, most_off = PHOTOGRAPHS[how]
    seen = [prepare(Picture(photograph(garment[0])[None]), facts) for garment in garments]
    off = np.stack([one.pixels for one in seen]).astype(float) - garments
    assert np.abs(off).mean() < most_off
    # One of the twelve is as smooth as the smoothest in training.
    assert sum(bool(one.warnings or one.out_of_distribution) for one in seen) <= 1


def test_coloured_ink_becomes_grey_and_keeps_its_shape(facts, garments):
    for garment in garments:
        picture = Picture(in_blue_ink(enlarged(garment[0])).transpose(2, 0, 1))
        seen = prepare(picture, facts)
        assert np.corrcoef(seen.pixels.ravel(), garment.ravel())[0, 1] > 0.99
        assert [step.name for step in seen.steps[:3]] == ["As read", "Grey", "Inverted"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright_and_its_first_step_shows_it_lying(
    orientation, facts, garments
):
    upright = enlarged(garments[0][0], 280)
    # What Pillow has to do to show it upright, undone by Pillow's own other way.
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    lying = Image.fromarray(upright)
    if orientation in undo:
        lying = lying.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    lying.save(file, "PNG", exif=exif)

    seen = prepare(read_picture(file.getvalue(), "shoe.png"), facts)

    assert np.array_equal(seen.pixels, prepare(Picture(upright[None]), facts).pixels)
    assert np.array_equal(seen.steps[0].pixels[0], np.asarray(lying))
    assert ("Upright" in [step.name for step in seen.steps]) == (orientation != 1)


def test_a_training_image_is_not_touched(facts, garments):
    for garment in garments:
        seen = prepare(Picture(garment), facts)
        assert np.array_equal(seen.pixels, garment)
        assert [step.name for step in seen.steps] == ["As read", "As the network sees it"]


def test_a_training_image_saved_in_colour_or_inverted_comes_back_bit_for_bit(facts, garments):
    for garment in garments:
        for changed in (np.repeat(garment, 3, axis=0), 255 - garment):
            assert np.array_equal(prepare(Picture(changed), facts).pixels, garment)


def test_a_window_of_the_right_size_in_a_larger_picture_is_cut_out(facts):
    larger = np.zeros((1, 31, 29), np.uint8)
    larger[0, 13:15, :28] = 200
    seen = prepare(Picture(larger), facts)
    assert np.array_equal(seen.pixels, larger[:, :28, :28])


@st.composite
def any_picture(draw):
    """Noise or few greys, of one or three channels and any shape."""
    shape = (draw(st.sampled_from([1, 3])), draw(st.integers(1, 40)), draw(st.integers(1, 40)))
    few = st.sampled_from([0, 1, 100, 127, 128, 155, 254, 255])
    return draw(arrays(np.uint8, shape, elements=draw(st.sampled_from([few, st.integers(0, 255)]))))


@settings(max_examples=200, deadline=None)
@given(any_picture())
def test_a_picture_and_its_inverse_come_out_the_same(facts, pixels):
    one, other = prepare(Picture(pixels), facts), prepare(Picture(255 - pixels), facts)
    assert np.array_equal(one.pixels, other.pixels)
    assert one.pixels.shape == (1, 28, 28)
    assert one.warnings == other.warnings


@pytest.mark.parametrize("how", PHOTOGRAPHS)
def test_so_do_a_photograph_and_its_inverse_in_colour_too(how, facts, garments):
    coloured = in_blue_ink(PHOTOGRAPHS[how][0](garments[1][0])).transpose(2, 0, 1)
    one, other = prepare(Picture(coloured), facts), prepare(Picture(255 - coloured), facts)
    assert np.array_equal(one.pixels, other.pixels)
    inverted = ["Inverted" in [step.name for step in seen.steps] for seen in (one, other)]
    assert sorted(inverted) == [False, True]


@pytest.mark.parametrize("sd", [0, 3, 12])
def test_a_blank_sheet_is_said_to_be_blank(sd, facts):
    sheet = noisy(np.full((600, 400), 230, np.uint8), sd)
    assert prepare(Picture(sheet[None]), facts).out_of_distribution == ("nothing is drawn in it",)


def test_a_thin_line_in_a_large_picture_is_found_and_dust_is_not(facts):
    sheet = np.full((1800, 1500), 255, np.uint8)
    sheet[300:900, 400:406] = 0
    sheet[300:306, 400:800] = 0
    sheet[1700:1703, 1400:1403] = 0
    (found,) = [step for step in prepare(Picture(sheet[None]), facts).steps if step.box]
    scale = 1500 / found.pixels.shape[2]
    assert np.array(found.box) * scale == pytest.approx([400, 300, 800, 900], abs=2 * scale)


def test_a_border_of_many_greys_is_warned_of(facts):
    noise = np.random.default_rng(1).integers(0, 256, (1, 300, 300), dtype=np.uint8)
    warnings = prepare(Picture(noise), facts).warnings
    assert any("of its border is one background" in warning for warning in warnings)


def test_more_than_one_frame_is_warned_of(facts, garments):
    seen = prepare(Picture(garments[0], num_frames=3), facts)
    assert seen.warnings == ("it has 3 frames; only the first is used",)


def test_without_a_plain_background_colour_and_size_alone_are_changed(photograph_facts):
    bright = np.full((1, 16, 24), 255, np.uint8)
    bright[:, 4:8, 6:12] = 0
    seen = prepare(Picture(bright), photograph_facts)
    resized = Image.fromarray(bright[0]).convert("RGB").resize((12, 8), Image.Resampling.BILINEAR)
    assert np.array_equal(seen.pixels, np.asarray(resized).transpose(2, 0, 1))
    assert [step.name for step in seen.steps] == ["As read", "Resized", "As the network sees it"]


def test_a_run_of_before_the_appearance_was_kept_answers_with_a_warning(facts, garments):
    older = facts.model_copy(update={"appearance": None})
    seen = prepare(Picture(255 - garments[0]), older)
    assert np.array_equal(seen.pixels, garments[0])
    assert seen.warnings == ("an older Toile made the run, so unusual pictures are not recognised",)


def test_the_last_step_says_what_numbers_go_in(facts):
    half = np.zeros((1, 28, 28), np.uint8)
    half[:, :, :14] = 102  # 102 / 255 = .4 in one half: mean .2, SD .2
    half = np.roll(half, 7, axis=2)
    assert "mean 0.20 and SD 0.20" in prepare(Picture(half), facts).steps[-1].sentence
    standard = facts.model_copy(update={"scaling": "standard", "mean": (0.1,), "sd": (0.5,)})
    assert "mean 0.20 and SD 0.40" in prepare(Picture(half), standard).steps[-1].sentence
