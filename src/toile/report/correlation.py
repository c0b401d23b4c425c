"""How similar the classes are, in the training part and in the test part."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toile.report.class_axes import name_classes
from toile.report.theme import INK, MUTED, ON_STRONG, new_figure, style_axes

# Red-green blind readers can tell red from blue; the ramp holds no green.
RAMP = "RdBu"
MOST_NUMBERED = 12
"""With more classes the numbers would not fit into their cells."""


def correlation_figure(
    train: Float[np.ndarray, "k k"], test: Float[np.ndarray, "k k"], class_names: Sequence[str]
) -> Figure:
    """Correlations between classes in train and in test, from -1 to 1, and test minus train.

    The scale of the difference ends at its largest entry. NaN is left blank. With up to 12 classes
    the values are written into the cells.
    """
    k = len(class_names)
    cell = 0.4 if k <= MOST_NUMBERED else min(0.3, 5 / k)
    figure = new_figure(3 * (cell * k + 0.7) + 1.2, cell * k + 1.7)
    panels = figure.subplots(1, 3)
    difference = test - train
    _draw(panels[0], "Train", train, 1.0)
    _draw(panels[1], "Test", test, 1.0)
    # If both parts are equal the scale still needs a width.
    end = float(np.nanmax(np.abs(difference), initial=1e-3))
    _draw(panels[2], "Test minus train", difference, end)
    if k <= MOST_NUMBERED:
        for axes, matrix, widest in zip(
            panels, (train, test, difference), (1.0, 1.0, end), strict=True
        ):
            _write_values(axes, matrix, widest)
    for column, axes in enumerate(panels):
        name_classes(axes, class_names, cell, rows=column == 0)
    return figure


def _write_values(axes: Axes, matrix: Float[np.ndarray, "k k"], end: float) -> None:
    for (i, j), value in np.ndenumerate(matrix):
        if np.isfinite(value):
            # Dark letters on pale cells, light ones on the dark ends of the ramp.
            color = ON_STRONG if abs(value) > 0.6 * end else INK
            axes.text(
                j, i, _number(float(value)), ha="center", va="center_baseline", color=color, size=7
            )


def _number(value: float) -> str:
    """`.87`, `-.12`, `1` or `0`."""
    text = f"{value:.2f}"
    if float(text) in (-1, 0, 1):
        return f"{float(text) + 0:.0f}"
    return text.replace("0.", ".", 1)


def _draw(axes: Axes, title: str, matrix: Float[np.ndarray, "k k"], end: float) -> None:
    style_axes(axes, title)
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    image = axes.imshow(matrix, cmap=RAMP, vmin=-end, vmax=end, interpolation="none")
    scale = axes.figure.colorbar(image, ax=axes, ticks=[-end, 0, end], shrink=0.7, aspect=18)
    scale.ax.set_yticklabels([f"{tick:+.3g}" if tick else "0" for tick in (-end, 0, end)])
    scale.ax.tick_params(colors=MUTED, labelsize=8, length=0)
    scale.outline.set_visible(False)
