import numpy as np

from toile.evaluation import reliability
from toile.report import reliability_figure

# Two images held at .6, one of them right; four at .9, all right.
SHARES = np.array([[0.6, 0.4]] * 2 + [[0.9, 0.1]] * 4)
LABELS = np.array([0, 1, 0, 0, 0, 0])


def test_a_dot_stands_at_each_bins_confidence_and_accuracy() -> None:
    above, below = reliability_figure(reliability(SHARES, LABELS, bins=5)).axes

    ideal, dots = above.lines
    assert np.allclose(dots.get_xydata(), [[0.6, 0.5], [0.9, 1.0]])
    assert np.allclose(ideal.get_xydata(), [[0, 0], [1, 1]])
    # Bins of .4 to .6, closed on the right, and of .8 to 1.
    heights = [bar.get_height() for bar in below.patches]
    assert np.allclose(heights, [0, 0, 2 / 6, 0, 4 / 6])


def test_each_dot_has_its_interval() -> None:
    bins = reliability(SHARES, LABELS, bins=5)
    (lines,) = reliability_figure(bins).axes[0].collections

    ends = [segment[:, 1].tolist() for segment in lines.get_segments()]
    filled = [one.accuracy for one in bins if one.count]
    assert np.allclose(ends, [[one.low, one.high] for one in filled])


def test_a_diverged_training_draws_no_dots() -> None:
    figure = reliability_figure(reliability(np.full((3, 2), np.nan), np.zeros(3, int)))
    assert len(figure.axes[0].lines[1].get_xydata()) == 0
