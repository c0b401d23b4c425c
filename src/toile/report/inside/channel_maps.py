"""All channels of a layer as maps, with the picture they come from."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toile.report.grid import canvas
from toile.report.inside.shades import draw_scale, shading
from toile.report.theme import BAD, INK, LINE, MUTED, NARROW_INCHES, new_figure, plain

WIDTH = 9.0
LARGEST = 0.95
SMALLEST = 0.16
"""Width of a map in inches, at most and at least; below .4 it has no number over it."""
HEAD = 1.15


def channel_maps_figure(
    maps: Float[np.ndarray, "channels h w"],
    title: str,
    *,
    picture: UInt8[np.ndarray, "c h2 w2"] | None = None,
    silent: Bool[np.ndarray, " channels"] | None = None,
    dead: Bool[np.ndarray, " channels"] | None = None,
    per_channel_scale: bool = False,
    spanning: Float[np.ndarray, "..."] | None = None,
    names: Sequence[str] | None = None,
    narrow: bool = False,
) -> Figure:
    """All maps row by row, each under its number, on one colour scale.

    With `per_channel_scale` each map has its own scale. The common scale is that of `spanning`, if
    it is set. `silent` channels are marked by a dashed frame, `dead` ones by a red cross. The
    picture is drawn to the left of the scale. `narrow` for a small screen.
    """
    count, height, width = maps.shape
    page_width = NARROW_INCHES if narrow else WIDTH
    columns, side = _grid(count, height / width, page_width - 0.3)
    labelled = side >= 0.4
    pitch_x, pitch_y = side * 1.1, side * height / width + (0.17 if labelled else 0.1 * side)
    rows = -(-count // columns)
    total = HEAD + rows * pitch_y + 0.2
    figure = new_figure(page_width, total)
    figure.set_layout_engine("none")
    shown = _scaled(maps) if per_channel_scale else maps
    shades = shading(shown if spanning is None else spanning)
    page = figure.add_axes((0, 0, 1, 1), xlim=(0, page_width), ylim=(total, 0))
    page.set_axis_off()
    _draw_head(page, title, picture)
    says = "each channel by its own greatest" if per_channel_scale else "one scale for all channels"
    left = 0.15 + (0.95 if picture is not None else 0)
    scale = figure.add_axes(
        (
            left / page_width,
            1 - 0.78 / total,
            min(2.4, page_width - left - 0.3) / page_width,
            0.09 / total,
        )
    )
    draw_scale(scale, shades, says)
    quiet = np.zeros(count, bool) if silent is None else silent
    gone = np.zeros(count, bool) if dead is None else dead
    for at, channel_map in enumerate(shown):
        x, y = 0.15 + at % columns * pitch_x, HEAD + at // columns * pitch_y
        bounds = (x, x + side, y + side * height / width, y)
        _draw_map(
            page, shades.to_rgba(channel_map), bounds, bool(quiet[at] or gone[at]), bool(gone[at])
        )
        if labelled:
            name = str(at) if names is None else names[at]
            label = f"{name} dead" if gone[at] else f"{name} silent" if quiet[at] else name
            colour = BAD if gone[at] else MUTED
            page.text(x, y - 0.03, plain(label, 20), color=colour, size=min(6.5, 8 * side))
    return figure


def _grid(count: int, shape: float, width: float) -> tuple[int, float]:
    """The number of columns, and the side of a map in inches: the page is about square."""
    columns = max(math.ceil(math.sqrt(count * max(shape, 0.2) * 1.3)), 1)
    columns = max(columns, int(width / (LARGEST * 1.1)))
    columns = min(columns, int(width / (SMALLEST * 1.1)))
    return columns, min(width / columns / 1.1, LARGEST)


def _scaled(maps: Float[np.ndarray, "channels h w"]) -> Float[np.ndarray, "channels h w"]:
    """Each map divided by its largest absolute value; a map of zeros stays so."""
    most = np.abs(maps).max(axis=(1, 2), keepdims=True)
    return np.divide(maps, most, out=np.zeros_like(maps), where=most > 0)


def _draw_head(page: Axes, title: str, picture: UInt8[np.ndarray, "c h w"] | None) -> None:
    page.text(0.15, 0.2, plain(title, 110), color=INK, size=9.5, weight="bold", va="center")
    if picture is not None:
        _, height, width = picture.shape
        high = 0.62 * min(1.0, height / width)
        bounds = (0.15, 0.15 + high * width / height, 0.4 + high, 0.4)
        page.imshow(canvas(picture), extent=bounds, cmap="gray", vmin=0, vmax=255, aspect="auto")


def _draw_map(
    page: Axes,
    colours: Float[np.ndarray, "h w rgba"],
    bounds: tuple[float, float, float, float],
    silent: bool,
    dead: bool,
) -> None:
    left, right, bottom, top = bounds
    page.imshow(colours, extent=bounds, aspect="auto", interpolation="nearest")
    page.plot(
        [left, right, right, left, left], [top, top, bottom, bottom, top],
        color=BAD if dead else LINE, linewidth=0.6,
        linestyle=(0, (2, 2)) if silent and not dead else "solid",
    )  # fmt: skip
    if dead:
        page.plot([left, right], [top, bottom], color=BAD, linewidth=0.6)
        page.plot([left, right], [bottom, top], color=BAD, linewidth=0.6)
