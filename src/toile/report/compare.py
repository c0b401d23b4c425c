"""The learning curves of several runs in one figure."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from toile.report.series import Measure, training_series, validation_series
from toile.report.theme import (
    DISTINCT,
    INK,
    MARKERS,
    MUTED,
    bound_fractions,
    new_figure,
    plain,
    style_axes,
)
from toile.runs import History


def compare_figure(histories: Mapping[str, History]) -> Figure:
    """Loss and accuracy of several runs by label: validation solid, training dashed.

    A run has the same colour and marker in both; after seven runs the colours repeat with the next
    marker. A training value is the mean over an epoch, drawn at the middle of that epoch.
    """
    # About 135 letters fit in the width; a key's line and gap need ten of them.
    columns = max(1, 135 // (10 + max(map(len, histories), default=0)))
    rows = -(-(len(histories) + 2) // columns)
    figure = new_figure(10.4, 3.7 + 0.22 * rows)
    loss, accuracy = figure.subplots(1, 2, gridspec_kw={"wspace": 0.08})
    _draw(loss, histories, "loss")
    _draw(accuracy, histories, "accuracy")
    bound_fractions(accuracy)
    figure.legend(
        handles=[*_run_keys(histories), *_style_keys()], loc="outside upper left", ncols=columns,
        frameon=False, fontsize=8.5, labelcolor=INK, handlelength=2.2,
    )  # fmt: skip
    return figure


def _draw(axes: Axes, histories: Mapping[str, History], measure: Measure) -> None:
    style_axes(axes, measure.capitalize())
    for index, history in enumerate(histories.values()):
        color, marker = _style(index)
        scores, training = validation_series(history, measure), training_series(history, measure)
        axes.plot(scores.x, scores.y, color=color, marker=marker, markersize=4, linewidth=1.8)
        axes.plot(
            training.x, training.y, color=color, marker=marker, markersize=2, linewidth=1,
            linestyle=(0, (3, 2)),
        )  # fmt: skip
    axes.set_xlim(left=0)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))


def _style(index: int) -> tuple[str, str]:
    return DISTINCT[index % len(DISTINCT)], MARKERS[index // len(DISTINCT) % len(MARKERS)]


def _run_keys(histories: Mapping[str, History]) -> list[Line2D]:
    keys = []
    for index, label in enumerate(histories):
        color, marker = _style(index)
        keys.append(
            Line2D(
                [], [], color=color, marker=marker, markersize=5, linewidth=1.8,
                label=plain(label, 60),
            )
        )  # fmt: skip
    return keys


def _style_keys() -> list[Line2D]:
    return [
        Line2D([], [], color=MUTED, linewidth=1.8, label="Validation"),
        Line2D([], [], color=MUTED, linewidth=1, linestyle=(0, (3, 2)), label="Training"),
    ]
