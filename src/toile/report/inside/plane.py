"""Pictures as points of a plane, coloured by class, with mistakes marked."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure

from toile.report.theme import (
    BAD,
    DISTINCT,
    INK,
    MARKERS,
    MUTED,
    NARROW_INCHES,
    new_figure,
    plain,
    style_axes,
)

COLOURS = (*DISTINCT[:4], DISTINCT[5])
"""Without black and light blue, which a dark card hides or mixes up with the first colour."""
MOST_NAMED = 12
LABEL_FRACTION = (0.06, 0.03)
"""The width and height of an index, as fractions of the points' range."""


def plane_figure(
    points: Float[np.ndarray, "n 2"],
    labels: Int[np.ndarray, " n"],
    predicted: Int[np.ndarray, " n"],
    indices: Int[np.ndarray, " n"],
    class_names: Sequence[str],
    axes_say: tuple[str, str],
    title: str,
    narrow: bool = False,
) -> Figure:
    """A point for each picture in the colour of its true class; a ring marks a wrong prediction.

    Up to twelve mistakes, those farthest from their class, have their indices written next to
    them, where no other index is written. `narrow` for a small screen, with the names of the
    classes below.
    """
    figure = new_figure(*((NARROW_INCHES, 5.6) if narrow else (9.0, 5.8)))
    axes = figure.subplots()
    style_axes(axes, plain(title, 44 if narrow else 90))
    for label, name in enumerate(class_names):
        mine = labels == label
        axes.scatter(
            points[mine, 0], points[mine, 1], s=9, linewidths=0, alpha=0.75,
            color=COLOURS[label % len(COLOURS)],
            marker=MARKERS[label // len(COLOURS) % len(MARKERS)], label=plain(name, 20),
        )  # fmt: skip
    wrong = np.flatnonzero(labels != predicted)
    axes.scatter(
        points[wrong, 0], points[wrong, 1], s=34, facecolors="none", edgecolors=BAD, linewidths=0.8,
        label=f"predicted wrong ({len(wrong)})",
    )  # fmt: skip
    for at in _farthest(points, labels, wrong):
        axes.annotate(
            str(indices[at]), points[at], xytext=(4, 3), textcoords="offset points", size=6.5,
            color=INK,
        )  # fmt: skip
    axes.set_xlabel(axes_say[0])
    axes.set_ylabel(axes_say[1])
    if not any(axes_say):
        # The axes of a neighbour embedding have no meaning.
        axes.set_xticks([])
        axes.set_yticks([])
    where = {"loc": "outside lower left", "ncols": 3} if narrow else {"loc": "outside right upper"}
    figure.legend(
        frameon=False, fontsize=7 if narrow else 8, labelcolor=MUTED, handlelength=1.0,
        markerscale=1.4, **where,
    )  # fmt: skip
    return figure


def _farthest(
    points: Float[np.ndarray, "n 2"], labels: Int[np.ndarray, " n"], wrong: Int[np.ndarray, " m"]
) -> Int[np.ndarray, " few"]:
    middles = {label: np.median(points[labels == label], 0) for label in np.unique(labels)}
    gaps = [float(np.linalg.norm(points[at] - middles[labels[at]])) for at in wrong]
    named: list[int] = []
    span = np.maximum(np.ptp(points, axis=0), np.finfo(np.float64).tiny)
    for at in wrong[np.argsort(gaps)[::-1]]:
        apart = np.abs(points[named] - points[at]) / span
        if len(named) < MOST_NAMED and (apart > LABEL_FRACTION).any(1).all():
            named.append(int(at))
    return np.array(named, np.int64)
