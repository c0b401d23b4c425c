import numpy as np
import pytest
from matplotlib.figure import Figure

from toile.report import readings_figure
from toile.report.readings import MEAN, READING, TREND, level_positions, value_limits
from toile.report.theme import left_out_factors, short_names
from toile.statistics import judge_readings

RISING = {str(2**k): [90 + k - 0.1, 90 + k, 90 + k + 0.1] for k in range(3, 6)}


def drawn(figure: Figure, look: dict) -> list[np.ndarray]:
    """The points (x, y) of the lines drawn with `look`."""
    return [
        np.asarray(line.get_xydata())
        for line in figure.axes[0].lines
        if line.get_label() == look["label"] and line.get_transform() == figure.axes[0].transData
    ]


def figure_of(table: dict[str, list[float]], gone: dict[str, int] | None = None) -> Figure:
    return readings_figure(judge_readings(table), dict.fromkeys(table, 0) | (gone or {}), "filters")


def ticks(figure: Figure) -> list[str]:
    axes = figure.axes[0]
    flat = bool(axes.get_ylabel()) or "=" in axes.get_yticklabels()[0].get_text()
    return [one.get_text() for one in (axes.get_yticklabels() if flat else axes.get_xticklabels())]


def test_every_reading_is_a_dot_at_its_accuracy():
    dots = drawn(figure_of(RISING), READING)
    assert [len(one) for one in dots] == [3, 3, 3]
    assert sorted(dots[0][:, 1]) == pytest.approx([0.929, 0.93, 0.931])


def test_each_mean_stands_inside_its_interval():
    level = judge_readings(RISING).levels[1]
    (x0, low), (x1, mean), (x2, high) = drawn(figure_of(RISING), MEAN)[1]
    assert (low, mean, high) == pytest.approx((level.low / 100, level.mean / 100, level.high / 100))
    assert x0 == x1 == x2 == 4  # the second level is 16


def test_geometric_levels_stand_on_an_axis_of_doublings_and_even_ones_on_a_plain_one():
    assert level_positions(["8", "16", "64"]) == ({"8": 3, "16": 4, "64": 6}, True)
    assert level_positions(["0.1", "0.2", "0.4", "0.5"])[0]["0.4"] == 0.4


@pytest.mark.parametrize("names", [["sgd", "adam", "3"], ["1", "2"], ["0", "1", "1000"], ["nan"]])
def test_other_levels_stand_evenly_in_their_order(names):
    assert level_positions(names) == ({name: place for place, name in enumerate(names)}, False)


def test_a_sure_trend_is_drawn_through_the_means_of_a_line():
    (line,) = drawn(figure_of(RISING), TREND)
    assert line.tolist() == pytest.approx(np.array([[3, 0.93], [5, 0.95]]))


def test_a_trend_that_is_bent_or_may_be_none_is_not_drawn():
    peak = {"1": [80.0, 80.1, 80.2], "2": [95, 95.1, 95.2], "4": [90, 90.1, 90.2]}
    level = {"1": [80.0, 81, 82], "2": [80.1, 81.2, 82], "4": [80, 81.1, 82]}
    assert judge_readings(peak).bent
    assert drawn(figure_of(peak), TREND) == drawn(figure_of(level), TREND) == []


def test_each_level_tells_its_n_and_readings_that_diverged_are_crosses():
    figure = figure_of({"a": [90, 91], "b": [90, 91, 92]}, gone={"b": 2, "c": 3})
    assert ticks(figure) == ["a\nn = 2", "b\nn = 3", "c\nn = 0"]
    assert [one.get_text() for one in figure.axes[0].texts] == ["2", "3"]
    assert "diverged or failed" in [one.get_text() for one in figure.legends[0].texts]


def test_long_names_stand_at_the_left_with_what_they_differ_in():
    names = [f"a recipe that has a long name and the filters {k} of it" for k in (8, 16)]
    assert short_names(names, 24) == ["…8…", "…16…"]
    assert ticks(figure_of({name: [90, 91] for name in names})) == ["…8…   n = 2", "…16…   n = 2"]


def test_the_wide_interval_of_two_readings_leaves_the_others_readable():
    figure = figure_of({"a": [90, 90.2], "b": [90.0, 90.1]})
    low, high = figure.axes[0].get_ylim()
    assert 0.897 < low < 0.9 < 0.902 < high < 0.905


def test_one_reading_each_is_drawn_without_intervals():
    assert np.isnan(drawn(figure_of({"a": [90], "b": [91]}), MEAN)[0][0, 1])


def test_no_accuracy_below_0_or_above_1_is_shown():
    bottom, top = value_limits(judge_readings({"a": [60, 99], "b": [2, 40]}))
    assert -0.07 < bottom < 0
    assert 1 < top < 1.07
    assert value_limits(judge_readings({"a": [150, 151], "b": [140, 141]}))[1] > 1.51


def test_of_a_grids_long_names_the_values_stay_and_the_factors_are_said_once():
    names = ["filters=4, batch_size=32", "filters=16, batch_size=128"]
    assert short_names(names, 18) == ["4, 32", "16, 128"]
    assert left_out_factors(names, 18) == "filters, batch_size"
    assert left_out_factors(names, 30) == ""
    # Of other factors, or with more than values in them, they are shortened as any names.
    assert left_out_factors(["filters=4, batch_size=32", "filters=16, epochs=128"], 18) == ""
    assert left_out_factors(["a=1, and more=2, b=3", "a=1, or less=2, b=3"], 18) == ""
