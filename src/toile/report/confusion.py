"""The confusion matrix as a figure."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm, to_rgba
from matplotlib.figure import Figure

from toile.report.class_axes import name_classes
from toile.report.theme import (
    INK,
    LINE,
    NARROW_INCHES,
    ON_STRONG,
    TRAINING,
    new_figure,
    style_axes,
)

MOST_NUMBERED = 20
MOST_NARROW = 12
"""Most classes drawn for a small screen; with more the page scrolls the large figure."""
SCALE = (1.0, 0.5, 0.25, 0.1, 0.05, 0.01, 0.0)

# From transparent to the accent colour, so that the same file works on a white and a dark card.
# The square root spreads the few percent of mistakes over half of the ramp.
RAMP = LinearSegmentedColormap.from_list("accent", [to_rgba(TRAINING, 0), to_rgba(TRAINING, 1)])
SPREAD = PowerNorm(0.5, vmin=0, vmax=1)


def confusion_figure(
    matrix: Int[np.ndarray, "k k"], class_names: Sequence[str], narrow: bool = False
) -> Figure:
    """Each true class (row) by predicted class (column): fractions as colour, counts as numbers.

    The colour follows the square root of the fraction. Counts of 0 are left blank, and with more
    than 20 classes all counts; with more than 60 the axes number the classes instead of naming
    them. `narrow` for a small screen, without the colour scale.
    """
    k = len(class_names)
    if narrow:
        cell = (NARROW_INCHES - 1.1) / k
        figure = new_figure(NARROW_INCHES, NARROW_INCHES + 0.2)
        cells = figure.subplots()
    else:
        cell = min(0.48, 8 / k)
        figure = new_figure(cell * k + 2.7, cell * k + 1.6)
        cells, scale = figure.subplots(1, 2, width_ratios=[k, min(1, 0.3 / cell)])
        _draw_scale(scale)
    # A class may have no validation images; its row is then all 0, not 0 / 0.
    _draw_cells(cells, matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1))
    name_classes(cells, class_names, cell)
    if k <= MOST_NUMBERED:
        _write_counts(cells, matrix, cell)
    cells.set_ylabel("true class")
    cells.set_xlabel("predicted class")
    return figure


def _draw_cells(axes: Axes, fractions: Float[np.ndarray, "rows columns"]) -> None:
    style_axes(axes)
    axes.imshow(fractions, cmap=RAMP, norm=SPREAD, interpolation="none")
    rows, columns = fractions.shape
    axes.hlines(np.arange(rows + 1) - 0.5, -0.5, columns - 0.5, color=LINE, linewidth=0.7)
    axes.vlines(np.arange(columns + 1) - 0.5, -0.5, rows - 0.5, color=LINE, linewidth=0.7)
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)


def _write_counts(axes: Axes, matrix: Int[np.ndarray, "k k"], cell: float) -> None:
    totals = matrix.sum(axis=1)
    # In points, so that the longest number fits into its cell.
    size = min(8.5, 100 * cell / len(f"{matrix.max():,}"))
    for i, j in np.argwhere(matrix):
        color = ON_STRONG if SPREAD(matrix[i, j] / totals[i]) > 0.6 else INK
        text = f"{matrix[i, j]:,}"
        axes.text(j, i, text, ha="center", va="center_baseline", color=color, size=size)


def _draw_scale(axes: Axes) -> None:
    _draw_cells(axes, np.array(SCALE)[:, None])
    axes.set_yticks(range(len(SCALE)), [f"{100 * fraction:g} %" for fraction in SCALE])
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.set_title("fraction of\nthe class", loc="left", size=8, color=INK, pad=6)
