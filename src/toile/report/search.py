"""A search's trials in their order, and against each searched setting."""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from toile.report.theme import (
    BAD,
    INK,
    MUTED,
    PERCENT,
    TRAINING,
    VALIDATION,
    new_figure,
    plain,
    style_axes,
)
from toile.searches import SearchResult, Trial

COLUMNS = 3
LOOKS: dict[str, dict[str, Any]] = {
    "finished": {"color": TRAINING, "marker": "o", "markersize": 4.5, "alpha": 0.8},
    "pruned": {"color": MUTED, "marker": "v", "markersize": 4, "markerfacecolor": "none"},
    "diverged": {"color": BAD, "marker": "x", "markersize": 6, "markeredgewidth": 1.6},
}
SAYS = {"finished": "a trial", "pruned": "stopped early", "diverged": "diverged"}
BEST: dict[str, Any] = {"color": VALIDATION, "linewidth": 1.5, "drawstyle": "steps-post"}
CHOSEN: dict[str, Any] = {
    "linestyle": "none", "marker": "o", "markersize": 10, "markerfacecolor": "none",
    "markeredgecolor": INK, "markeredgewidth": 1.3,
}  # fmt: skip


def search_figure(result: SearchResult, narrow: bool = False) -> Figure:
    """Trials in order with the best so far, then a panel for each setting; finalists are ringed.

    The scale is that of the finished trials: a trial that was stopped early and lies below it is
    drawn at the edge, as are trials that diverged. `narrow` for a small screen: one panel below the
    other.
    """
    addresses = list(result.spec.over)
    columns = 1 if narrow else min(COLUMNS, 1 + len(addresses))
    rows = math.ceil((1 + len(addresses)) / columns)
    figure = new_figure(3.5 * columns, (2.6 if narrow else 2.9) * rows + 0.5)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    shown = [trial for trial in result.trials if trial.status in LOOKS]
    markers = _Markers(shown, {trial.number for trial in result.chosen()}, _limits(shown))
    markers.draw(panels[0], [float(trial.number) for trial in shown])
    _draw_best(panels[0], shown)
    style_axes(panels[0], "Trials in their order")
    panels[0].xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    for axes, address in zip(panels[1:], addresses, strict=False):
        _draw_setting(axes, markers, address, result.spec.over[address])
    for axes in panels[1 + len(addresses) :]:
        axes.set_axis_off()
    panels[0].set_ylim(markers.limits)
    panels[0].yaxis.set_major_formatter(PERCENT)
    in_a_row = 5 if columns == COLUMNS else columns
    figure.legend(
        handles=_keys(shown), loc="outside lower center", ncols=in_a_row, frameon=False,
        fontsize=8, labelcolor=INK, handlelength=2,
    )  # fmt: skip
    return figure


@dataclass(frozen=True)
class _Markers:
    """A marker for each trial at its last score, the same in every panel."""

    shown: Sequence[Trial]
    chosen: Set[int]
    limits: tuple[float, float]

    def draw(self, axes: Axes, at: Sequence[float]) -> None:
        """Draw the markers at these positions along the axis."""
        bottom = self.limits[0]
        for trial, x in zip(self.shown, at, strict=True):
            y = bottom if trial.status == "diverged" else max(trial.scores[-1], bottom)
            axes.plot([x], [y], linestyle="none", clip_on=False, **LOOKS[trial.status])
            if trial.number in self.chosen:
                axes.plot([x], [y], **CHOSEN)


def _draw_setting(
    axes: Axes, markers: _Markers, address: str, values: str | Mapping[str, Any]
) -> None:
    style_axes(axes, plain(address.rsplit(".", 1)[-1]))
    axes.set_xlabel(plain(address, 48))
    picked = [trial.values[address] for trial in markers.shown]
    if isinstance(values, str):
        floats = [float(text) for text in picked]
        markers.draw(axes, floats)
        if values.endswith(":log"):
            _set_log(axes, floats)
        elif all(value.is_integer() for value in floats):
            axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
            # For a single value matplotlib would show fractions around it.
            axes.set_xlim(min(floats, default=0) - 0.5, max(floats, default=1) + 0.5)
        return
    positions = {name: position for position, name in enumerate(values)}
    # Steps of the golden section separate trials with the same choice.
    apart = [0.3 * (trial.number * 0.618 % 1 - 0.5) for trial in markers.shown]
    markers.draw(axes, [positions[name] + step for name, step in zip(picked, apart, strict=True)])
    axes.set_xticks(list(positions.values()), [plain(name, 12) for name in positions])
    axes.set_xlim(-0.6, len(positions) - 0.4)


def _set_log(axes: Axes, picked: Sequence[float]) -> None:
    """Use plain numbers at each power of ten, and at 2 and 5 between them if there are few."""
    axes.set_xscale("log")
    is_narrow = bool(picked) and max(picked) < 50 * min(picked)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if is_narrow else (1,)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())


def _draw_best(axes: Axes, shown: Sequence[Trial]) -> None:
    finished = [trial for trial in shown if trial.status == "finished"]
    if finished:
        best = np.maximum.accumulate([trial.scores[-1] for trial in finished])
        axes.plot([trial.number for trial in finished], best, **BEST)


def _limits(shown: Sequence[Trial]) -> tuple[float, float]:
    """The range of finished trials, without those far below the median."""
    scores = [trial.scores[-1] for trial in shown if trial.status == "finished"]
    if not scores:
        return 0.0, 1.0
    high, middle = max(scores), float(np.median(scores))
    low = max(min(scores), middle - 4 * (high - middle + 0.002))
    space = max(0.08 * (high - low), 0.001)
    return low - space, high + space


def _keys(shown: Sequence[Trial]) -> list[Line2D]:
    statuses = [status for status in LOOKS if any(trial.status == status for trial in shown)]
    keys = [
        Line2D([], [], linestyle="none", label=SAYS[status], **LOOKS[status]) for status in statuses
    ]
    return [
        *keys,
        Line2D([], [], **BEST, label="highest accuracy so far"),
        Line2D([], [], **{**CHOSEN, "markersize": 8}, label="among the highest, so trained again"),
    ]
