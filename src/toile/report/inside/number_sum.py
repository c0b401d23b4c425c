"""How one output of a layer is computed: window, kernel, products, and each channel's sum."""

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toile.inspection import PixelSum
from toile.report.inside.shades import shading
from toile.report.theme import (
    INK,
    LINE,
    MUTED,
    NARROW_INCHES,
    ON_STRONG,
    TRAINING,
    VALIDATION,
    new_figure,
    plain,
    style_axes,
)

MOST_NUMBERED = 7
MOST_BARS = 12


def number_sum_figure(pixel_sum: PixelSum, narrow: bool = False) -> Figure:
    """Window, kernel and products of the channel with the largest sum, and the sums of all.

    The bars, the rest and the bias add up to the output. A dense layer has bars only. `narrow` for
    a small screen: one below the other.
    """
    names, adds = _parts(pixel_sum)
    pictured = pixel_sum.window.ndim == 3
    bars = 0.26 * len(names) + 1.3
    if not pictured:
        figure = new_figure(NARROW_INCHES if narrow else 6.4, bars)
        axes = figure.subplots()
    elif narrow:
        figure = new_figure(NARROW_INCHES, 9.2 + bars)
        *grids, axes = figure.subplots(4, 1, height_ratios=[3, 3, 3, bars])
        _draw_grids(grids, pixel_sum)
    else:
        figure = new_figure(10.4, 3.1 + bars)
        layout = figure.add_gridspec(2, 3, height_ratios=[3.0, bars])
        _draw_grids([figure.add_subplot(layout[0, at]) for at in range(3)], pixel_sum)
        axes = figure.add_subplot(layout[1, :])
    _draw_bars(axes, names, adds)
    axes.set_xlabel(_sentence(pixel_sum, "\n" if narrow else "   "))
    return figure


def _strongest(pixel_sum: PixelSum) -> int:
    return int(np.abs(pixel_sum.products.sum((1, 2))).argmax())


def _parts(pixel_sum: PixelSum) -> tuple[list[str], Float[np.ndarray, " parts"]]:
    """Names and values of the largest terms of the sum, the rest of them, and the bias."""
    sums = pixel_sum.products.reshape(len(pixel_sum.products), -1).sum(1)
    order = np.argsort(-np.abs(sums), kind="stable")
    kind = "channel" if pixel_sum.window.ndim == 3 else "input"
    shown, rest = order[:MOST_BARS], order[MOST_BARS:]
    names = [f"{kind} {pixel_sum.first_channel + int(at)}" for at in shown]
    adds = [float(sums[at]) for at in shown]
    if len(rest):
        names.append(f"{len(rest)} others")
        adds.append(float(sums[rest].sum()))
    return [*names, "bias"], np.array([*adds, pixel_sum.bias])


def _sentence(pixel_sum: PixelSum, between: str) -> str:
    products = float(pixel_sum.products.sum())
    then = "".join(f"{between}then {plain(name)}: {value:.4g}" for name, value in pixel_sum.then)
    return f"products {products:.4g} + bias {pixel_sum.bias:.4g} = {pixel_sum.total:.4g}{then}"


def _draw_grids(panels: list[Axes], pixel_sum: PixelSum) -> None:
    at = _strongest(pixel_sum)
    channel = pixel_sum.first_channel + at
    titles = (
        f"Window, channel {channel}",
        "Kernel",
        f"Products, sum {pixel_sum.products[at].sum():.4g}",
    )
    for axes, title, values in zip(
        panels,
        titles,
        (pixel_sum.window[at], pixel_sum.kernel[at], pixel_sum.products[at]),
        strict=True,
    ):
        style_axes(axes, title)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set_xticks([])
        axes.set_yticks([])
        shades = shading(values)
        axes.imshow(shades.to_rgba(values), interpolation="nearest")
        rows, columns = values.shape
        axes.hlines(np.arange(rows + 1) - 0.5, -0.5, columns - 0.5, color=LINE, linewidth=0.7)
        axes.vlines(np.arange(columns + 1) - 0.5, -0.5, rows - 0.5, color=LINE, linewidth=0.7)
        if max(rows, columns) <= MOST_NUMBERED:
            # A value outside the picture is a 0 of the padding.
            edge = ~pixel_sum.inside[at] if title == titles[0] else None
            _write_values(axes, values, shades.to_rgba(values)[..., 3] > 0.6, edge)


def _write_values(
    axes: Axes,
    values: Float[np.ndarray, "h w"],
    strong: Bool[np.ndarray, "h w"],
    edge: Bool[np.ndarray, "h w"] | None,
) -> None:
    for (row, column), value in np.ndenumerate(values):
        outside = edge is not None and edge[row, column]
        axes.text(
            column, row, "edge" if outside else f"{round(value, 2) + 0.0:.2f}", size=7.5,
            ha="center", va="center",
            color=MUTED if outside else ON_STRONG if strong[row, column] else INK,
        )  # fmt: skip


def _draw_bars(axes: Axes, names: list[str], adds: Float[np.ndarray, " parts"]) -> None:
    style_axes(axes, "What each adds")
    positions = np.arange(len(names))[::-1]
    axes.barh(
        positions,
        adds,
        color=[TRAINING if amount >= 0 else VALIDATION for amount in adds],
        height=0.6,
    )
    axes.set_yticks(positions, names)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.grid(False)
    span = max(float(np.ptp([*adds, 0.0])), 1e-12)
    for position, value in zip(positions, adds, strict=True):
        axes.text(
            max(value, 0) + 0.01 * span, position, f"{value:+.4g}", va="center", size=7.5, color=INK
        )
    axes.margins(x=0.12)
