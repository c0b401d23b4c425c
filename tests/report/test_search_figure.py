from pathlib import Path

import numpy as np
import pytest

from toile.report import search_figure
from toile.searches.result import SearchResult, Trial
from toile.searches.spec import search_of

FILTERS = "network.conv1.filters"


def searched(*trials: tuple[int, str, float | None], **over: object) -> SearchResult:
    """Trials by filters, status and last score."""
    spec = search_of({"recipe": "s1-lab", "over": {FILTERS: "8..128:log", **over}, "finalists": 1})
    done = tuple(
        Trial(number, {FILTERS: filters}, Path("x"), status, () if score is None else (score,))
        for number, (filters, status, score) in enumerate(trials, start=1)
    )
    return SearchResult(Path("x"), spec, done)


def points(axes) -> dict[tuple[float, float], str]:
    """The marks of single points, by their place."""
    return {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0])): line.get_marker()
        for line in axes.lines
        if len(line.get_xdata()) == 1
    }


@pytest.fixture
def figure():
    return search_figure(
        searched((16, "finished", 0.80), (32, "pruned", 0.70), (64, "finished", 0.82),
                 (8, "diverged", None), (20, "finished", 0.81))
    )  # fmt: skip


def test_each_trial_stands_at_its_number_and_at_what_it_tried(figure):
    order, setting = figure.axes
    assert points(order)[1, 0.80] == "o"
    assert points(setting)[16, 0.80] == "o"
    assert setting.get_xscale() == "log"
    assert order.get_ylim() == setting.get_ylim()


def test_what_was_stopped_or_diverged_stands_at_the_edge_where_it_lies_below(figure):
    order = figure.axes[0]
    bottom = order.get_ylim()[0]
    assert 0.7 < bottom < 0.8
    assert points(order)[2, bottom] == "v"
    assert points(order)[4, bottom] == "x"


def test_the_best_so_far_only_rises_and_is_of_finished_trials(figure):
    (best,) = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 1]
    assert list(best.get_xdata()) == [1, 3, 5]
    assert list(best.get_ydata()) == [0.80, 0.82, 0.82]


def test_only_what_is_read_again_has_a_ring(figure):
    rings = [line for line in figure.axes[0].lines if line.get_markersize() == 10]
    assert [float(one.get_xdata()[0]) for one in rings] == [3]


def test_choices_stand_side_by_side_under_their_names():
    result = searched((16, "finished", 0.8), (32, "finished", 0.9))
    spec = search_of(
        {"recipe": "s1-lab", "over": {"network.relu1": {"off": "off", "gelu": "gelu"}}}
    )
    trials = tuple(
        Trial(one.number, {"network.relu1": name}, one.folder, one.status, one.scores)
        for one, name in zip(result.trials, ("gelu", "off"), strict=True)
    )
    axes = search_figure(SearchResult(Path("x"), spec, trials)).axes[1]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["off", "gelu"]
    places = {round(x): y for x, y in points(axes)}
    assert places == {1: 0.8, 0: 0.9}


def test_many_settings_take_further_rows_and_no_trial_leaves_it_empty():
    over = {f"network.{name}": "1..9" for name in ("conv1.filters", "dense1.units", "conv1.kernel")}
    spec = search_of({"recipe": "s1-lab", "over": over})
    figure = search_figure(SearchResult(Path("x"), spec, ()))
    assert len(figure.axes) == 6
    assert np.array_equal([axes.axison for axes in figure.axes], [True] * 4 + [False] * 2)


def test_whole_numbers_stand_at_whole_ticks_also_where_all_tried_the_same():
    result = searched((16, "finished", 0.8), (16, "finished", 0.82), **{FILTERS: "8..128"})
    figure = search_figure(result)
    figure.draw_without_rendering()
    ticks = [one for one in figure.axes[1].get_xticks() if 15 < one < 17]
    assert ticks == [16]
