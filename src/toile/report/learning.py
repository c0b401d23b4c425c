"""The learning curves of several levels: a mean and a band for each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from toile.report.theme import (
    DISTINCT,
    INK,
    LINE,
    MARKERS,
    MUTED,
    NARROW_INCHES,
    bound_fractions,
    left_out_factors,
    new_figure,
    short_names,
    style_axes,
)
from toile.studies import Curves, LearningCurve

MOST_COLOURED = 6
"""Most levels in colour: those whose readings ended highest; the others are grey."""
MOST_MARKED = 25
"""Most epochs that are marked by dots; more would overlap."""


def learning_figure(curves: Curves, narrow: bool = False) -> Figure:
    """Mean validation accuracy of each level over epochs, and over seconds of training and scoring.

    A band spans all readings of a level up to the epoch that all of them reached; if early stopping
    ended some sooner, the others continue as thin lines. Readings that diverged are left out.
    `narrow` for a small screen: one below the other.
    """
    shown = _finished(curves)
    figure = new_figure(*((NARROW_INCHES, 6.2) if narrow else (10.4, 3.9)))
    by_epoch, by_seconds = figure.subplots(*((2, 1) if narrow else (1, 2)), sharey=True)
    coloured = _highest(shown)
    keys = []
    names = dict(zip(coloured, short_names(coloured, 24), strict=True)) if coloured else {}
    for level, of_level in shown.items():
        index = coloured.index(level) if level in coloured else None
        style = _style(index)
        if index is not None:
            keys.append(Line2D([], [], **style, label=names[level]))
        _draw(by_epoch, of_level, style, in_seconds=False)
        _draw(by_seconds, of_level, style, in_seconds=True)
    if len(shown) > len(coloured):
        keys.append(Line2D([], [], **_style(None), label=f"{len(shown) - len(coloured)} others"))
    style_axes(by_epoch, "Validation accuracy by epoch")
    style_axes(by_seconds, "The same by time")
    by_epoch.set_xlabel("epoch")
    by_seconds.set_xlabel("seconds of training and scoring")
    by_epoch.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    for axes in (by_epoch, by_seconds):
        axes.set_xlim(left=0)
    bound_fractions(by_epoch)
    # About 40 letters fit in a narrow row; a key's line and gap need six of them.
    longest = max(len(str(key.get_label())) for key in keys)
    columns = min(len(keys), max(1, (40 if narrow else 130) // (longest + 6)))
    legend = figure.legend(
        handles=keys, loc="outside lower center", ncols=columns, frameon=False, fontsize=8,
        labelcolor=INK, handlelength=2, title=left_out_factors(coloured, 24) or None,
        title_fontproperties={"size": 8},
    )  # fmt: skip
    legend.get_title().set_color(MUTED)
    return figure


def _finished(curves: Curves) -> dict[str, list[LearningCurve]]:
    finished = {
        level: [curve for curve in of_level if not curve.diverged]
        for level, of_level in curves.items()
    }
    return {level: of_level for level, of_level in finished.items() if of_level}


def _highest(shown: dict[str, list[LearningCurve]]) -> list[str]:
    """The levels drawn in colour, in their order."""
    ends = {
        level: float(np.mean([curve.accuracies[-1] for curve in curves]))
        for level, curves in shown.items()
    }
    highest = sorted(ends, key=lambda level: ends[level], reverse=True)[:MOST_COLOURED]
    return [level for level in shown if level in highest]


def _style(index: int | None) -> dict[str, Any]:
    if index is None:
        return {"color": LINE, "linewidth": 1.2, "zorder": 1}
    return {
        "color": DISTINCT[index], "marker": MARKERS[index], "markersize": 4, "linewidth": 1.6,
    }  # fmt: skip


def _draw(
    axes: Axes, curves: Sequence[LearningCurve], style: dict[str, Any], in_seconds: bool
) -> None:
    """Draw mean and band up to the epoch that all readings reached, then the longer readings."""
    together = min(len(curve.accuracies) for curve in curves)
    accuracies = np.array([curve.accuracies[:together] for curve in curves])
    x = _seconds(curves, together) if in_seconds else np.arange(1.0, together + 1)
    most = max(len(curve.accuracies) for curve in curves)
    unmarked = {name: value for name, value in style.items() if name != "marker"}
    axes.plot(x, accuracies.mean(axis=0), **(style if most <= MOST_MARKED else unmarked))
    if "marker" not in style:
        return
    low, high = accuracies.min(axis=0), accuracies.max(axis=0)
    if together == 1:
        axes.vlines(x, low, high, color=style["color"], linewidth=5, alpha=0.3)
    axes.fill_between(x, low, high, color=style["color"], alpha=0.16, linewidth=0)
    for curve in curves:
        later = slice(together - 1, None)
        positions = (
            np.arange(1, len(curve.accuracies) + 1) if not in_seconds else np.array(curve.seconds)
        )
        axes.plot(positions[later], curve.accuracies[later], **unmarked | {"linewidth": 0.7})


def _seconds(curves: Sequence[LearningCurve], epochs: int) -> Float[np.ndarray, " epochs"]:
    return np.array([curve.seconds[:epochs] for curve in curves]).mean(axis=0)
