"""How accuracy falls as pictures get harder: a small graph for each corruption and the attacks."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toile.evaluation import CorruptionScores, Estimate
from toile.report.theme import (
    INK,
    MUTED,
    NARROW_INCHES,
    PERCENT,
    TRAINING,
    VALIDATION,
    new_figure,
    style_axes,
)

Levels = Sequence[tuple[int | float, Estimate]]
LABELS = {
    "px": "pixels",
    "degrees": "degrees, either way",
    "of its size": "of its size",
    "times": "times as bright or as dark",
    "of its contrast": "of its contrast",
    "of 255": "SD, of 255 greys",
}


def robustness_figure(
    corruptions: Sequence[CorruptionScores],
    attacked_clean: Estimate | None = None,
    attacks: Mapping[str, Levels] | None = None,
    narrow: bool = False,
) -> Figure:
    """Accuracy against strength with its 95 % band; the line across is of the images untouched.

    `attacks` have for each method (eps of 255, accuracy) of `attacked_clean`'s images. The mildest
    stands on the left. `narrow` for a small screen.
    """
    attacks = attacks or {}
    num = len(corruptions) + bool(attacks)
    columns = 2 if narrow else 3
    rows = -(-num // columns)
    figure = new_figure(NARROW_INCHES if narrow else 9.0, (1.75 if narrow else 2.2) * rows)
    grid = list(figure.subplots(rows, columns, sharey=True, squeeze=False).flat)
    for axes, scores in zip(grid, corruptions, strict=False):
        levels = [(level.strength, level.accuracy) for level in scores.levels]
        _draw_clean(axes, scores.clean.accuracy)
        _draw(axes, levels, TRAINING)
        _finish(axes, scores.corruption.name, LABELS[scores.corruption.unit], levels, narrow)
    if attacks and attacked_clean is not None:
        axes = grid[len(corruptions)]
        _draw_clean(axes, attacked_clean)
        for colour, (method, by_eps) in zip((TRAINING, VALIDATION), attacks.items(), strict=True):
            _draw(axes, by_eps, colour)
            axes.plot([], [], color=colour, marker="o", markersize=3.5, label=method.upper())
        axes.legend(frameon=False, fontsize=7, labelcolor=INK, handlelength=1.4)
        _finish(axes, "attack", "of 255 for each pixel", by_eps, narrow)
    for axes in grid[num:]:
        axes.set_axis_off()
    grid[0].set_ylim(-0.03, 1.03)
    grid[0].yaxis.set_major_formatter(PERCENT)
    return figure


def _draw_clean(axes: Axes, clean: Estimate) -> None:
    axes.axhline(clean.value, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axes.axhspan(clean.low, clean.high, color=MUTED, alpha=0.16, linewidth=0)


def _draw(axes: Axes, levels: Levels, colour: str) -> None:
    """Strengths stand evenly: their steps are chosen, and no unit is common to them."""
    at = range(len(levels))
    scores = [score for _, score in levels]
    axes.fill_between(
        at, [score.low for score in scores], [score.high for score in scores],
        color=colour, alpha=0.2, linewidth=0,
    )  # fmt: skip
    axes.plot(at, [score.value for score in scores], color=colour, marker="o", markersize=3.5)


def _finish(axes: Axes, title: str, unit: str, levels: Levels, narrow: bool) -> None:
    style_axes(axes, title.capitalize())
    axes.title.set_fontsize(8.5)
    axes.set_xticks(range(len(levels)), [f"{strength:g}" for strength, _ in levels])
    axes.tick_params(labelsize=6.5 if narrow else 7.5)
    axes.set_xlabel(unit)
    axes.xaxis.label.set_fontsize(6.5 if narrow else 7.5)
    axes.margins(x=0.08)
