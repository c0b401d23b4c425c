"""A heat map of the pixels that lead to a prediction, and the checks of that map."""

import textwrap

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toile.inspection import RemovalCurves
from toile.report.grid import canvas
from toile.report.inside.shades import draw_scale, shading
from toile.report.theme import (
    INK,
    MUTED,
    NARROW_INCHES,
    PERCENT,
    TITLE,
    TRAINING,
    VALIDATION,
    fitted,
    new_figure,
    plain,
    style_axes,
)

PANEL_INCHES = {False: 1.7, True: 1.6}
"""The width of a picture, which its title keeps to; True for a small screen."""


def evidence_figure(
    picture: UInt8[np.ndarray, "c h w"],
    heat: Float[np.ndarray, "h w"],
    title: str,
    curves: RemovalCurves | None = None,
    says: str = "",
    narrow: bool = False,
) -> Figure:
    """The picture, its heat map, the map over the picture, and the deletion and insertion curves.

    `title` says what the map explains, which need not be what the picture shows. `curves` are drawn
    with the range of random maps; `says`, the results of the checks, is written below. `narrow` for
    a small screen.
    """
    letters = 62 if narrow else 150
    lines = [line for part in says.split("\n") for line in textwrap.wrap(part, letters)]
    foot = 0.16 * len(lines) + 0.2
    checked = curves is not None
    if narrow:
        figure = new_figure(NARROW_INCHES, 3.8 + 2.6 * checked + foot)
        layout = figure.add_gridspec(2 + checked, 2, height_ratios=[1.9, 1.9, 2.6][: 2 + checked])
        graph = figure.add_subplot(layout[2, :]) if checked else None
    else:
        figure = new_figure(6.6 + 3.8 * checked, 3.0 + foot)
        layout = figure.add_gridspec(1, 3 + checked, width_ratios=[1, 1, 1, 1.7][: 3 + checked])
        graph = figure.add_subplot(layout[0, 3]) if checked else None
    panels = [
        figure.add_subplot(layout[at // 2, at % 2] if narrow else layout[0, at]) for at in range(3)
    ]
    foot_fraction = foot / figure.get_figheight()
    # The sentences are placed in figure coordinates, below the area of the layout.
    figure.set_layout_engine(
        "constrained", w_pad=0.1, h_pad=0.1, rect=(0, foot_fraction, 1, 1 - foot_fraction)
    )
    shades = shading(heat)
    heading = fitted(f"Map of {title}", PANEL_INCHES[narrow], TITLE, "bold")
    _draw_pictures(panels, picture, heat, heading)
    scale = panels[1].inset_axes((0, -0.16, 1, 0.05))
    draw_scale(scale, shades, "")
    if curves is not None and graph is not None:
        _draw_curves(graph, curves)
    for at, line in enumerate(lines):
        figure.text(
            0.1 / figure.get_figwidth(), (foot - 0.14 - 0.16 * at) / figure.get_figheight(),
            plain(line, 200), size=7.5, color=MUTED, va="center",
        )  # fmt: skip
    return figure


def _draw_pictures(
    panels: list[Axes],
    picture: UInt8[np.ndarray, "c h w"],
    heat: Float[np.ndarray, "h w"],
    heading: str,
) -> None:
    shades = shading(heat)
    for axes, title in zip(panels, ("Picture", heading, "Map over the picture"), strict=True):
        style_axes(axes, title)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set_xticks([])
        axes.set_yticks([])
    grey = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "nearest"}
    panels[0].imshow(canvas(picture), **grey)  # type: ignore[arg-type]
    panels[1].imshow(shades.to_rgba(heat), interpolation="nearest")
    # Half the contrast, so that colours are visible on black and on white.
    panels[2].imshow(canvas(picture) // 2 + 96, **grey)  # type: ignore[arg-type]
    panels[2].imshow(shades.to_rgba(heat), interpolation="nearest", alpha=None)


def _draw_curves(axes: Axes, curves: RemovalCurves) -> None:
    style_axes(axes, "Checked by its pixels")
    axes.title.set_fontsize(8.5)
    for name, curve, random, colour in (
        ("deletion", curves.deletion, curves.random_deletion, VALIDATION),
        ("insertion", curves.insertion, curves.random_insertion, TRAINING),
    ):
        axes.plot(curves.fractions, curve, color=colour, linewidth=1.8, label=f"{name} by the map")
        low, high = random.min(0), random.max(0)
        axes.fill_between(curves.fractions, low, high, color=colour, alpha=0.14, linewidth=0)
    axes.plot([], [], color=MUTED, linewidth=5, alpha=0.3, label="range of random maps")
    axes.set_xlabel("fraction of the pixels")
    axes.set_ylabel("probability of the class")
    axes.xaxis.set_major_formatter(PERCENT)
    axes.yaxis.set_major_formatter(PERCENT)
    axes.set_ylim(-0.03, 1.03)
    axes.legend(frameon=False, fontsize=7, labelcolor=INK, handlelength=1.4)
