"""What drives a channel: the strongest pictures with the patch that did, and one made for it."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, UInt8
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from toile.report.grid import canvas
from toile.report.theme import (
    INK,
    MUTED,
    NARROW_INCHES,
    TRAINING,
    VALIDATION,
    new_figure,
    plain,
    style_axes,
)

SIDE = 0.92
PITCH = 1.0


def strongest_figure(
    rows: Sequence[str],
    pixels: UInt8[np.ndarray, "rows count c h w"],
    patches: Int[np.ndarray, "rows count 4"],
    titles: Sequence[Sequence[str]],
    narrow: bool = False,
) -> Figure:
    """A row for each channel: its strongest pictures, each with the patch that it saw outlined.

    `patches` are first and last row and column, the last not included. `narrow` breaks the rows.
    """
    count = pixels.shape[1]
    height, width = pixels.shape[3:]
    columns = min(count, 3) if narrow else count
    lines = -(-count // columns)
    page_width = NARROW_INCHES if narrow else 0.3 + columns * PITCH
    pitch = (page_width - 0.3) / columns if narrow else PITCH
    side = pitch * 0.92
    step = side * height / width + 0.2
    total = sum(0.34 + lines * step for _ in rows) + 0.15
    figure = new_figure(page_width, total)
    figure.set_layout_engine("none")
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, page_width), ylim=(total, 0))
    page.set_axis_off()
    top = 0.1
    for row, name in enumerate(rows):
        page.text(0.15, top + 0.1, plain(name, 90), color=INK, size=8.5, weight="bold", va="center")
        top += 0.28
        for at in range(count):
            x, y = 0.15 + at % columns * pitch, top + at // columns * step
            bounds = (x, x + side, y + side * height / width, y)
            page.imshow(
                canvas(pixels[row, at]), extent=bounds, cmap="gray", vmin=0, vmax=255,
                aspect="auto", interpolation="nearest",
            )  # fmt: skip
            first, end, left, right = patches[row, at] * side / width
            around = Rectangle((x + left, y + first), right - left, end - first, fill=False)
            around.set(edgecolor=VALIDATION, linewidth=1.3)
            page.add_patch(around)
            below = y + side * height / width + 0.08
            page.text(x, below, plain(titles[row][at], 22), color=MUTED, size=6.2, va="center")
        top += lines * step + 0.06
    return figure


def driven_figure(
    driven: UInt8[np.ndarray, "c h w"],
    strongest: UInt8[np.ndarray, "c h w"],
    values: Float[np.ndarray, " n"],
    reached: float,
    title: str,
    narrow: bool = False,
) -> Figure:
    """The picture made to drive a channel, the strongest of the data, and how all of them compare.

    `values` are what the data's pictures drive it to. `narrow` for a small screen.
    """
    if narrow:
        figure = new_figure(NARROW_INCHES, 4.6)
        layout = figure.add_gridspec(2, 2, height_ratios=[1, 1])
        graph = figure.add_subplot(layout[1, :])
    else:
        figure = new_figure(8.6, 2.7)
        layout = figure.add_gridspec(1, 3, width_ratios=[1, 1, 2])
        graph = figure.add_subplot(layout[0, 2])
    for at, (picture, heading) in enumerate(
        ((driven, "Made to drive it"), (strongest, "Strongest seen"))
    ):
        axes = figure.add_subplot(layout[0, at])
        style_axes(axes, heading)
        axes.title.set_fontsize(8.5)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.imshow(canvas(picture), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    style_axes(graph, plain(title, 46))
    graph.title.set_fontsize(8.5)
    graph.hist(values, bins=40, color=TRAINING, alpha=0.75)
    graph.axvline(reached, color=VALIDATION, linewidth=2)
    graph.set_xlabel("the channel's mean; the line is the picture made")
    graph.set_ylabel("pictures")
    graph.margins(x=0.06)
    return figure
