"""The reliability diagram: accuracy against confidence."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from toile.evaluation import ConfidenceBin
from toile.report.theme import LINE, MUTED, NARROW_INCHES, PERCENT, TRAINING, new_figure, style_axes

MARGIN = 0.02


def reliability_figure(bins: Sequence[ConfidenceBin], narrow: bool = False) -> Figure:
    """Each bin's accuracy with its interval against its mean confidence, and its images below.

    On the dashed line accuracy equals confidence; below it the network is too confident. `narrow`
    for a small screen.
    """
    figure = new_figure(NARROW_INCHES if narrow else 5.4, 4.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
    _draw_accuracy(above, [bin_ for bin_ in bins if bin_.count and not math.isnan(bin_.confidence)])
    _draw_counts(below, bins)
    return figure


def _draw_accuracy(axes: Axes, filled: Sequence[ConfidenceBin]) -> None:
    style_axes(axes, "Accuracy by confidence")
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    confidence = [bin_.confidence for bin_ in filled]
    ends = [bin_.accuracy.low for bin_ in filled], [bin_.accuracy.high for bin_ in filled]
    axes.vlines(confidence, *ends, color=TRAINING, linewidth=5, alpha=0.3)
    axes.plot(
        confidence,
        [bin_.accuracy.value for bin_ in filled],
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
    total = max(sum(bin_.count for bin_ in bins), 1)
    axes.bar(
        [bin_.low for bin_ in bins],
        [bin_.count / total for bin_ in bins],
        width=[0.92 * (bin_.high - bin_.low) for bin_ in bins],
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
    axes.set_xlabel("confidence: the probability of the predicted class")
