"""What drives a channel: the pictures that activate it most, and a picture optimised for it."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from toile.report.grid import canvas
from toile.report.theme import (
    INK,
    MUTED,
    NARROW_INCHES,
    TRAINING,
    VALIDATION,
    fitted,
    new_figure,
    plain,
    style_axes,
    text_inches,
)

SIDE = 0.92
PITCH = 1.0
CROP = 0.34
"""Largest side of an enlarged patch in inches."""
TITLE = 6.2
"""Points of what is written below a picture."""


def strongest_figure(
    rows: Sequence[str],
    pixels: UInt8[np.ndarray, "rows count c h w"],
    patches: Int[np.ndarray, "rows count 4"],
    titles: Sequence[Sequence[str]],
    narrow: bool = False,
) -> Figure:
    """A row for each channel: its strongest pictures, with the patch that it sees outlined.

    The patch is drawn again below, enlarged, unless it is the whole picture. `patches` are first
    and end row, first and end column, without the end. `narrow` breaks the rows.
    """
    count = pixels.shape[1]
    height, width = pixels.shape[3:]
    columns = min(count, 3) if narrow else count
    lines = -(-count // columns)
    page_width = NARROW_INCHES if narrow else 0.3 + columns * PITCH
    pitch = (page_width - 0.3) / columns if narrow else PITCH
    side = pitch * 0.92
    cropped = bool(((patches[..., 1] - patches[..., 0]) < height).any())
    step = side * height / width + (CROP + 0.1 if cropped else 0.2)
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
            below = y + side * height / width + 0.03
            text_x = x
            if cropped:
                _draw_crop(page, pixels[row, at], patches[row, at], (x, below))
                text_x += CROP + 0.05
            words = _titled(titles[row][at], x + (side + pitch) / 2 - text_x, cropped)
            page.text(
                text_x, below + (CROP / 2 if cropped else 0.05), words, color=MUTED, size=TITLE,
                va="center",
            )  # fmt: skip
        top += lines * step + 0.06
    return figure


def _titled(title: str, inches: float, broken: bool) -> str:
    """The class name, cut to the width, and its value, which is on the next line if `broken`."""
    name, _, value = title.rpartition(" ")
    if broken:
        return f"{fitted(name, inches, TITLE)}\n{value}"
    return f"{fitted(name, inches - text_inches(f' {value}', TITLE), TITLE)} {value}"


def _draw_crop(
    page: Axes,
    picture: UInt8[np.ndarray, "c h w"],
    patch: Int[np.ndarray, " 4"],
    corner: tuple[float, float],
) -> None:
    """Draw the patch enlarged, its longer side `CROP` inches."""
    first, end, left, right = (int(bound) for bound in patch)
    inside = picture[:, first:end, left:right]
    if not inside.size:
        return
    scale = CROP / max(end - first, right - left)
    x, y = corner
    bounds = (x, x + (right - left) * scale, y + (end - first) * scale, y)
    page.imshow(
        canvas(inside), extent=bounds, cmap="gray", vmin=0, vmax=255, aspect="auto",
        interpolation="nearest",
    )  # fmt: skip


def driven_figure(
    driven: UInt8[np.ndarray, "c h w"],
    strongest: UInt8[np.ndarray, "c h w"],
    values: Float[np.ndarray, " n"],
    reached: float,
    title: str,
    narrow: bool = False,
) -> Figure:
    """The picture optimised for a channel, the strongest of the data, and a histogram of all.

    `values` are the channel's means for the pictures of the data, `reached` that of the optimised
    picture. `narrow` for a small screen.
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
        ((driven, "Optimised for it"), (strongest, "Strongest image"))
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
    graph.set_xlabel("the channel's mean; the line is the optimised picture")
    graph.set_ylabel("pictures")
    graph.margins(x=0.06)
    return figure
