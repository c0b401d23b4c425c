import numpy as np
import pytest

from toile.report import pairs_figure
from toile.report.pairs import LOOKS, MOST_PAIRS, shown_pairs
from toile.statistics import judge_readings

STEPS = np.array([-1.5, -1, -0.5, 0.5, 1, 1.5]) * 0.05
TABLE = {
    "high": (92 + STEPS).tolist(),
    "low": (90 + STEPS).tolist(),
    "as low": (90 + STEPS).tolist(),
    "wide": (91 + 20 * STEPS).tolist(),
}


def test_each_pair_has_its_interval_and_the_mark_of_its_verdict():
    verdict = judge_readings(TABLE)
    axes = pairs_figure(verdict).axes[0]
    lines = axes.lines[1:]  # the first is the zero
    assert {pair.verdict for pair in verdict.pairs} == {"better", "same", "undecided"}
    for pair, interval, mark in zip(verdict.pairs, lines[::2], lines[1::2], strict=True):
        assert interval.get_xdata().tolist() == pytest.approx([pair.low, pair.high])
        assert mark.get_xdata() == pytest.approx([pair.difference])
        assert mark.get_color() == interval.get_color() == LOOKS[pair.verdict][0]
        assert mark.get_marker() == LOOKS[pair.verdict][1]
    assert [one.get_text() for one in axes.get_yticklabels()][:2] == [
        "high and low",
        "high and as low",
    ]


def test_fractions_are_drawn_in_points_and_the_margin_is_a_band():
    figure = pairs_figure(judge_readings({"a": [0.9, 0.91, 0.92], "b": [0.91, 0.92, 0.9]}))
    (band,) = figure.axes[0].patches
    assert (band.get_x(), band.get_width()) == pytest.approx((-0.5, 1.0))
    assert figure.axes[0].get_xlabel() == "points; the band is the margin, 0.5"


def test_only_marks_that_are_there_are_explained():
    figure = pairs_figure(judge_readings({"a": [90, 91], "b": [90, 91]}))
    assert [one.get_text() for one in figure.legends[0].texts] == ["undecided"]


def test_beyond_six_levels_the_pairs_of_the_highest_mean_are_drawn():
    verdict = judge_readings({f"level {k}": [80 + k, 80.5 + k] for k in range(7)})
    assert len(verdict.pairs) > MOST_PAIRS
    assert [pair.b for pair in shown_pairs(verdict)] == ["level 6"] * 6


def test_intervals_of_two_readings_do_not_shrink_all_else_to_nothing():
    verdict = judge_readings({"a": [90, 91], "b": [90, 91.1], "c": [90, 91.2]})
    assert verdict.pairs[0].high > 5
    assert pairs_figure(verdict).axes[0].get_xlim()[1] < 4
