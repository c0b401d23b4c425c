"""Confidence beside accuracy, as a picture."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from toile.evaluation import ConfidenceBin
from toile.report.theme import LINE, MUTED, NARROW_INCHES, PERCENT, TRAINING, new_figure, style_axes

MARGIN = 0.02


def reliability_figure(bins: Sequence[ConfidenceBin], narrow: bool = False) -> Figure:
    """Each bin's accuracy with its interval over its mean confidence, and how many images it has.

    On the dashed line a network is as often right as it is sure; below it, it is too sure. `narrow`
    for a small screen.
    """
    figure = new_figure(NARROW_INCHES if narrow else 5.4, 4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    _draw_accuracy(above, [one for one in bins if one.count and not math.isnan(one.confidence)])
    _draw_counts(below, bins)
    return figure


def _draw_accuracy(axes: Axes, filled: Sequence[ConfidenceBin]) -> None:
    style_axes(axes, "Accuracy by confidence")
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    confidence = [one.confidence for one in filled]
    ends = [one.accuracy.low for one in filled], [one.accuracy.high for one in filled]
    axes.vlines(confidence, *ends, color=TRAINING, linewidth=5, alpha=0.3)
    axes.plot(
        confidence,
        [one.accuracy.value for one in filled],
        color=TRAINING,
        linewidth=1.2,
        marker="o",
        markersize=4.5,
    )
    axes.set_ylim(-MARGIN, 1 + MARGIN)
    axes.yaxis.set_major_formatter(PERCENT)
    axes.spines["bottom"].set_visible(False)


def _draw_counts(axes: Axes, bins: Sequence[ConfidenceBin]) -> None:
    style_axes(axes)
    total = max(sum(one.count for one in bins), 1)
    axes.bar(
        [one.low for one in bins],
        [one.count / total for one in bins],
        width=[0.92 * (one.high - one.low) for one in bins],
        align="edge",
        color=TRAINING,
        edgecolor=LINE,
        linewidth=0,
    )
    axes.set_xlim(-MARGIN, 1 + MARGIN)
    axes.xaxis.set_major_formatter(PERCENT)
    axes.yaxis.set_major_formatter(PERCENT)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3))
    axes.set_ylabel("of images")
    axes.set_xlabel("confidence: the probability of the answer given")
