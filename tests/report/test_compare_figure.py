from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from toile.report import compare_figure
from toile.report.theme import DISTINCT
from toile.runs import History

# Machado, Oliveira and Fernandes 2009, table 1, severity 1.
DEUTERANOPIA = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
PROTANOPIA = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]


def lab(linear: np.ndarray) -> np.ndarray:
    """CIE L*a*b* under D65 of linear sRGB."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.maximum(to_xyz @ linear / [0.9505, 1, 1.089], 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("blindness", [DEUTERANOPIA, PROTANOPIA])
def test_no_two_colours_fall_together_for_a_red_green_blind_reader(
    blindness: list[list[float]],
) -> None:
    seen = [lab(np.clip(blindness @ np.array(to_rgb(one)) ** 2.2, 0, 1)) for one in DISTINCT]

    # A difference of 2.3 can just be noticed.
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) > 10


def test_a_run_has_a_solid_validation_and_a_dashed_training_line_in_one_colour(
    history: History,
) -> None:
    figure = compare_figure({"first": history, "second": history})

    validation, training, other, _ = figure.axes[0].get_lines()
    assert validation.get_color() == training.get_color() != other.get_color()
    assert (validation.get_linestyle(), training.get_linestyle()) == ("-", "--")
    assert np.asarray(training.get_xdata()).tolist() == [0.5, 1.5, 2.5]


def test_the_eighth_run_is_told_from_the_first_by_its_marker(history: History) -> None:
    figure = compare_figure({str(place): history for place in range(8)})

    lines = figure.axes[0].get_lines()
    assert lines[0].get_color() == lines[14].get_color()
    assert lines[0].get_marker() != lines[14].get_marker()


def test_labels_stand_in_the_legend_as_they_were_given(history: History) -> None:
    (legend,) = compare_figure({"a $b$ run": history}).legends

    assert legend.get_texts()[0].get_text() == r"a \$b\$ run"


def test_runs_without_an_epoch_draw_empty_axes(no_epoch: History) -> None:
    compare_figure({"young": no_epoch}).draw_without_rendering()
    compare_figure({}).draw_without_rendering()
