"""The learning curves of one run: loss and accuracy over its epochs."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from toile.report.series import (
    Measure,
    best_epoch,
    is_scored,
    step_series,
    training_series,
    validation_series,
)
from toile.report.theme import (
    CARD,
    MUTED,
    NARROW_INCHES,
    TRAINING,
    VALIDATION,
    bound_fractions,
    new_figure,
    style_axes,
)
from toile.runs import History

MEASURES: tuple[Measure, ...] = ("loss", "accuracy")


def curves_figure(history: History, narrow: bool = False) -> Figure:
    """Loss and accuracy side by side: training as a thin line, validation as a line with dots.

    `narrow` for a small screen: one below the other.
    """
    figure = new_figure(*((NARROW_INCHES, 6.2) if narrow else (10.4, 3.6)))
    panels = figure.subplots(*((2, 1) if narrow else (1, 2)))
    for axes, measure in zip(panels, MEASURES, strict=True):
        _draw(axes, history, measure)
        if narrow:
            # There is no room next to the title, and below each panel would need a legend.
            axes.legend(loc="best", frameon=False, fontsize=8, labelcolor=MUTED, handlelength=1.2)
    return figure


def curve_figure(history: History, measure: Measure, narrow: bool = False) -> Figure:
    """The curve of one `measure`; `narrow` for a small screen, with the legend below."""
    figure = new_figure(*((NARROW_INCHES, 3.2) if narrow else (5.4, 3.4)))
    axes = figure.subplots()
    _draw(axes, history, measure)
    if narrow:
        axes.get_legend().remove()  # type: ignore[union-attr]
        figure.legend(
            loc="outside lower left", ncols=2, frameon=False, fontsize=8, labelcolor=MUTED,
            handlelength=1.2,
        )  # fmt: skip
    return figure


def _draw(axes: Axes, history: History, measure: Measure) -> None:
    style_axes(axes, measure.capitalize())
    steps = step_series(history, measure)
    # The mean over the last epoch if one has ended: values of a twentieth of an epoch vary too
    # much.
    current = training_series(history, measure).current if history.epochs else steps.current
    label = _legend("Training", current, measure)
    axes.plot(steps.x, steps.y, color=TRAINING, linewidth=1.1, label=label)
    if is_scored(history):
        _draw_validation(axes, history, measure)
    if history.epochs:
        axes.set_xlim(0, len(history.epochs) * 1.02)
        axes.set_xlabel("epoch")
    else:
        axes.set_xlabel("step (no epoch finished yet)")
    if measure == "accuracy":
        bound_fractions(axes)
    if not history.steps:
        # Without points matplotlib would still label the axis with numbers.
        axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.02, 1.0), ncols=3, frameon=False,
        fontsize=7.5, labelcolor=MUTED, handlelength=1, handletextpad=0.4, columnspacing=0.8,
    )  # fmt: skip


def _draw_validation(axes: Axes, history: History, measure: Measure) -> None:
    scores = validation_series(history, measure)
    label = _legend("Validation", scores.current, measure)
    # With more than about forty epochs the dots would overlap.
    dot = 4 if len(scores.x) <= 40 else 0
    axes.plot(
        scores.x, scores.y, color=VALIDATION, linewidth=1.8, marker="o", markersize=dot, label=label
    )
    best = best_epoch(history)
    if best is not None:
        axes.plot(
            [best], [scores.y[best - 1]], color=VALIDATION, linestyle="none", marker="o",
            markersize=9, markerfacecolor=CARD, markeredgewidth=1.8,
            label=f"Best accuracy: epoch {best}",
        )  # fmt: skip


def _legend(name: str, value: float | None, measure: Measure) -> str:
    if value is None:
        return name
    return f"{name} {value:.3f}" if measure == "loss" else f"{name} {100 * value:.1f} %"
