"""The difference of each pair of levels, and whether it is shown, excluded or undecided."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toile.report.theme import (
    CARD,
    GOOD,
    INK,
    LINE,
    MUTED,
    NARROW_INCHES,
    TRAINING,
    VALIDATION,
    left_out_factors,
    new_figure,
    plain,
    short_names,
    style_axes,
)
from toile.statistics import Pair, Verdict

MOST_PAIRS = 15
LONGEST_ON_A_LINE = 9
LOOKS = {
    "better": (TRAINING, ">", "the first is better"),
    "worse": (VALIDATION, "<", "the first is worse"),
    "same": (GOOD, "s", "the same within the margin"),
    "undecided": (MUTED, "o", "undecided"),
}


def pairs_figure(verdict: Verdict, narrow: bool = False) -> Figure:
    """The difference of each pair with its interval, and the margin as a band.

    Colour and marker show each pair's verdict. With more than 15 pairs only those of the level with
    the highest mean are drawn. `narrow` for a small screen.
    """
    pairs = shown_pairs(verdict)
    levels = [level.name for level in verdict.levels]
    short = dict(zip(levels, short_names(levels, 18), strict=True))
    # Two long names do not fit side by side on a small screen.
    between = "\nand " if narrow and max(map(len, levels)) > LONGEST_ON_A_LINE else " and "
    pitch = 0.24 if between == " and " else 0.36
    width = NARROW_INCHES if narrow else 5.4
    figure = new_figure(width, max(3.2, 1.5 + pitch * len(pairs)))
    axes = figure.subplots()
    style_axes(axes, "Differences" if narrow else "Differences with their intervals")
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=LINE, linewidth=0.8)
    points = 100 / verdict.unit
    margin = points * verdict.margin
    axes.axvspan(-margin, margin, color=LINE, alpha=0.6, linewidth=0)
    axes.axvline(0, color=MUTED, linewidth=0.9)
    _draw_pairs(axes, pairs, points)
    reach = _reach(pairs, points, margin)
    axes.set_xlim(-reach, reach)
    names = [f"{short[pair.a]}{between}{short[pair.b]}" for pair in pairs]
    axes.set_yticks(range(len(pairs)), names)
    axes.set_ylim(len(pairs) - 0.4, -0.6)
    axes.set_ylabel(plain(left_out_factors(levels, 18), 50))
    axes.set_xlabel(f"points; the band is the margin, {margin:g}")
    _draw_key(figure, pairs, columns=1 if narrow else 2)
    return figure


def _draw_pairs(axes: Axes, pairs: Sequence[Pair], points: float) -> None:
    """Draw each difference as a marker on its interval, one below the other."""
    for row, pair in enumerate(pairs):
        color, marker, _ = LOOKS[pair.verdict]
        ends = points * np.array([pair.low, pair.high])
        axes.plot(ends, [row, row], color=color, linewidth=1.8, solid_capstyle="butt")
        axes.plot(
            [points * pair.difference], [row], color=color, marker=marker, markersize=6,
            markerfacecolor=CARD if pair.verdict == "undecided" else color, markeredgewidth=1.5,
        )  # fmt: skip


def shown_pairs(verdict: Verdict) -> Sequence[Pair]:
    """All pairs; if there are more than 15, only those of the level with the highest mean."""
    if len(verdict.pairs) <= MOST_PAIRS:
        return verdict.pairs
    return [pair for pair in verdict.pairs if verdict.best.level in (pair.a, pair.b)]


def _reach(pairs: Sequence[Pair], points: float, margin: float) -> float:
    """Half the width shown; the very wide intervals of two or three readings are cut."""
    ends = [abs(points * bound) for pair in pairs for bound in (pair.low, pair.high)]
    gaps = [abs(points * pair.difference) for pair in pairs]
    most = 6 * max(*gaps, margin)
    return 1.06 * max(min(max(np.nan_to_num(ends)), most), *gaps, 1.2 * margin)


def _draw_key(figure: Figure, pairs: Sequence[Pair], columns: int) -> None:
    """Draw the legend of the markers that occur."""
    verdicts = {pair.verdict for pair in pairs}
    handles = [
        Line2D(
            [], [], color=color, marker=marker, markersize=6, linewidth=1.8, label=says,
            markerfacecolor=CARD if verdict == "undecided" else color, markeredgewidth=1.5,
        )
        for verdict, (color, marker, says) in LOOKS.items()
        if verdict in verdicts
    ]  # fmt: skip
    figure.legend(
        handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize=8,
        labelcolor=INK, handlelength=2,
    )  # fmt: skip
