"""The histogram of each class's greys, in both parts of the data."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toile.report.theme import INK, PERCENT, TRAINING, VALIDATION, new_figure, plain, style_axes

GREYS_A_BAR = 8


def grey_histogram_figure(
    train: Int[np.ndarray, "k 256"], test: Int[np.ndarray, "k 256"], class_names: Sequence[str]
) -> Figure:
    """A histogram of greys for each class: train filled, test as a line.

    A bar counts eight greys. Heights are fractions of the class's pixels, so that parts of
    different size can be compared, on a square-root scale, since a black background would
    otherwise flatten all other bars.
    """
    columns = min(5, len(class_names))
    rows = math.ceil(len(class_names) / columns)
    figure = new_figure(2.2 * columns + 0.6, 1.75 * rows + 0.5)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    # All axes off, then on where drawn: the last row may have more axes than classes.
    for axes in grid.flat:
        axes.set_axis_off()
    classes = zip(class_names, train, test, strict=True)
    for axes, greys in zip(grid.flat, classes, strict=False):
        _draw(axes, *greys)
    highest = max(_fractions(counts).max() for counts in (*train, *test))
    grid[0, 0].set_ylim(0, max(1.1 * highest, 0.05))
    figure.supxlabel("grey", size=8.5, color=INK)
    figure.legend(
        *grid[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=2,
        frameon=False, fontsize=8.5, labelcolor=INK, handlelength=1.2,
    )  # fmt: skip
    return figure


def _fractions(counts: Int[np.ndarray, " 256"]) -> Float[np.ndarray, " 32"]:
    bars = counts.reshape(-1, GREYS_A_BAR).sum(axis=1)
    fractions: Float[np.ndarray, " 32"] = bars / max(counts.sum(), 1)
    return fractions


def _draw(
    axes: Axes, name: str, train: Int[np.ndarray, " 256"], test: Int[np.ndarray, " 256"]
) -> None:
    axes.set_axis_on()
    style_axes(axes)
    axes.set_title(plain(name), loc="left", size=8.5, color=INK, pad=4)
    # matplotlib also scales its margin below 0.
    axes.set_yscale("function", functions=(lambda y: np.sqrt(np.maximum(y, 0)), np.square))
    edges = np.arange(0, 257, GREYS_A_BAR)
    axes.stairs(_fractions(train), edges, fill=True, color=TRAINING, alpha=0.35, label="train")
    axes.stairs(_fractions(test), edges, color=VALIDATION, linewidth=1.2, label="test")
    axes.yaxis.set_major_formatter(PERCENT)
    axes.set_yticks([0.01, 0.05, 0.2, 0.5])
    axes.set_xticks([0, 128, 255])
