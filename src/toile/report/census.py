"""The census of a network: the fractions of units that never, rarely or always fire."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from toile.inspection import Census, LayerCensus
from toile.report.theme import (
    BAD,
    INK,
    LINE,
    MUTED,
    NARROW_INCHES,
    PERCENT,
    TRAINING,
    VALIDATION,
    new_figure,
    plain,
    style_axes,
)

KINDS = {
    "never": BAD,
    "on under 1 in 1,000": VALIDATION,
    "on some": LINE,
    "on all images": TRAINING,
}


def census_figure(census: Census, narrow: bool = False) -> Figure:
    """A bar for each activation, the first layer on top: how often which fraction of units fires.

    The number of dead channels is written next to it. `narrow` for a small screen.
    """
    width = NARROW_INCHES if narrow else 8.0
    figure = new_figure(width, 1.5 + (0.55 if narrow else 0.42) * max(len(census.layers), 1))
    axes = figure.subplots()
    for row, layer in enumerate(census.layers):
        _draw_bar(axes, row, layer, narrow)
    style_axes(axes, "How often units fire")
    axes.grid(visible=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(census.layers) - 0.4, -0.6)
    axes.set_yticks(range(len(census.layers)))
    axes.set_yticklabels([plain(layer.name, 14 if narrow else 28) for layer in census.layers])
    axes.set_xlabel(f"fraction of units, over {census.images:,} images")
    axes.xaxis.set_major_formatter(PERCENT)
    figure.legend(
        handles=[Patch(color=colour, label=name) for name, colour in KINDS.items()],
        loc="outside lower center", ncols=2 if narrow else 4, frameon=False, fontsize=8,
        labelcolor=INK, handlelength=1, handleheight=1,
    )  # fmt: skip
    return figure


def _draw_bar(axes: Axes, row: int, layer: LayerCensus, narrow: bool) -> None:
    extremes = layer.never + layer.rarely + layer.always
    sometimes = layer.units - extremes - layer.not_numbers
    fractions = np.array([layer.never, layer.rarely, sometimes, layer.always]) / layer.units
    for fraction, start, colour in zip(
        fractions, np.cumsum(fractions) - fractions, KINDS.values(), strict=True
    ):
        axes.barh(row, fraction, left=start, height=0.5 if narrow else 0.62, color=colour)
    dead = len(layer.dead_channels)
    text = f"{dead} of {layer.channels} channels dead" if dead else "no channel dead"
    if narrow:
        axes.text(1, row - 0.3, text, color=MUTED, size=6.5, ha="right", va="bottom")
    else:
        axes.text(1.01, row, text, color=MUTED, size=8, va="center")
