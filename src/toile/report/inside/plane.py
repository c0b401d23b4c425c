"""Pictures as points of a plane, coloured by class, with mistakes marked."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

from toile.report.theme import (
    BAD,
    CARD,
    DISTINCT,
    INK,
    MARKERS,
    MUTED,
    NARROW_INCHES,
    new_figure,
    plain,
    style_axes,
    text_inches,
)

COLOURS = (*DISTINCT[:4], DISTINCT[5])
"""Without black and light blue, which a dark card hides or mixes up with the first colour."""
MOST_NAMED = 12
LETTERS = 6.5
"""Points of the letters of an index."""
SIDES = ((1, 1), (-1, 1), (1, -1), (-1, -1))
"""Where an index may stand beside its point: right or left, above or below."""


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
    them, where no other index is written and fewest points are. `narrow` for a small screen, with
    the names of the classes below.
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
    _name_farthest(figure, points, labels, wrong, indices)
    return figure


def _name_farthest(
    figure: Figure,
    points: Float[np.ndarray, "n 2"],
    labels: Int[np.ndarray, " n"],
    wrong: Int[np.ndarray, " m"],
    indices: Int[np.ndarray, " n"],
) -> None:
    """Write the indices of the mistakes farthest from their class, each where it covers least."""
    if not len(wrong):
        return
    (axes,) = figure.axes
    # Only the layout knows how far apart points are in the figure.
    figure.draw_without_rendering()
    positions_px = axes.transData.transform(points)
    letter_px = LETTERS * figure.dpi / 72
    middles = {label: np.median(points[labels == label], 0) for label in np.unique(labels)}
    gaps = [float(np.linalg.norm(points[at] - middles[labels[at]])) for at in wrong]
    boxes: list[Bbox] = []
    for at in wrong[np.argsort(gaps)[::-1]]:
        size_px = np.array([text_inches(str(indices[at]), LETTERS) * figure.dpi, letter_px])
        corners = [_box_at(positions_px[at], size_px, side, letter_px) for side in SIDES]
        free = [box for box in corners if not any(box.overlaps(named) for named in boxes)]
        free = [
            box for box in free if axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max)
        ]
        if not free:
            continue
        box = min(free, key=lambda box: box.count_contains(positions_px))
        boxes.append(box)
        # In points from its own, which are the same in a file of any resolution.
        offset = (box.min - positions_px[at]) * 72 / figure.dpi
        axes.annotate(
            str(indices[at]), points[at], xytext=tuple(offset), textcoords="offset points",
            size=LETTERS, color=INK, path_effects=[withStroke(linewidth=2, foreground=CARD)],
        )  # fmt: skip
        if len(boxes) == MOST_NAMED:
            return


def _box_at(
    point_px: Float[np.ndarray, " 2"],
    size_px: Float[np.ndarray, " 2"],
    side: tuple[int, int],
    letter_px: float,
) -> Bbox:
    """A box of `size_px` next to a point, on its `side`: 1 is right or above, -1 left or below."""
    low = point_px + np.array(side) * 0.6 * letter_px - size_px * (np.array(side) < 0)
    return Bbox.from_bounds(*low, *size_px)
