"""Pictures side by side, in their true greys or colours."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import UInt8
from matplotlib.figure import Figure

from toile.errors import ToileError
from toile.report.theme import INK, new_figure, plain

MOST = 400


def picture_grid(
    pixels: UInt8[np.ndarray, "n c h w"], titles: Sequence[str], columns: int | None = None
) -> Figure:
    """1 to 400 grey or RGB pictures with a small title over each, row by row.

    0 is black and 255 white in every picture. Without `columns` there are about as many columns
    as rows. Raises ToileError for any other number of pictures.
    """
    n, _, height, width = pixels.shape
    if not 1 <= n <= MOST:
        raise ToileError(f"the grid got {n} pictures; it shows 1 to {MOST}")
    columns = columns or math.ceil(math.sqrt(n))
    side = 0.9 if n <= 100 else 0.6
    pitch_x, pitch_y = 1.12, height / width + 0.26
    span_x, span_y = columns * pitch_x, math.ceil(n / columns) * pitch_y
    figure = new_figure(side * span_x, side * span_y)
    figure.set_layout_engine("none")
    # One axes for all: 400 pictures then take 1.4 s (two shared cores, n = 2).
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, span_x), ylim=(span_y, 0))
    axes.set_axis_off()
    for index, (picture, title) in enumerate(zip(pixels, titles, strict=True)):
        x, y = index % columns * pitch_x + 0.06, index // columns * pitch_y + 0.2
        bounds = (x, x + 1, y + height / width, y)
        # aspect="auto": otherwise each picture would change the aspect of the common axes.
        axes.imshow(canvas(picture), extent=bounds, cmap="gray", vmin=0, vmax=255, aspect="auto")
        axes.text(x, y - 0.05, plain(title, 17), color=INK, size=7.2 * side)
    return figure


def canvas(picture: UInt8[np.ndarray, "c h w"]) -> UInt8[np.ndarray, "h w *rgb"]:
    """The picture in the shape of image libraries: (h, w) for grey, (h, w, 3) for RGB."""
    return picture[0] if len(picture) == 1 else picture.transpose(1, 2, 0)
