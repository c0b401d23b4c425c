"""The paper's plane of grey, known beforehand."""

import numpy as np
import pytest

from toile.prediction.background import background, normalise_background, with_background
from toile.prediction.step import Notes

BLACK = np.array([0.0])
Y, X = np.mgrid[-1:1:60j, -1:1:80j]


def test_a_slope_is_found_exactly():
    found = background((40 + 10 * X - 5 * Y)[None].astype(np.float32))
    assert found.planes[0] == pytest.approx([40, 10, -5], abs=1e-3)
    assert found.fraction == 1
    assert found.spread == pytest.approx(0, abs=1e-3)
    assert found.ends == pytest.approx((25, 55), abs=1e-3)


def test_what_touches_two_fifths_of_the_border_does_not_bend_it():
    greys = (40 + 10 * X).astype(np.float32)
    greys[:, :20] = 220  # a side of 60 and twice 20 of the 276 border pixels
    greys[0, 20:30] = 180
    found = background(greys[None])
    assert found.planes[0] == pytest.approx([40, 10, 0], abs=0.01)
    assert found.fraction == pytest.approx(166 / 276, abs=0.01)


def test_noise_is_measured_and_averaged_away():
    off = []
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(30, 6, (1, 100, 100)).astype(np.float32)
        found = background(noise)
        assert found.spread == pytest.approx(6, abs=0.8)
        off.append(np.abs(found.planes[0] - [30, 0, 0]).max())
    # .44 measured; the best planes through three points each are 1.9 off.
    assert np.mean(off) < 0.8


def test_light_is_evened_out_and_full_scale_stays():
    paper = 50 + 20 * X
    half = paper + (255 - paper) / 2  # half as far from the paper as anything can be
    greys = np.where(np.abs(X) < 0.3, half, paper)[None].astype(np.float32)
    level = with_background(greys, background(greys), BLACK)
    assert level[0, 30, 0] == pytest.approx(0, abs=0.01)
    assert level[0, 30, -1] == pytest.approx(0, abs=0.01)
    assert level[0, 30, 40] == pytest.approx(127.5, abs=0.01)


def test_on_white_paper_it_is_the_mirror_image():
    greys = np.where(np.abs(X) < 0.3, 200, 50 + 20 * X)[None].astype(np.float32)
    dark, _ = normalise_background(greys, BLACK, Notes())
    light, _ = normalise_background(255 - greys, np.array([255.0]), Notes())
    assert light == pytest.approx(255 - dark, abs=1e-3)


def test_a_background_within_four_levels_is_left_as_it_is():
    for grey, name in ((3.9, []), (4.1, ["Background"])):
        notes = Notes()
        normalise_background(np.full((1, 20, 20), grey, np.float32), BLACK, notes)
        assert [step.name for step in notes.steps] == name
