"""Accuracy against the fraction of pruned channels, a line for each measure of importance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from toile.report.theme import (
    DISTINCT,
    INK,
    MUTED,
    NARROW_INCHES,
    PERCENT,
    TRAINING,
    VALIDATION,
    new_figure,
    plain,
    style_axes,
)

COLOURS = (TRAINING, VALIDATION, DISTINCT[2])


@dataclass(frozen=True)
class PruningLine:
    """The measure `name`: for each fraction the accuracy and the ends of its 95 % band.

    `safe` is the largest fraction that is shown to lose less than the margin; None without one.
    """

    name: str
    accuracy: tuple[tuple[float, float, float], ...]
    safe: float | None = None


def pruning_figure(
    fractions: Sequence[float],
    lines: Sequence[PruningLine],
    title: str,
    margin: float,
    narrow: bool = False,
) -> Figure:
    """Each line with the 95 % band of its change from the uncut network; a dotted line at `safe`.

    A dashed line is drawn `margin` below the uncut network's accuracy. `safe` is the last fraction
    before the first whose band reaches below that line. `narrow` for a small screen.
    """
    figure = new_figure(NARROW_INCHES if narrow else 7.0, 3.2 if narrow else 3.9)
    axes = figure.subplots()
    for line, colour in zip(lines, COLOURS, strict=False):
        middle, low, high = np.clip(np.array(line.accuracy).T, 0, 1)
        axes.fill_between(fractions, low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(
            fractions, middle, color=colour, linewidth=1.6, marker="o", markersize=2.5,
            label=line.name,
        )  # fmt: skip
        if line.safe is not None:
            axes.axvline(line.safe, color=colour, linewidth=1.2, linestyle=(0, (1, 2)))
    uncut = lines[0].accuracy[0][0]
    axes.axhline(
        uncut - margin, color=MUTED, linewidth=1, linestyle=(0, (4, 3)),
        label=f"{100 * margin:.2g} points lost; bands: 95 % of the change",
    )  # fmt: skip
    style_axes(axes, plain(title, 34 if narrow else 70))
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("fraction of channels cut")
    axes.xaxis.set_major_formatter(PERCENT)
    axes.yaxis.set_major_formatter(PERCENT)
    figure.legend(
        loc="outside lower left", ncols=1 if narrow else 2, frameon=False, fontsize=7.5,
        labelcolor=INK, handlelength=1.6,
    )  # fmt: skip
    return figure
