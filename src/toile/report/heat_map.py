"""The means of a grid of two factors, one for rows and one for columns."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from toile.report.confusion import RAMP
from toile.report.theme import (
    INK,
    LINE,
    MUTED,
    NARROW_INCHES,
    ON_STRONG,
    PERCENT,
    new_figure,
    plain,
    style_axes,
)
from toile.statistics import Level, Verdict
from toile.studies import Factors

Lines = tuple[tuple[float, str, float], ...]
"""Lines of text in a cell: the distance below its middle, the text, the size in points."""
CELL = 0.95
"""Width of a cell in inches; its height is a little over half of that."""


def heat_map(
    verdict: Verdict, levels: tuple[Factors, ...], names: Mapping[str, str], narrow: bool = False
) -> Figure:
    """The mean of each cell as colour and number; below it the SD and the number of readings.

    `levels` have values of two factors. `names` has the names of the factors by address: the first
    is that of the rows, the second that of the columns. A cell without a finished reading is left
    blank. `narrow` for a small screen, with the means only and without a colour scale.
    """
    down, across = names
    rows = list(dict.fromkeys(level.values[down] for level in levels))
    columns = list(dict.fromkeys(level.values[across] for level in levels))
    known = {level.name: level for level in verdict.levels}
    placed = {
        (rows.index(level.values[down]), columns.index(level.values[across])): known[level.name]
        for level in levels
        if level.name in known
    }
    cells = np.full((len(rows), len(columns)), np.nan)
    for cell, level in placed.items():
        cells[cell] = level.mean / verdict.unit
    width = NARROW_INCHES if narrow else max(CELL * len(columns) + 2.0, 4.2)
    figure = new_figure(width, 0.55 * len(rows) + 1.6)
    axes = figure.subplots()
    scale = Normalize(np.nanmin(cells), np.nanmax(cells))
    _draw(axes, cells, scale)
    if not narrow:
        _draw_scale(figure, axes)
    for cell, level in placed.items():
        strong = bool(scale(cells[cell]) > 0.6)
        lines = _narrow_lines(level, verdict) if narrow else _lines(level, verdict)
        _write(axes, cell, lines, ON_STRONG if strong else INK)
    axes.set_yticks(range(len(rows)), [plain(name, 14) for name in rows])
    axes.set_xticks(range(len(columns)), [plain(name, 14) for name in columns])
    axes.set_ylabel(plain(names[down], 30))
    axes.set_xlabel(plain(names[across], 30))
    return figure


def _draw(axes: Axes, cells: np.ndarray, scale: Normalize) -> None:
    style_axes(axes, "Mean accuracy")
    axes.imshow(cells, cmap=RAMP, norm=scale, interpolation="none", aspect="auto")
    rows, columns = cells.shape
    axes.hlines(np.arange(rows + 1) - 0.5, -0.5, columns - 0.5, color=LINE, linewidth=0.7)
    axes.vlines(np.arange(columns + 1) - 0.5, -0.5, rows - 0.5, color=LINE, linewidth=0.7)
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)


def _draw_scale(figure: Figure, axes: Axes) -> None:
    bar = figure.colorbar(axes.images[0], ax=axes, format=PERCENT, aspect=14, shrink=0.9)
    bar.ax.tick_params(colors=MUTED, labelsize=8, length=0)
    bar.outline.set_visible(False)


def _lines(level: Level, verdict: Verdict) -> Lines:
    points = 100 / verdict.unit
    spread = f"SD {points * level.sd:.2f}, " if level.n > 1 else ""
    return (-0.12, f"{points * level.mean:.2f} %", 8.5), (0.22, f"{spread}n = {level.n}", 6.8)


def _narrow_lines(level: Level, verdict: Verdict) -> Lines:
    return ((0.0, f"{100 / verdict.unit * level.mean:.1f}", 8.5),)


def _write(axes: Axes, cell: tuple[int, int], lines: Lines, color: str) -> None:
    row, column = cell
    for down, text, size in lines:
        axes.text(column, row + down, text, ha="center", va="center", size=size, color=color)
