"""The means of a grid, each in its cell."""

import numpy as np
import pytest

from toile.report.heat_map import heat_map
from toile.report.theme import INK
from toile.statistics import judge_readings
from toile.studies import Factors

GRID = {
    ("8", "16"): [0.80, 0.82], ("8", "32"): [0.84, 0.86],
    ("64", "16"): [0.88, 0.90], ("64", "32"): [0.70],
}  # fmt: skip


def figure_of(table: dict[tuple[str, str], list[float]]):
    named = {f"filters={down}, units={across}": row for (down, across), row in table.items()}
    levels = tuple(
        Factors(name, {"a.filters": down, "b.units": across})
        for name, (down, across) in zip(named, table, strict=True)
    )
    finished = {name: row for name, row in named.items() if row}
    names = {"a.filters": "filters", "b.units": "units"}
    return heat_map(judge_readings(finished), levels, names)


def test_each_mean_stands_in_the_cell_of_its_two_values():
    axes = figure_of(GRID).axes[0]
    cells = axes.images[0].get_array()
    assert cells.tolist() == [pytest.approx([0.81, 0.85]), pytest.approx([0.89, 0.70])]
    assert [one.get_text() for one in axes.get_yticklabels()] == ["8", "64"]
    assert [one.get_text() for one in axes.get_xticklabels()] == ["16", "32"]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("filters", "units")
    said = {one.get_position(): one.get_text() for one in axes.texts}
    assert said[0, 0.88] == "89.00 %"
    assert said[0, 1.22] == "SD 1.41, n = 2"
    assert said[1, 1.22] == "n = 1"


def test_a_cell_without_a_finished_reading_is_blank():
    axes = figure_of(GRID | {("64", "32"): []}).axes[0]
    assert np.ma.getmaskarray(axes.images[0].get_array())[1, 1] or np.isnan(
        axes.images[0].get_array()[1, 1]
    )
    assert len(axes.texts) == 6


def test_equal_means_are_drawn_and_written_in_ink():
    axes = figure_of({key: [0.9, 0.9] for key in GRID}).axes[0]
    axes.figure.draw_without_rendering()
    assert {one.get_color() for one in axes.texts} == {INK}
