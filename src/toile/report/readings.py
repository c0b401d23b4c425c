"""Every reading of every level, with the means and their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toile.report.theme import (
    BAD,
    INK,
    LINE,
    NARROW_INCHES,
    PERCENT,
    TRAINING,
    VALIDATION,
    left_out_factors,
    new_figure,
    plain,
    short_names,
    style_axes,
)
from toile.statistics import Level, Verdict, is_geometric

LONGEST_BELOW = 10
MOST_BELOW = 8
"""With longer names or more levels the levels are drawn as rows, not as columns."""
LONGEST_NAME = 24
READING: dict[str, Any] = {
    "color": TRAINING, "linestyle": "none", "marker": "o", "markersize": 4, "markeredgewidth": 0,
    "alpha": 0.7, "label": "a reading",
}  # fmt: skip
MEAN: dict[str, Any] = {
    "color": INK, "linewidth": 1.6, "marker": "D", "markersize": 5, "markevery": [1],
    "label": "mean and its 95 % interval",
}  # fmt: skip
TREND: dict[str, Any] = {
    "color": VALIDATION, "linewidth": 1.4, "linestyle": (0, (4, 3)), "zorder": 1, "label": "trend",
}  # fmt: skip
GONE: dict[str, Any] = {
    "color": BAD, "linestyle": "none", "marker": "x", "markersize": 6, "markeredgewidth": 1.6,
    "label": "diverged or failed",
}  # fmt: skip


def readings_figure(
    verdict: Verdict, gone: Mapping[str, int], factor: str, narrow: bool = False
) -> Figure:
    """A dot for each reading, and each mean with its 95 % interval.

    Numeric levels are placed by their values. `gone` has all levels in order, with the number of
    readings that diverged or failed, drawn as crosses at the edge. The trend is drawn if its
    interval excludes 0 and the readings are not bent. `factor` is the setting that the levels are
    values of. `narrow` for a small screen.
    """
    most = MOST_BELOW // 2 + 1 if narrow else MOST_BELOW
    flat = len(gone) > most or max(map(len, gone)) > LONGEST_BELOW
    figure = new_figure(NARROW_INCHES if narrow else 5.4, 1.7 + 0.3 * len(gone) if flat else 3.9)
    positions, numeric = level_positions(list(gone))
    levels = _Levels(figure.subplots(), flat, positions)
    looks = [READING, MEAN]
    for level in verdict.levels:
        levels.draw(level, verdict.unit)
    if numeric and _rises(verdict):
        levels.draw_trend(verdict)
        looks.append(TREND)
    if any(gone.values()):
        levels.draw_gone(gone)
        looks.append(GONE)
    levels.name_levels(dict.fromkeys(gone, 0) | {level.name: level.n for level in verdict.levels})
    factors = left_out_factors(list(positions), LONGEST_NAME)
    levels.name_axes(factor or factors, value_limits(verdict))
    figure.legend(
        handles=[Line2D([], [], **{**look, "markevery": None}) for look in looks],
        loc="outside lower center", ncols=1 if narrow else 2, frameon=False,
        fontsize=8, labelcolor=INK, handlelength=2,
    )  # fmt: skip
    return figure


def level_positions(names: Sequence[str]) -> tuple[dict[str, float], bool]:
    """Each level's position on the axis, and whether it is by value (geometric levels by log2).

    Names, fewer than three numbers, and numbers too near to each other are placed evenly.
    """
    even = {name: float(index) for index, name in enumerate(names)}
    try:
        values = [float(name) for name in names]
    except ValueError:
        return even, False
    if len(set(values)) < 3 or not np.isfinite(values).all():
        return even, False
    at = np.log2(values) if is_geometric(values) else np.asarray(values)
    if np.diff(np.sort(at)).min() < np.ptp(at) / 40:
        return even, False
    return dict(zip(names, at.tolist(), strict=True)), True


def value_limits(verdict: Verdict) -> tuple[float, float]:
    """The range of accuracies shown: all readings, and intervals cut where they are too wide.

    The interval of two or three readings may be ten times as wide as their range.
    """
    readings = np.concatenate([level.readings for level in verdict.levels]) / verdict.unit
    ends = np.array([(level.low, level.high) for level in verdict.levels]) / verdict.unit
    low, high = readings.min(), readings.max()
    span = max(high - low, 0.002)
    bottom = max(np.fmin.reduce([*ends[:, 0], low]), low - span)
    top = min(np.fmax.reduce([*ends[:, 1], high]), high + span)
    pad = 0.06 * max(top - bottom, span)
    return float(bottom - pad), float(top + pad)


def _rises(verdict: Verdict) -> bool:
    trend = verdict.trend
    return trend is not None and not verdict.bent and not trend.low <= 0 <= trend.high


@dataclass(frozen=True)
class _Levels:
    """Axes with levels as columns, or as rows if `flat`."""

    axes: Axes
    flat: bool
    positions: Mapping[str, float]

    @property
    def gap(self) -> float:
        """The distance between the nearest two levels."""
        apart = np.diff(np.sort(list(self.positions.values())))
        return float(apart.min()) if len(apart) else 1.0

    def draw(self, level: Level, unit: int) -> None:
        """Draw a level's readings, shifted a little so that equal ones show, and its mean."""
        values = np.asarray(level.readings) / unit
        # Steps of the golden section separate successive readings, the same way each time.
        spread = (np.arange(level.n) * 0.618 % 1 - 0.5) * min(0.6, 0.05 * level.n)
        position = self.positions[level.name]
        self._plot(position + spread * self.gap, values, **READING)
        self._plot([position] * 3, np.array([level.low, level.mean, level.high]) / unit, **MEAN)

    def draw_trend(self, verdict: Verdict) -> None:
        """Draw the straight line through all readings."""
        assert verdict.trend is not None
        x = np.concatenate(
            [np.full(level.n, self.positions[level.name]) for level in verdict.levels]
        )
        y = np.concatenate([level.readings for level in verdict.levels])
        ends = np.array([x.min(), x.max()])
        line = y.mean() + verdict.trend.slope * (ends - x.mean())
        self._plot(ends, line / verdict.unit, **TREND)

    def draw_gone(self, gone: Mapping[str, int]) -> None:
        """Draw a cross at the edge, with the number of lost readings."""
        edge = self.axes.get_yaxis_transform() if self.flat else self.axes.get_xaxis_transform()
        for name, count in gone.items():
            if count:
                at = (0.03, self.positions[name]) if self.flat else (self.positions[name], 0.03)
                self.axes.plot(*at, transform=edge, **GONE)
                self.axes.annotate(
                    str(count), at, (7, -3), xycoords=edge, textcoords="offset points", color=BAD,
                    size=8,
                )  # fmt: skip

    def name_levels(self, counts: Mapping[str, int]) -> None:
        """Set a tick at each level, with its name and number of readings."""
        between = "   " if self.flat else "\n"
        names = [
            f"{name}{between}n = {count}"
            for name, count in zip(
                short_names(list(counts), LONGEST_NAME), counts.values(), strict=True
            )
        ]
        at = list(self.positions.values())
        ends = min(at) - 0.6 * self.gap, max(at) + 0.6 * self.gap
        if self.flat:
            self.axes.set_yticks(at, names)
            # The first level is on top.
            self.axes.set_ylim(ends if at[0] > at[-1] else ends[::-1])
        else:
            self.axes.set_xticks(at, names)
            self.axes.set_xlim(ends)

    def name_axes(self, factor: str, limits: tuple[float, float]) -> None:
        """Set the title, the axis of accuracies and the name of the factor."""
        style_axes(self.axes, "Every reading")
        if self.flat:
            self.axes.set_ylabel(plain(factor, 50))
            self.axes.set_xlim(limits)
            self.axes.xaxis.set_major_formatter(PERCENT)
            self.axes.grid(axis="y", visible=False)
            self.axes.grid(axis="x", color=LINE, linewidth=0.8)
        else:
            self.axes.set_xlabel(plain(factor, 50))
            self.axes.set_ylim(limits)
            self.axes.yaxis.set_major_formatter(PERCENT)

    def _plot(self, positions: Any, values: Any, **look: Any) -> None:
        self.axes.plot(*((values, positions) if self.flat else (positions, values)), **look)
