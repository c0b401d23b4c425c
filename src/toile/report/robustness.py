"""Figures of accuracy on corrupted pictures: a panel for each corruption and for the attacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    plain,
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
ATTACK = "attack"
ATTACK_UNIT = "of 255 for each pixel"
LINE_COLOURS = (TRAINING, VALIDATION)


@dataclass(frozen=True)
class AccuracyFall:
    """One panel: `lines` has, by name, the accuracy at each strength, mildest first.

    `clean` is the accuracy on the same images unchanged.
    """

    title: str
    unit: str
    clean: Estimate
    lines: Mapping[str, Levels]

    @property
    def unit_words(self) -> str:
        """The unit of strengths in words, as in `SD, of 255 greys`."""
        return LABELS.get(self.unit, self.unit)


def robustness_figure(
    corruptions: Sequence[CorruptionScores],
    attacked_clean: Estimate | None = None,
    attacks: Mapping[str, Levels] | None = None,
    narrow: bool = False,
) -> Figure:
    """Accuracy against strength with its 95 % band; the dashed line is that of unchanged images.

    `attacks` has for each method pairs (eps of 255, accuracy) on the images of `attacked_clean`.
    The mildest strength is on the left. `narrow` for a small screen.
    """
    falls = [
        AccuracyFall(
            scores.corruption.name,
            scores.corruption.unit,
            scores.clean.accuracy,
            {"": [(level.strength, level.accuracy) for level in scores.levels]},
        )
        for scores in corruptions
    ]
    if attacks and attacked_clean is not None:
        falls.append(AccuracyFall(ATTACK, ATTACK_UNIT, attacked_clean, attacks))
    return accuracy_falls_figure(falls, narrow)


def accuracy_falls_figure(falls: Sequence[AccuracyFall], narrow: bool = False) -> Figure:
    """The panels of `robustness_figure`: three in a row, or two if `narrow`."""
    columns = 2 if narrow else 3
    rows = -(-len(falls) // columns)
    figure = new_figure(NARROW_INCHES if narrow else 9.0, (1.75 if narrow else 2.2) * rows)
    grid = list(figure.subplots(rows, columns, sharey=True, squeeze=False).flat)
    for axes, fall in zip(grid, falls, strict=False):
        _draw_clean(axes, fall.clean)
        for colour, (name, levels) in zip(LINE_COLOURS, fall.lines.items(), strict=False):
            _draw(axes, levels, colour)
            if name:
                label = plain(name.upper())
                axes.plot([], [], color=colour, marker="o", markersize=3.5, label=label)
        if any(fall.lines):
            axes.legend(frameon=False, fontsize=7, labelcolor=INK, handlelength=1.4)
        levels = next(iter(fall.lines.values()))
        _finish(axes, plain(fall.title), plain(fall.unit_words, 32), levels, narrow)
    for axes in grid[len(falls) :]:
        axes.set_axis_off()
    grid[0].set_ylim(-0.03, 1.03)
    grid[0].yaxis.set_major_formatter(PERCENT)
    return figure


def _draw_clean(axes: Axes, clean: Estimate) -> None:
    axes.axhline(clean.value, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    axes.axhspan(clean.low, clean.high, color=MUTED, alpha=0.16, linewidth=0)


def _draw(axes: Axes, levels: Levels, colour: str) -> None:
    """Draw the strengths at even steps: corruptions have no common unit."""
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
