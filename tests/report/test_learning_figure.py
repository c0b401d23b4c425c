"""Learning curves of levels: a mean, a band over readings, and what goes on beyond it."""

import numpy as np
import pytest

from toile.report import learning_figure
from toile.studies import LearningCurve


def curve(*accuracies: float, pace: float = 10.0, diverged: bool = False) -> LearningCurve:
    seconds = tuple(pace * epoch for epoch in range(1, len(accuracies) + 1))
    return LearningCurve(1, diverged, accuracies, seconds, 1)


def band(axes, place: int) -> tuple[float, float]:
    """The ends of the band at the first epoch."""
    path = axes.collections[place].get_paths()[0].vertices
    first = path[path[:, 0] == path[:, 0].min()]
    return first[:, 1].min(), first[:, 1].max()


def test_a_level_is_a_mean_and_a_band_that_holds_every_reading():
    figure = learning_figure({"8": (curve(0.7, 0.8), curve(0.8, 0.9, 0.92))})
    by_epoch, by_seconds = figure.axes
    mean, *beyond = by_epoch.lines
    assert mean.get_xdata().tolist() == [1, 2]
    assert mean.get_ydata() == pytest.approx([0.75, 0.85])
    assert band(by_epoch, 0) == pytest.approx((0.7, 0.8))
    # The longer one goes on alone from where the shorter one ended.
    assert beyond[1].get_xydata().tolist() == [[2, 0.9], [3, 0.92]]
    assert by_seconds.lines[0].get_xdata().tolist() == [10, 20]


def test_against_time_a_slow_level_lies_further_right():
    figure = learning_figure({"8": (curve(0.7, 0.8),), "64": (curve(0.7, 0.8, pace=30),)})
    ends = [line.get_xdata()[-1] for line in figure.axes[1].lines if line.get_marker() != "None"]
    assert ends == [20, 60]


def test_one_epoch_is_a_bar_from_the_lowest_to_the_highest():
    axes = learning_figure({"8": (curve(0.7), curve(0.8))}).axes[0]
    (segment,) = axes.collections[0].get_segments()
    assert segment[:, 1] == pytest.approx([0.7, 0.8])


def test_readings_that_diverged_are_left_out():
    lost = curve(0.5, np.nan, diverged=True)
    axes = learning_figure({"8": (curve(0.7), lost), "16": (lost,)}).axes[0]
    assert axes.lines[0].get_ydata() == pytest.approx([0.7])
    assert len(axes.figure.legends[0].texts) == 1


def test_of_many_levels_those_that_ended_highest_are_coloured():
    curves = {str(n): (curve(0.5, 0.5 + n / 100),) for n in range(9)}
    figure = learning_figure(curves)
    said = [text.get_text() for text in figure.legends[0].texts]
    assert said == ["3", "4", "5", "6", "7", "8", "3 others"]
