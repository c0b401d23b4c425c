"""Figures for a small screen: as wide as it is, and nothing of them cut."""

from functools import partial

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from toile.evaluation import reliability
from toile.report import (
    confusion_figure,
    curve_figure,
    learning_figure,
    pairs_figure,
    readings_figure,
    reliability_figure,
)
from toile.report.heat_map import heat_map
from toile.report.theme import NARROW_INCHES
from toile.statistics import judge_readings
from toile.studies import Factors, LearningCurve

RATES = {
    ".1": [0.82, 0.83, 0.85], ".01": [0.88, 0.89, 0.9], ".001": [0.87, 0.88, 0.86],
    "1e-4": [0.83, 0.84, 0.82], "1e-5": [0.74, 0.75, 0.73],
}  # fmt: skip
GRID = {f"filters={a}, units={b}": [0.9, 0.91] for a in (4, 8, 16) for b in (8, 16, 32)}
GARMENTS = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
]  # fmt: skip


def cut(figure: Figure) -> list[str]:
    """The texts that leave the figure."""
    figure.draw_without_rendering()
    unseen = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            unseen |= {
                one.label1 for one in axis.get_major_ticks() if not low <= one.get_loc() <= high
            }
    texts = [one for one in figure.findobj(Text) if one.get_text() and one not in unseen]
    boxes = {one: one.get_window_extent() for one in texts if one.get_visible()}
    width = figure.bbox.x1
    return [one.get_text() for one, box in boxes.items() if box.x0 < -1 or box.x1 > width + 1]


def curves(names) -> dict[str, tuple[LearningCurve, ...]]:
    return {name: (LearningCurve(1, False, (0.7, 0.8), (10.0, 20.0), 2),) for name in names}


def grid(narrow: bool) -> Figure:
    factors = [dict(part.split("=") for part in name.split(", ")) for name in GRID]
    levels = tuple(map(Factors, GRID, factors))
    return heat_map(judge_readings(GRID), levels, {"filters": "filters", "units": "units"}, narrow)


DRAWN = {
    "readings": partial(readings_figure, judge_readings(RATES), dict.fromkeys(RATES, 0), "rate"),
    "readings-grid": partial(readings_figure, judge_readings(GRID), dict.fromkeys(GRID, 0), ""),
    "pairs": partial(pairs_figure, judge_readings(RATES)),
    "pairs-grid": partial(pairs_figure, judge_readings(GRID)),
    "curves": partial(learning_figure, curves(RATES)),
    "curves-grid": partial(learning_figure, curves(GRID)),
    "grid": grid,
    "reliability": partial(
        reliability_figure, reliability(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 1]))
    ),
    "confusion": partial(confusion_figure, np.full((10, 10), 123), GARMENTS),
}


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_of_it_is_cut(name):
    figure = DRAWN[name](narrow=True)
    assert figure.get_size_inches()[0] == NARROW_INCHES
    assert cut(figure) == []


@pytest.mark.parametrize("measure", ["loss", "accuracy"])
def test_nothing_of_a_runs_curves_is_cut(history, measure):
    assert cut(curve_figure(history, measure, narrow=True)) == []
