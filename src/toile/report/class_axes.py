"""Axes whose rows and columns are classes."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from toile.report.theme import plain

MOST_NAMED = 60


def name_classes(axes: Axes, class_names: Sequence[str], cell: float, rows: bool = True) -> None:
    """Name the classes along cells of `cell` inches; more than 60 are numbered instead."""
    k = len(class_names)
    if k > MOST_NAMED:
        return
    names = [plain(name, 16) for name in class_names]
    size = min(8, 60 * cell)
    # Rotated about the end of the text, so that a slanted name ends at its column.
    axes.set_xticks(range(k), names, size=size, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(k), names if rows else [], size=size)
